//! `EdDsa` accepts exactly the signatures that `verify_strict` of ed25519-dalek accepts, where implementations of
//! Ed25519 differ: points of small and of mixed order, encodings that are not canonical, and `S` at its bounds. The
//! vectors of C2SP's [CCTV](https://github.com/C2SP/CCTV/tree/main/ed25519) and of [Chalkias et al.
//! 2020](https://eprint.iacr.org/2020/1244) have the same kinds of points.
#![cfg(feature = "eddsa")]

use curve25519_dalek::EdwardsPoint;
use curve25519_dalek::constants::EIGHT_TORSION;
use curve25519_dalek::scalar::Scalar;
use embedded_jwt::*;
use sha2::{Digest, Sha512};
use testkit::hex;

/// 2^255 - 19 and the order of the base point, little-endian.
const FIELD_PRIME: &str = "edffffffffffffffffffffffffffffffffffffffffffffffffffffffffffff7f";
const ORDER: &str = "edd3f55c1a631258d69cf7a2def9de1400000000000000000000000000000010";

/// The verdicts of this crate and of `verify_strict`.
fn verdicts(key: &[u8; 32], message: &[u8], signature: &[u8; 64]) -> (bool, bool) {
    let ours = EdDsa.verify(&Key::ed25519(key), message, Signature::new(Algorithm::EdDsa, signature).unwrap());
    let theirs = ed25519_dalek::VerifyingKey::from_bytes(key)
        .and_then(|key| key.verify_strict(message, &ed25519_dalek::Signature::from_bytes(signature)));
    (ours.is_ok(), theirs.is_ok())
}

/// `a + b` without reduction; `None` if it has more than 256 bits.
fn sum(a: [u8; 32], b: [u8; 32]) -> Option<[u8; 32]> {
    let mut carry = 0;
    let sum = core::array::from_fn(|at| {
        carry += u16::from(a[at]) + u16::from(b[at]);
        let byte = carry as u8;
        carry >>= 8;
        byte
    });
    (carry == 0).then_some(sum)
}

/// All encodings that a lax verifier takes for this point.
fn encodings(point: EdwardsPoint) -> Vec<[u8; 32]> {
    let canonical = point.compress().to_bytes();
    let mut y = canonical;
    y[31] &= 0x7f;
    let beyond = sum(y, hex(FIELD_PRIME)).filter(|y| y[31] < 0x80).map(|mut y| {
        y[31] |= canonical[31] & 0x80;
        y
    });
    let mut encodings: Vec<_> = [canonical].into_iter().chain(beyond).collect();
    // x = 0 is its own negative.
    if -point == point {
        let negative = encodings.clone().into_iter().map(|mut encoding| {
            encoding[31] ^= 0x80;
            encoding
        });
        encodings.extend(negative.collect::<Vec<_>>());
    }
    encodings
}

/// A secret number and each point whose prime-order part is a multiple of the base by it, or 0.
fn points(secret: u64) -> impl Iterator<Item = (Scalar, EdwardsPoint)> {
    [Scalar::ZERO, Scalar::from(secret)]
        .into_iter()
        .flat_map(|secret| EIGHT_TORSION.map(|torsion| (secret, EdwardsPoint::mul_base(&secret) + torsion)))
}

#[test]
fn every_kind_of_point_has_the_verdict_of_verify_strict() {
    let (mut signatures, mut accepted, mut accepted_of_mixed_order) = (0, 0, 0);
    for (secret, key_point) in points(0x5eed) {
        for key in encodings(key_point) {
            for (nonce, r_point) in points(0xdead) {
                for r in encodings(r_point) {
                    for message in 0..8_u8 {
                        let hash = Sha512::new().chain_update(r).chain_update(key).chain_update([message]).finalize();
                        let k = Scalar::from_bytes_mod_order_wide(&hash.into());
                        let s = (nonce + k * secret).to_bytes();
                        for s in [Some(s), sum(s, hex(ORDER))].into_iter().flatten() {
                            let signature = [r, s].concat().try_into().unwrap();
                            let (ours, theirs) = verdicts(&key, &[message], &signature);
                            assert_eq!(ours, theirs, "{key:x?} {message} {signature:x?}");
                            signatures += 1;
                            accepted += usize::from(ours);
                            accepted_of_mixed_order += usize::from(ours && !key_point.is_torsion_free());
                        }
                    }
                }
            }
        }
    }
    // 22 encodings of both, without torsion and with it; 8 messages; `s` and `s` plus the order.
    assert_eq!(signatures, 22 * 22 * 8 * 2);
    assert!(accepted_of_mixed_order > 20 && accepted > accepted_of_mixed_order, "{accepted} {accepted_of_mixed_order}");
}

#[test]
fn s_at_its_bounds_has_the_verdict_of_verify_strict() {
    let key = EdwardsPoint::mul_base(&Scalar::from(7_u64)).compress().to_bytes();
    let order: [u8; 32] = hex(ORDER);
    let mut below = order;
    below[0] -= 1;
    let bounds = [[0; 32], Scalar::ONE.to_bytes(), below, order, [0xff; 32]];
    let r = EdwardsPoint::mul_base(&Scalar::from(9_u64)).compress().to_bytes();
    for s in bounds {
        let (ours, theirs) = verdicts(&key, b"message", &[r, s].concat().try_into().unwrap());
        assert_eq!((ours, theirs), (false, false), "{s:x?}");
    }
}

/// Key, message, `R`, `S` and verdict of `verify_strict`, from `cases.json` of
/// [ed25519-speccheck](https://github.com/novifinancial/ed25519-speccheck).
const CASES: [(&str, &str, &str, &str, bool); 10] = [
    (
        "c7176a703d4dd84fba3c0b760d10670f2a2053fa2c39ccc64ec7fd7792ac03fa",
        "8c93255d71dcab10e8f379c26200f3c7bd5f09d9bc3068d3ef4edeb4853022b6",
        "c7176a703d4dd84fba3c0b760d10670f2a2053fa2c39ccc64ec7fd7792ac037a",
        "0000000000000000000000000000000000000000000000000000000000000000",
        false,
    ),
    (
        "c7176a703d4dd84fba3c0b760d10670f2a2053fa2c39ccc64ec7fd7792ac03fa",
        "9bd9f44f4dcc75bd531b56b2cd280b0bb38fc1cd6d1230e14861d861de092e79",
        "f7badec5b8abeaf699583992219b7b223f1df3fbbea919844e3f7c554a43dd43",
        "a5bb704786be79fc476f91d3f3f89b03984d8068dcf1bb7dfc6637b45450ac04",
        false,
    ),
    (
        "f7badec5b8abeaf699583992219b7b223f1df3fbbea919844e3f7c554a43dd43",
        "aebf3f2601a0c8c5d39cc7d8911642f740b78168218da8471772b35f9d35b9ab",
        "c7176a703d4dd84fba3c0b760d10670f2a2053fa2c39ccc64ec7fd7792ac03fa",
        "8c4bd45aecaca5b24fb97bc10ac27ac8751a7dfe1baff8b953ec9f5833ca260e",
        false,
    ),
    (
        "cdb267ce40c5cd45306fa5d2f29731459387dbf9eb933b7bd5aed9a765b88d4d",
        "9bd9f44f4dcc75bd531b56b2cd280b0bb38fc1cd6d1230e14861d861de092e79",
        "9046a64750444938de19f227bb80485e92b83fdb4b6506c160484c016cc1852f",
        "87909e14428a7a1d62e9f22f3d3ad7802db02eb2e688b6c52fcd6648a98bd009",
        true,
    ),
    (
        "cdb267ce40c5cd45306fa5d2f29731459387dbf9eb933b7bd5aed9a765b88d4d",
        "e47d62c63f830dc7a6851a0b1f33ae4bb2f507fb6cffec4011eaccd55b53f56c",
        "160a1cb0dc9c0258cd0a7d23e94d8fa878bcb1925f2c64246b2dee1796bed512",
        "5ec6bc982a269b723e0668e540911a9a6a58921d6925e434ab10aa7940551a09",
        false,
    ),
    (
        "cdb267ce40c5cd45306fa5d2f29731459387dbf9eb933b7bd5aed9a765b88d4d",
        "e47d62c63f830dc7a6851a0b1f33ae4bb2f507fb6cffec4011eaccd55b53f56c",
        "21122a84e0b5fca4052f5b1235c80a537878b38f3142356b2c2384ebad4668b7",
        "e40bc836dac0f71076f9abe3a53f9c03c1ceeeddb658d0030494ace586687405",
        false,
    ),
    (
        "442aad9f089ad9e14647b1ef9099a1ff4798d78589e66f28eca69c11f582a623",
        "85e241a07d148b41e47d62c63f830dc7a6851a0b1f33ae4bb2f507fb6cffec40",
        "e96f66be976d82e60150baecff9906684aebb1ef181f67a7189ac78ea23b6c0e",
        "547f7690a0e2ddcd04d87dbc3490dc19b3b3052f7ff0538cb68afb369ba3a514",
        false,
    ),
    (
        "442aad9f089ad9e14647b1ef9099a1ff4798d78589e66f28eca69c11f582a623",
        "85e241a07d148b41e47d62c63f830dc7a6851a0b1f33ae4bb2f507fb6cffec40",
        "8ce5b96c8f26d0ab6c47958c9e68b937104cd36e13c33566acd2fe8d38aa1942",
        "7e71f98a473474f2f13f06f97c20d58cc3f54b8bd0d272f42b695dd7e89a8c22",
        false,
    ),
    (
        "f7badec5b8abeaf699583992219b7b223f1df3fbbea919844e3f7c554a43dd43",
        "fdaebc429f4a735932a160da1301080c13280eea8bc280d1b392c6b9e6ba3a5a",
        "edffffffffffffffffffffffffffffffffffffffffffffffffffffffffffff7f",
        "454d370c8d9fc323a41450f8d513eafeb5b0697390c1e505a0d4ddc71f566607",
        false,
    ),
    (
        "f7badec5b8abeaf699583992219b7b223f1df3fbbea919844e3f7c554a43dd43",
        "84b698d39be126ff55fe45079e6c8bf64a0d7db6994560b4e96b7021eb39c1a1",
        "edffffffffffffffffffffffffffffffffffffffffffffffffffffffffffff7f",
        "084d5b99c2a9463d9c8bd5026916996984eeec87ddf1d3be329006ace1b37b09",
        false,
    ),
];

#[test]
fn cases_of_speccheck_have_the_verdict_of_verify_strict() {
    for (key, message, r, s, is_valid) in CASES {
        let [key, message, r, s] = [key, message, r, s].map(hex);
        let verdicts = verdicts(&key, &message, [r, s].as_flattened().try_into().unwrap());
        assert_eq!(verdicts, (is_valid, is_valid), "{message:x?}");
    }
}
