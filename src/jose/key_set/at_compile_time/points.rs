//! The range checks of `algorithm/p256.rs` and `algorithm/ed25519.rs`, by `const` code.

use crate::jose::algorithm::{ed25519, p256};

/// Whether a big-endian coordinate of P-256 is below p.
pub(super) const fn is_coordinate(number: &[u8; 32]) -> bool {
    is_below(number, &p256::FIELD_PRIME)
}

/// Whether an encoded point of Ed25519 has y < p and is not of small order.
pub(super) const fn is_acceptable_point(encoded: &[u8; 32]) -> bool {
    let mut y = *encoded;
    let [.., last] = &mut y;
    *last &= 0x7f; // the sign of x
    let y = reversed(&y);
    let mut small: &[[u8; 32]] = &ed25519::SMALL_ORDER_Y;
    while let [first, rest @ ..] = small {
        let small_y = reversed(first);
        if !is_below(&small_y, &y) && !is_below(&y, &small_y) {
            return false;
        }
        small = rest;
    }
    is_below(&y, &reversed(&ed25519::FIELD_PRIME))
}

/// Compares big-endian numbers.
const fn is_below(number: &[u8; 32], limit: &[u8; 32]) -> bool {
    let (mut number, mut limit): (&[u8], &[u8]) = (number, limit);
    while let ([digit, number_rest @ ..], [limit_digit, limit_rest @ ..]) = (number, limit) {
        if *digit != *limit_digit {
            return *digit < *limit_digit;
        }
        (number, limit) = (number_rest, limit_rest);
    }
    false
}

/// Makes a little-endian number big-endian.
const fn reversed(number: &[u8; 32]) -> [u8; 32] {
    let mut reversed = [0; 32];
    let (mut from, mut to): (&[u8], &mut [u8]) = (number, &mut reversed);
    while let ([byte, from_rest @ ..], [to_rest @ .., slot]) = (from, to) {
        *slot = *byte;
        (from, to) = (from_rest, to_rest);
    }
    reversed
}
