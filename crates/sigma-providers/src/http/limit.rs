//! What a service allows: so many requests in so long, as the settings write it.

use std::time::Duration;

/// So many requests in any stretch of that length.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Window {
    pub requests: usize,
    pub length: Duration,
}

/// What a service allows; no window at all is unlimited.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct Limit {
    pub windows: Vec<Window>,
}

/// A limit that cannot be read.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("\"{0}\" is not a limit; write it like 5/min, 300/min,250/day, 1/2s or unlimited")]
pub struct LimitError(pub String);

pub(super) const DAY: Duration = Duration::from_secs(86_400);

impl Limit {
    /// Parses `5/min`, `300/min,250/day`, `1/2s` or `unlimited`.
    pub fn parse(text: &str) -> Result<Limit, LimitError> {
        let error = || LimitError(text.to_owned());
        if text.trim().eq_ignore_ascii_case("unlimited") {
            return Ok(Limit::default());
        }
        let windows = text.split(',').map(|part| parse_window(part.trim()).ok_or_else(error));
        Ok(Limit { windows: windows.collect::<Result<_, _>>()? })
    }

    /// The shortest window: how long a refusal without a stated wait is likely to last.
    pub fn shortest(&self) -> Option<Duration> {
        self.windows.iter().map(|window| window.length).min()
    }

    /// Whether a whole day's requests are counted, as free plans do.
    pub fn is_daily(&self) -> bool {
        self.windows.iter().any(|window| window.length >= DAY)
    }

    /// Requests whose times are needed to tell whether there is room.
    pub(super) fn memory(&self) -> usize {
        self.windows.iter().map(|window| window.requests).max().unwrap_or(0)
    }
}

fn parse_window(text: &str) -> Option<Window> {
    let (requests, length) = text.split_once('/')?;
    let requests = requests.trim().parse().ok().filter(|&n| n > 0)?;
    let length = length.trim();
    let digits = length.bytes().take_while(u8::is_ascii_digit).count();
    let (count, unit) = length.split_at(digits);
    let count: u32 = if count.is_empty() { 1 } else { count.parse().ok().filter(|&n| n > 0)? };
    let unit = match unit.trim() {
        "ms" => Duration::from_millis(1),
        "s" | "sec" | "second" => Duration::from_secs(1),
        "m" | "min" | "minute" => Duration::from_secs(60),
        "h" | "hour" => Duration::from_secs(3600),
        "d" | "day" => DAY,
        _ => return None,
    };
    Some(Window { requests, length: unit.checked_mul(count)? })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn limits_are_read_as_they_are_written() {
        let window = |requests, seconds| Window { requests, length: Duration::from_secs(seconds) };
        for (text, windows) in [
            ("5/min", vec![window(5, 60)]),
            ("300/min, 250/day", vec![window(300, 60), window(250, 86_400)]),
            ("1/2s", vec![window(1, 2)]),
            ("50/h", vec![window(50, 3600)]),
            ("unlimited", vec![]),
        ] {
            assert_eq!(Limit::parse(text).unwrap().windows, windows, "{text}");
        }
        for text in ["", "5", "0/min", "5/", "5/fortnight", "/min", "-1/min", "5/0s", "5/min,"] {
            assert!(Limit::parse(text).is_err(), "{text}");
        }
    }
}
