//! Lets in only who names this machine itself.
//!
//! A page of anybody's, opened in a browser on this machine, can have its own name lead to 127.0.0.1
//! and then read what is served there (DNS rebinding). Its requests still name the page's host.

use axum::extract::Request;
use axum::http::header::HOST;
use axum::http::{HeaderValue, StatusCode};
use axum::middleware::Next;
use axum::response::{IntoResponse, Response};

/// The names of this machine.
const NAMES: [&str; 3] = ["localhost", "127.0.0.1", "[::1]"];

const REFUSED: &str = "This service is for this machine alone: ask for it as localhost, 127.0.0.1 \
                       or [::1].\n";

/// Answers requests for hosts of other names with 421.
pub(super) async fn only_loopback(request: Request, next: Next) -> Response {
    if names_loopback(&request) {
        return next.run(request).await;
    }
    (StatusCode::MISDIRECTED_REQUEST, REFUSED).into_response()
}

/// Whether every name that the request gives its host is one of this machine, and there is one.
fn names_loopback(request: &Request) -> bool {
    let address = request.uri().authority();
    let mut headers = request.headers().get_all(HOST).iter().peekable();
    headers.peek().is_some()
        && headers.all(|host| HeaderValue::to_str(host).is_ok_and(is_loopback))
        && address.is_none_or(|host| is_loopback(host.as_str()))
}

fn is_loopback(host: &str) -> bool {
    let name = match host.rsplit_once(':') {
        Some((name, port)) if port.bytes().all(|byte| byte.is_ascii_digit()) => name,
        _ => host,
    };
    NAMES.iter().any(|known| known.eq_ignore_ascii_case(name))
}

#[cfg(test)]
mod tests {
    use std::io::{Read, Write};
    use std::net::TcpStream;

    use axum::Router;
    use axum::routing::get;

    use super::super::Server;

    /// The status of the answer to a request of these lines.
    fn status(address: &str, lines: &[&str]) -> String {
        let mut stream = TcpStream::connect(address).unwrap();
        let request = format!("{}\r\nConnection: close\r\n\r\n", lines.join("\r\n"));
        stream.write_all(request.as_bytes()).unwrap();
        let mut answer = String::new();
        stream.read_to_string(&mut answer).unwrap();
        answer.split(' ').nth(1).unwrap_or_default().to_owned()
    }

    #[tokio::test(flavor = "multi_thread")]
    async fn a_request_that_names_another_host_is_answered_by_none_of_the_services() {
        let router = Router::new().route("/there", get(|| async { "patients" }));
        let server = Server::start(router, 0).await.unwrap();
        let address = server.base_url().replace("http://", "");
        let port = address.split(':').nth(1).unwrap();
        for host in ["localhost", "127.0.0.1", "[::1]", "LOCALHOST"] {
            for host in [host.to_owned(), format!("{host}:{port}")] {
                let line = format!("Host: {host}");
                assert_eq!(
                    status(&address, &["GET /there HTTP/1.1", &line]),
                    "200",
                    "{host}"
                );
            }
        }
        for host in [
            "evil.example",
            "evil.example:80",
            "localhost.evil.example",
            "evil@localhost",
            "127.0.0.1.evil.example",
            "192.168.0.1",
            "[::2]",
            "",
            "localhost\u{e9}",
        ] {
            for path in ["/there", "/nowhere"] {
                let first = format!("GET {path} HTTP/1.1");
                let line = format!("Host: {host}");
                assert_eq!(status(&address, &[&first, &line]), "421", "{path} {host}");
            }
        }
        let several = [
            "GET /there HTTP/1.1",
            "Host: localhost",
            "Host: evil.example",
        ];
        assert_ne!(status(&address, &several), "200");
        let absolute = ["GET http://evil.example/there HTTP/1.1", "Host: localhost"];
        assert_eq!(status(&address, &absolute), "421");
        assert_ne!(status(&address, &["GET /there HTTP/1.0"]), "200");
    }
}
