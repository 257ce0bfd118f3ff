//! What both helpers can be told.

macro_rules! lifespan_settings {
    ($helper:ident<$($parameter:ident),+>) => {
        impl<$($parameter),+> $helper<$($parameter),+> {
            /// Stops when this future is done, instead of at Ctrl-C or SIGTERM. Nobody listens to a second signal then: what ends
            /// the wait is the drain deadline.
            pub fn shutdown_signal(mut self, signal: impl std::future::Future<Output = ()> + Send + 'static) -> Self {
                self.lifespan = self.lifespan.shutdown_signal(signal);
                self
            }

            /// How long requests may take to finish, counted from the signal; 20 seconds by default.
            pub fn drain_deadline(mut self, deadline: std::time::Duration) -> Self {
                self.lifespan = self.lifespan.drain_deadline(deadline);
                self
            }

            /// How long the last delivery may take, counted from when the server has ended; 5 seconds by default.
            pub fn flush_deadline(mut self, deadline: std::time::Duration) -> Self {
                self.lifespan = self.lifespan.flush_deadline(deadline);
                self
            }
        }
    };
}

pub(super) use lifespan_settings;
