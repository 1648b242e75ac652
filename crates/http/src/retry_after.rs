//! What an HTTP client reports, as a symptom.

use std::time::{Duration, SystemTime};

use jiff::Timestamp;
use jiff::civil::DateTime;
use jiff::tz::TimeZone;
use reqwest::header::HeaderMap;

use radcast_engine::failure::Symptom;

/// Returns the symptom of a request that got no usable answer.
#[must_use]
pub fn symptom(error: &reqwest::Error) -> Symptom {
    if error.is_timeout() {
        Symptom::Timeout
    } else {
        // What the client calls a decoding error is a body that broke off.
        Symptom::NoConnection
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

/// The headers by which services ask to wait, the finest first, with what a second is in them.
const WAITS: [(&str, f64); 3] = [
    ("x-ms-retry-after-ms", 1_000.0),
    ("retry-after-ms", 1_000.0),
    ("retry-after", 1.0),
];

/// Returns how long the head of an answer asks to wait, an hour at most: seconds or milliseconds,
/// also with decimals, or the date of `Retry-After`. What is negative, past or unreadable asks for
/// nothing.
#[must_use]
pub fn retry_after(headers: &HeaderMap) -> Option<Duration> {
    retry_after_in(|name| headers.get(name)?.to_str().ok())
}

/// As [`retry_after`], of headers that are found by their name in lower case.
#[must_use]
pub fn retry_after_in<'a>(header: impl Fn(&str) -> Option<&'a str>) -> Option<Duration> {
    let waits = WAITS.into_iter();
    let mut waits = waits.filter_map(|(name, second)| number(header(name)?, second));
    let wait = waits
        .next()
        .or_else(|| until(header(DATED)?, header("date")));
    wait.map(|wait| wait.min(LONGEST_WAIT))
}

/// The header that may hold a date (RFC 9110, 10.2.3).
const DATED: &str = "retry-after";

/// Reads a number of seconds, or of what a second has so many of.
fn number(text: &str, second: f64) -> Option<Duration> {
    let text = text.trim();
    let plain = text
        .bytes()
        .all(|byte| byte.is_ascii_digit() || byte == b'.');
    let number: f64 = text.parse().ok().filter(|_| plain)?;
    Duration::try_from_secs_f64((number / second).min(LONGEST_WAIT.as_secs_f64())).ok()
}

/// Reads a date as the time from the date of the answer until then, or from now.
fn until(text: &str, answered: Option<&str>) -> Option<Duration> {
    let then = date(text)?;
    let answered = answered.and_then(date);
    let answered = answered.or_else(|| SystemTime::now().try_into().ok())?;
    Duration::try_from(then.duration_since(answered))
        .ok()
        .filter(|wait| !wait.is_zero())
}

/// Reads the date of a header, in each of its three forms (RFC 9110, 5.6.7).
fn date(text: &str) -> Option<Timestamp> {
    const FORMS: [&str; 3] = [
        "%a, %d %b %Y %H:%M:%S GMT",
        "%A, %d-%b-%y %H:%M:%S GMT",
        "%a %b %e %H:%M:%S %Y",
    ];
    let mut forms = FORMS.into_iter();
    let civil = forms.find_map(|form| DateTime::strptime(form, text.trim()).ok())?;
    Some(civil.to_zoned(TimeZone::UTC).ok()?.timestamp())
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
        assert_eq!(symptom(&error), Symptom::NoConnection, "{error:?}");
    }

    /// What an answer of this head asks for, in milliseconds.
    fn asked(head: &[(&'static str, &str)]) -> Option<u128> {
        let values = head.iter().map(|(name, value)| {
            let name = reqwest::header::HeaderName::from_static(name);
            (name, HeaderValue::from_str(value).unwrap())
        });
        retry_after(&values.collect()).map(|wait| wait.as_millis())
    }

    const DATE: (&str, &str) = ("date", "Sun, 06 Nov 1994 08:49:37 GMT");

    #[test]
    fn every_legal_form_asks_to_wait() {
        for (value, milliseconds) in [
            ("120", 120_000),
            (" 4 ", 4_000),
            ("4.0", 4_000),
            ("0.25", 250),
            ("0", 0),
            ("Sun, 06 Nov 1994 08:49:39 GMT", 2_000),
            ("Sunday, 06-Nov-94 08:49:39 GMT", 2_000),
            ("Sun Nov  6 08:49:39 1994", 2_000),
        ] {
            assert_eq!(
                asked(&[("retry-after", value), DATE]),
                Some(milliseconds),
                "{value}"
            );
        }
        for name in ["x-ms-retry-after-ms", "retry-after-ms"] {
            assert_eq!(asked(&[(name, "1500"), ("retry-after", "2")]), Some(1_500));
            assert_eq!(asked(&[(name, "1500.5")]), Some(1_500));
            assert_eq!(asked(&[(name, "soon"), ("retry-after", "2")]), Some(2_000));
        }
    }

    #[test]
    fn a_date_without_a_clock_of_the_server_counts_from_now() {
        let asked = asked(&[("retry-after", "Tue, 31 Dec 2999 23:59:59 GMT")]);
        assert_eq!(asked, Some(3_600_000));
    }

    #[test]
    fn what_is_negative_past_or_unreadable_asks_for_nothing() {
        for value in [
            "-5",
            "-0.5",
            "+5",
            "1e3",
            "inf",
            "NaN",
            "",
            "soon",
            "4,5",
            "1.2.3",
            "Sun, 06 Nov 1994 08:49:37 GMT",
            "Sun, 06 Nov 1994 08:49:30 GMT",
            "Sun, 99 Nov 1994 08:49:37 GMT",
        ] {
            assert_eq!(asked(&[("retry-after", value), DATE]), None, "{value}");
            assert_eq!(asked(&[("x-ms-retry-after-ms", value)]), None, "{value}");
        }
    }

    #[test]
    fn no_server_puts_us_off_for_longer_than_an_hour() {
        let huge = "9".repeat(400);
        for value in [
            "18446744073709551615",
            &huge,
            "Mon, 07 Nov 1994 08:49:37 GMT",
        ] {
            assert_eq!(
                asked(&[("retry-after", value), DATE]),
                Some(3_600_000),
                "{value}"
            );
        }
        assert_eq!(asked(&[("x-ms-retry-after-ms", &huge)]), Some(3_600_000));
    }
}
