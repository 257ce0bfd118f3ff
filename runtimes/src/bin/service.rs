//! A service on tokio: at SIGTERM or Ctrl-C it takes no new connection, ends what it has begun, and then closes the core.
//!
//! `cargo run -p runtimes --bin collector -- cargo run -p runtimes --bin service`, and `nc 127.0.0.1 <port>`.
#![allow(clippy::print_stdout, reason = "an example shows what it does")]

use std::error::Error;
use std::time::Duration;

use convert_core::{AsyncCore, shutdown_signal};
use tokio::io::{AsyncBufReadExt, AsyncWriteExt, BufReader};
use tokio::net::{TcpListener, TcpStream};
use tokio::task::JoinSet;
use tokio::time::timeout;

#[tokio::main]
async fn main() -> Result<(), Box<dyn Error>> {
    runtimes::log();
    let core = AsyncCore::from_env().await?;
    let listener = TcpListener::bind("127.0.0.1:0").await?;
    println!("listening on {}", listener.local_addr()?);

    let mut connections = JoinSet::new();
    let mut shutdown = std::pin::pin!(shutdown_signal());
    loop {
        tokio::select! {
            accepted = listener.accept() => {
                // One that went away again is no reason to stop.
                let Ok((stream, _)) = accepted else { continue };
                connections.spawn(serve(core.clone(), stream));
            }
            _ = &mut shutdown => break,
        }
    }
    drop(listener);

    // The events of the connections that are still open count too.
    let ended = async { while connections.join_next().await.is_some() {} };
    let _ = timeout(Duration::from_secs(10), ended).await;
    println!("closed: {}", core.close(Duration::from_secs(5)).await);
    Ok(())
}

/// One line in, one line out.
async fn serve(core: AsyncCore, stream: TcpStream) -> Result<(), std::io::Error> {
    let mut stream = BufReader::new(stream);
    let mut name = String::new();
    stream.read_line(&mut name).await?;
    let offer = match core.create_context(name.trim()) {
        Ok(visitor) => visitor.track_conversion("purchase").await.is_queued(),
        Err(_) => false,
    };
    stream.get_mut().write_all(format!("{offer}\n").as_bytes()).await
}
