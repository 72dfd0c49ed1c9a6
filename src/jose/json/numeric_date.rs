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
        let number = value.number()?.as_bytes();
        // Nearly all dates are plain integers.
        if let Some(seconds) = number.iter().try_fold(0, append).and_then(|seconds| i64::try_from(seconds).ok()) {
            return Some(Self { floor: seconds, ceil: seconds });
        }
        let (is_negative, number) = match number {
            [b'-', magnitude @ ..] => (true, magnitude),
            _ => (false, number),
        };
        let len = number.iter().position(|byte| matches!(byte, b'e' | b'E')).unwrap_or(number.len());
        let (mantissa, exponent) = number.split_at_checked(len)?;
        let whole_len = mantissa.iter().position(|byte| *byte == b'.').unwrap_or(len);
        // How many digits are still before the point, after the exponent has moved it.
        let mut before_point = saturating_exponent(exponent).saturating_add(i32::try_from(whole_len).ok()?);

        let mut seconds = 0;
        let mut is_fractional = false;
        for digit in mantissa.iter().filter(|byte| **byte != b'.') {
            if before_point > 0 {
                seconds = append(seconds, digit)?;
            } else {
                is_fractional |= *digit != b'0';
            }
            before_point = before_point.saturating_sub(1);
        }
        // Zeros that the exponent appends. At most 19 rounds: zero needs none, and any other number overflows.
        while before_point > 0 && seconds != 0 {
            seconds = append(seconds, &b'0')?;
            before_point = before_point.saturating_sub(1);
        }

        let seconds = i64::try_from(seconds).ok()?;
        let away_from_zero = seconds.checked_add(i64::from(is_fractional))?;
        Some(if is_negative {
            Self { floor: away_from_zero.checked_neg()?, ceil: seconds.checked_neg()? }
        } else {
            Self { floor: seconds, ceil: away_from_zero }
        })
    }
}

/// The number of an exponent, such as `e-3`. No token is so long that the limits make a difference.
fn saturating_exponent(exponent: &[u8]) -> i32 {
    let (sign, digits) = match exponent {
        [_, b'-', digits @ ..] => (-1, digits),
        [_, b'+', digits @ ..] | [_, digits @ ..] => (1, digits),
        [] => return 0,
    };
    let magnitude = digits.iter().try_fold(0, append).and_then(|magnitude| i32::try_from(magnitude).ok());
    magnitude.unwrap_or(i32::MAX).saturating_mul(sign)
}

/// Appends a digit. `None` if this is not a digit, or if the number is so large that the result is beyond 2^63 - 1.
fn append(number: u64, digit: &u8) -> Option<u64> {
    let digit = digit.wrapping_sub(b'0');
    let is_small = number <= i64::MAX.unsigned_abs() / 10;
    (digit < 10 && is_small).then(|| number.wrapping_mul(10).wrapping_add(u64::from(digit)))
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
