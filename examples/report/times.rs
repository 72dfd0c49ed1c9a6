//! Times in readable form.

use alloc::format;
use alloc::string::String;

use embedded_jwt::Now;
use jiff_core::Timestamp;
use jiff_core::tz::Offset;

/// A date such as `2026-01-15 12:00:00 UTC`, or the seconds if it is out of the calendar's range.
pub fn date(secs: i64) -> String {
    let Ok(moment) = Timestamp::from_second(secs) else { return format!("{secs} s after 1970") };
    let utc = moment.to_datetime(Offset::UTC);
    let (date, time) = (utc.date(), utc.time());
    let (year, month, day) = (date.year(), date.month(), date.day());
    let (hour, minute, second) = (time.hour(), time.minute(), time.second());
    format!("{year:04}-{month:02}-{day:02} {hour:02}:{minute:02}:{second:02} UTC")
}

/// The date, and its distance from now, if that is known.
pub fn moment(secs: i64, now: Now) -> String {
    match now {
        Now::Exact(now) => format!("{}, {}", date(secs), relative(secs, now.as_secs())),
        Now::AtLeast(_) => date(secs),
    }
}

/// The distance from now: `in 5 min`, `1 min 30 s ago`, `now`.
fn relative(secs: i64, now: i64) -> String {
    let distance = span(secs.abs_diff(now));
    match secs.cmp(&now) {
        core::cmp::Ordering::Less => format!("{distance} ago"),
        core::cmp::Ordering::Equal => "now".into(),
        core::cmp::Ordering::Greater => format!("in {distance}"),
    }
}

/// A duration in the largest unit that fits, and the rest in the next one, such as `1 h 30 min`.
fn span(secs: u64) -> String {
    let (large, small) = match secs {
        ..MINUTE => return format!("{secs} s"),
        MINUTE..HOUR => ((MINUTE, "min"), (1, "s")),
        HOUR..DAY => ((HOUR, "h"), (MINUTE, "min")),
        DAY.. => ((DAY, "d"), (HOUR, "h")),
    };
    let whole = format!("{} {}", secs / large.0, large.1);
    match secs % large.0 / small.0 {
        0 => whole,
        rest => format!("{whole} {rest} {}", small.1),
    }
}

const MINUTE: u64 = 60;
const HOUR: u64 = 60 * MINUTE;
const DAY: u64 = 24 * HOUR;
