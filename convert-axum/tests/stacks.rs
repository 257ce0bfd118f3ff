//! The layer in stacks other than axum: a plain hyper service, tonic, and lambda_http.
#![allow(clippy::unwrap_used, clippy::panic, clippy::indexing_slicing, reason = "tests may panic")]

mod common;

use std::convert::Infallible;
use std::io;

use common::core;
use convert_axum::{ConvertContext, ConvertLayer, ConvertRejection};
use http::{Request, Response};
use http_body_util::{BodyExt, Full};
use hyper_util::rt::TokioIo;
use hyper_util::service::TowerToHyperService;
use lambda_http::LambdaEvent;
use lambda_http::request::LambdaRequest;
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tonic::codec::{Codec, DecodeBuf, Decoder, EncodeBuf, Encoder};
use tonic::codegen::BoxFuture;
use tower::{Layer, Service, ServiceExt, service_fn};

#[tokio::test]
async fn under_a_plain_hyper_service() {
    async fn handler(request: Request<hyper::body::Incoming>) -> Result<Response<Full<&'static [u8]>>, Infallible> {
        let (mut head, _body) = request.into_parts();
        let convert = ConvertContext::from_parts(&mut head).unwrap();
        let page = convert.run_experience("pricing-page").unwrap();
        let answer =
            Response::builder().header("x-visitor", convert.visitor_id()).header("x-page", page.variation_key());
        Ok(answer.body(Full::new(&b"hello"[..])).unwrap())
    }
    let service = ConvertLayer::new(core()).layer(service_fn(handler));
    let (mut client, server) = tokio::io::duplex(64 * 1024);
    let server = tokio::spawn(
        hyper::server::conn::http1::Builder::new()
            .serve_connection(TokioIo::new(server), TowerToHyperService::new(service)),
    );
    client.write_all(b"GET /pricing HTTP/1.1\r\nHost: shop.example\r\nConnection: close\r\n\r\n").await.unwrap();
    let mut answer = String::new();
    client.read_to_string(&mut answer).await.unwrap();
    server.await.unwrap().unwrap();

    let header = |name: &str| {
        let line = answer.lines().find_map(|line| line.strip_prefix(name)).unwrap_or_else(|| panic!("{name} {answer}"));
        line.trim().to_owned()
    };
    assert!(answer.starts_with("HTTP/1.1 200"), "{answer}");
    assert!(header("set-cookie:").starts_with(&format!("convert_visitor_id={};", header("x-visitor:"))));
    assert!(["table", "cards"].contains(&header("x-page:").as_str()));
}

/// A gRPC service whose messages are texts.
#[derive(Clone)]
struct Greeter;

impl tonic::server::UnaryService<String> for Greeter {
    type Response = String;
    type Future = BoxFuture<tonic::Response<String>, tonic::Status>;

    fn call(&mut self, request: tonic::Request<String>) -> Self::Future {
        Box::pin(async move {
            let convert = ConvertContext::from_extensions(request.extensions());
            let convert = convert.map_err(|rejection| tonic::Status::internal(rejection.to_string()))?;
            let greeting = format!("{} {}", request.get_ref(), convert.visitor_id());
            Ok(tonic::Response::new(greeting))
        })
    }
}

struct Texts;

impl Codec for Texts {
    type Encode = String;
    type Decode = String;
    type Encoder = Self;
    type Decoder = Self;

    fn encoder(&mut self) -> Self {
        Self
    }

    fn decoder(&mut self) -> Self {
        Self
    }
}

impl Encoder for Texts {
    type Item = String;
    type Error = tonic::Status;

    fn encode(&mut self, text: String, target: &mut EncodeBuf<'_>) -> Result<(), tonic::Status> {
        bytes::BufMut::put_slice(target, text.as_bytes());
        Ok(())
    }
}

impl Decoder for Texts {
    type Item = String;
    type Error = tonic::Status;

    fn decode(&mut self, source: &mut DecodeBuf<'_>) -> Result<Option<String>, tonic::Status> {
        let mut text = vec![0; bytes::Buf::remaining(source)];
        bytes::Buf::copy_to_slice(source, &mut text);
        let text = String::from_utf8(text).map_err(|error| io::Error::new(io::ErrorKind::InvalidData, error))?;
        Ok(Some(text))
    }
}

async fn greet(layer: ConvertLayer) -> (http::HeaderMap, String) {
    let serve = |request| async { Ok::<_, Infallible>(tonic::server::Grpc::new(Texts).unary(Greeter, request).await) };
    let message = [&[0, 0, 0, 0, 5][..], b"hello"].concat();
    let request = Request::post("/greeter/greet").header("x-visitor", "v-7").body(Full::<bytes::Bytes>::from(message));
    let response = layer.layer(service_fn(serve)).oneshot(request.unwrap()).await.unwrap();
    let headers = response.headers().clone();
    let body = response.into_body().collect().await.unwrap().to_bytes();
    (headers, String::from_utf8_lossy(body.get(5..).unwrap_or_default()).into_owned())
}

#[tokio::test]
async fn under_tonic() {
    let layer = ConvertLayer::new(core()).prepare_early(true);
    let known = layer.clone().visitor_id(|parts| parts.headers.get("x-visitor")?.to_str().ok().map(str::to_owned));
    let (headers, text) = greet(known).await;
    assert_eq!((text.as_str(), headers.get("set-cookie")), ("hello v-7", None));

    let (headers, text) = greet(layer).await;
    let id = text.strip_prefix("hello ").unwrap();
    assert!(headers["set-cookie"].to_str().unwrap().starts_with(&format!("convert_visitor_id={id};")));

    let (headers, _) = greet(ConvertLayer::new(core())).await;
    // The status text is percent-encoded; what it says to do is plain.
    assert!(headers["grpc-message"].to_str().unwrap().contains("prepare_early(true)"));
    assert!(ConvertRejection::NotPrepared.to_string().contains("prepare_early(true)"));
}

#[tokio::test]
async fn preparing_early_sets_no_cookie_where_nobody_asks() {
    let idle = service_fn(async |_: Request<()>| Ok::<_, Infallible>(Response::new(())));
    let response = ConvertLayer::new(core()).prepare_early(true).layer(idle).oneshot(Request::new(())).await.unwrap();
    assert!(response.headers().is_empty());
}

#[tokio::test]
async fn under_lambda_http() {
    async fn handler(request: lambda_http::Request) -> Result<Response<String>, Infallible> {
        let (mut head, _body) = request.into_parts();
        let convert = ConvertContext::from_parts(&mut head).unwrap();
        let page = convert.run_experience("pricing-page").unwrap();
        Ok(Response::new(format!("{} {}", convert.visitor_id(), page.variation_key())))
    }
    let event = |cookies: &[&str]| -> LambdaRequest {
        let event = serde_json::json!({
            "version": "2.0", "routeKey": "$default", "rawPath": "/pricing", "rawQueryString": "", "cookies": cookies,
            "headers": {"host": "shop.example", "x-forwarded-proto": "https"}, "isBase64Encoded": false,
            "requestContext": {
                "accountId": "1", "apiId": "api", "domainName": "shop.example", "domainPrefix": "shop",
                "http": {"method": "GET", "path": "/pricing", "protocol": "HTTP/1.1", "sourceIp": "127.0.0.1", "userAgent": "test"},
                "requestId": "id", "routeKey": "$default", "stage": "$default", "time": "01/Jan/2025:00:00:00 +0000", "timeEpoch": 0
            }
        });
        serde_json::from_value(event).unwrap()
    };
    let mut lambda = lambda_http::Adapter::from(ConvertLayer::new(core()).layer(service_fn(handler)));
    let mut invoke = async |cookies: &[&str]| {
        let response = lambda.call(LambdaEvent::new(event(cookies), lambda_http::Context::default())).await.unwrap();
        serde_json::to_value(response).unwrap()
    };

    let first = invoke(&[]).await;
    let (id, page) = first["body"].as_str().unwrap().split_once(' ').unwrap();
    assert!(first["cookies"][0].as_str().unwrap().starts_with(&format!("convert_visitor_id={id};")), "{first}");
    let second = invoke(&["theme=dark", &format!("convert_visitor_id={id}")]).await;
    assert_eq!(second["body"], format!("{id} {page}"));
    assert!(second["cookies"].as_array().is_none_or(Vec::is_empty), "{second}");
}
