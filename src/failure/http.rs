//! What an HTTP client reports, as a symptom.

use std::time::Duration;

use reqwest::header::{HeaderMap, RETRY_AFTER};

use super::Symptom;

impl Symptom {
    /// The symptom of a request that got no usable answer.
    #[must_use]
    pub fn of(error: &reqwest::Error) -> Self {
        if error.is_timeout() {
            Self::Timeout
        } else {
            // What the client calls a decoding error is a body that broke off.
            Self::NoConnection
        }
    }
}

/// The text of a transport error without its URL, whose query may name a patient.
#[must_use]
pub fn describe(error: reqwest::Error) -> String {
    let error = error.without_url();
    let mut text = error.to_string();
    let mut source = std::error::Error::source(&error);
    while let Some(cause) = source {
        text = format!("{text}: {cause}");
        source = cause.source();
    }
    text
}

/// The longest that a server may put us off; then it is asked again.
const LONGEST_WAIT: Duration = Duration::from_secs(3_600);

/// `Retry-After` in its form of seconds, an hour at most; its form of a date is not read.
#[must_use]
pub fn retry_after(headers: &HeaderMap) -> Option<Duration> {
    parse_retry_after(headers.get(RETRY_AFTER)?.to_str().ok()?)
}

/// The value of a `Retry-After` header, read like [`retry_after`].
#[must_use]
pub fn parse_retry_after(value: &str) -> Option<Duration> {
    let seconds = value.trim().parse().ok()?;
    Some(Duration::from_secs(seconds).min(LONGEST_WAIT))
}

#[cfg(test)]
mod tests {
    use reqwest::header::HeaderValue;
    use tokio::io::{AsyncReadExt, AsyncWriteExt};
    use tokio::net::TcpListener;

    use super::*;

    #[tokio::test]
    async fn a_body_that_breaks_off_is_a_matter_of_the_connection() {
        let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
        let url = format!("http://{}", listener.local_addr().unwrap());
        let answer = async {
            let (mut stream, _) = listener.accept().await.unwrap();
            assert!(stream.read(&mut [0; 1024]).await.unwrap() > 0);
            let half = b"HTTP/1.1 200 OK\r\ncontent-length: 100\r\n\r\n[";
            stream.write_all(half).await.unwrap();
        };
        let client = reqwest::Client::builder().no_proxy().build().unwrap();
        let (response, ()) = tokio::join!(client.get(url).send(), answer);
        let error = response.unwrap().bytes().await.unwrap_err();
        assert_eq!(Symptom::of(&error), Symptom::NoConnection, "{error:?}");
    }

    #[test]
    fn no_server_puts_us_off_for_longer_than_an_hour() {
        let asked = |value| retry_after(&HeaderMap::from_iter([(RETRY_AFTER, value)]));
        assert_eq!(
            asked(HeaderValue::from_static("120")),
            Some(Duration::from_secs(120))
        );
        assert_eq!(
            asked(HeaderValue::from(u64::MAX)),
            Some(Duration::from_secs(3_600))
        );
    }
}
