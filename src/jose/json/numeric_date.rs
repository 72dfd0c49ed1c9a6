//! Dates in claims, read exactly or refused: no floating point, no clamping.

use super::Value;

/// A `NumericDate` ([RFC 7519 section 2](https://www.rfc-editor.org/rfc/rfc7519#section-2)): any JSON number,
/// fraction and exponent included, read exactly and without floating point.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct NumericDate {
    /// The date in whole seconds, rounded down.
    pub(crate) floor: i64,
    /// The date in whole seconds, rounded up.
    pub(crate) ceil: i64,
}

impl NumericDate {
    /// Reads a date. `None` if the value is not a number, or is beyond 2^63 - 1 whole seconds either way: a date is
    /// never clamped, since that would turn 1e400 into "never".
    pub(crate) fn parse(value: Value<'_>) -> Option<Self> {
        let number = value.number()?;
        // Nearly all dates are plain integers.
        if let Some(seconds) = number.parse::<u64>().ok().and_then(|seconds| i64::try_from(seconds).ok()) {
            return Some(Self { floor: seconds, ceil: seconds });
        }
        let (negative, number) = match number.strip_prefix('-') {
            Some(magnitude) => (true, magnitude),
            None => (false, number),
        };
        let (mantissa, exponent) = number.split_once(['e', 'E']).unwrap_or((number, "0"));
        let (whole, fraction) = mantissa.split_once(['.']).unwrap_or((mantissa, ""));
        // How many digits are before the point, after the exponent has moved it.
        let point = i64::try_from(whole.len()).ok()?.saturating_add(saturating_parse(exponent));

        let mut seconds = 0_i64;
        let mut is_fractional = false;
        let mut position = 0_i64;
        for digit in whole.bytes().chain(fraction.bytes()).map(|digit| digit.wrapping_sub(b'0')) {
            if position < point {
                seconds = seconds.checked_mul(10)?.checked_add(i64::from(digit))?;
            } else {
                is_fractional |= digit != 0;
            }
            position = position.saturating_add(1);
        }
        // Zeros that the exponent appends. At most 19 rounds: zero needs none, and any other number overflows.
        while position < point && seconds != 0 {
            seconds = seconds.checked_mul(10)?;
            position = position.saturating_add(1);
        }

        let away_from_zero = seconds.checked_add(i64::from(is_fractional))?;
        Some(if negative {
            Self { floor: away_from_zero.checked_neg()?, ceil: seconds.checked_neg()? }
        } else {
            Self { floor: seconds, ceil: away_from_zero }
        })
    }
}

fn saturating_parse(exponent: &str) -> i64 {
    let limit = if exponent.starts_with('-') { i64::MIN } else { i64::MAX };
    exponent.parse().unwrap_or(limit)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_spelling_of_a_date_is_read_exactly() {
        let dates = [
            ("0", 0, 0),
            ("-0", 0, 0),
            ("1700000000", 1_700_000_000, 1_700_000_000),
            ("1700000000.5", 1_700_000_000, 1_700_000_001),
            ("1700000000.0", 1_700_000_000, 1_700_000_000),
            ("1.7e9", 1_700_000_000, 1_700_000_000),
            ("1.7E+9", 1_700_000_000, 1_700_000_000),
            ("17000000005e-1", 1_700_000_000, 1_700_000_001),
            ("0.0000017e15", 1_700_000_000, 1_700_000_000),
            ("1.00000000000000000000000000000001", 1, 2),
            ("-1", -1, -1),
            ("-0.5", -1, 0),
            ("-1.5", -2, -1),
            ("0e999999999999999999999", 0, 0),
            ("0.000e5", 0, 0),
            ("1e-400", 0, 1),
            ("1e-99999999999999999999", 0, 1),
            ("9223372036854775807", i64::MAX, i64::MAX),
            ("-9223372036854775807", -i64::MAX, -i64::MAX),
            ("9223372036854775806.5", i64::MAX - 1, i64::MAX),
        ];
        for (text, floor, ceil) in dates {
            let date = NumericDate::parse(Value::new(text));
            assert_eq!(date, Some(NumericDate { floor, ceil }), "{text}");
        }
    }

    #[test]
    fn date_out_of_range_is_refused() {
        for text in
            ["1e30", "1e400", "-1e400", "9223372036854775808", "9223372036854775807.5", "1e99999999999999999999"]
        {
            assert_eq!(NumericDate::parse(Value::new(text)), None, "{text}");
        }
    }

    #[test]
    fn date_that_is_not_a_number_is_refused() {
        for text in ["null", "true", "\"1700000000\"", "[]", "{}"] {
            assert_eq!(NumericDate::parse(Value::new(text)), None, "{text}");
        }
    }
}
