//! The self-test of signature backends, which runs on the device at start-up.

#[cfg(feature = "rs256")]
mod rs256;
mod vectors;

#[cfg(feature = "rs256")]
use rs256::*;
use vectors::*;

use super::ed25519::SMALL_ORDER_Y;
use super::p256::ORDER;
#[cfg(feature = "rs256")]
use super::rsa::encoded_block;
use super::{Algorithm, BackendError, Signature, SignatureAlgorithm};
use crate::error::Error;
use crate::jose::{Key, PublicKey};

/// The result of a passed [`self_test`](crate::self_test()): how the backend treats keys and signatures out of range.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
#[cfg_attr(feature = "defmt", derive(defmt::Format))]
pub enum SelfTest {
    /// The backend refuses all of them.
    Strict,
    /// The backend accepts some of them. The crate refuses these before it calls a backend, so that tokens are safe.
    /// Other uses of the same hardware, such as verifying firmware, need checks of their own.
    ReliesOnPreChecks,
}

/// Tests a backend with signatures whose verdict is known, without the crate's own checks before it.
///
/// Call it for each backend once at start-up, before the first token. It finds a driver that was ported incorrectly,
/// and hardware that has failed or omits a check. A backend has to
///
/// - accept two signatures, by different keys and over messages of different lengths;
/// - refuse the first of them with one bit flipped, at either end of `r` (`R`), of `s` (`S`) and of the message, and
///   with the message or the key of the second;
/// - RS256: refuse signatures of blocks with eight bytes of padding, without the NULL of `DigestInfo`, with a SHA-512
///   digest and of the type for encryption, and the block itself as a signature, which the exponent 1 would accept;
/// - ES256: refuse the key (0, 0), which is not a point of the curve, with a signature that is valid if the key is
///   taken for the point at infinity ([SP 800-56A](https://doi.org/10.6028/NIST.SP.800-56Ar3) section 5.6.2.3.3).
///
/// Inputs that [`SignatureAlgorithm`] promises to keep from a backend then distinguish [`SelfTest::Strict`] from
/// [`SelfTest::ReliesOnPreChecks`]. They are made to be valid for a verifier that omits a check:
///
/// - ES256: `r` and `s` of 0 or n, one of them or both (CVE-2022-21449), `s` + n, and `r` = p - 3, which is above n
///   ([FIPS 186-5](https://doi.org/10.6028/NIST.FIPS.186-5) section 6.4.2);
/// - EdDSA: a key and an `R` of small order, with `y` < p and with `y` >= p, `S` + L and `S` + 2^255
///   ([RFC 8032 section 5.1.7](https://www.rfc-editor.org/rfc/rfc8032#section-5.1.7));
/// - RS256: a signature plus the modulus, and a modulus of 2,047 bits.
///
/// # Cost
///
/// 11 verifications for ES256, 10 for EdDSA, and up to 12 more if the backend computes before it checks ranges; 15 for
/// RS256, and up to 2 more. Feed the watchdog first. Code and test signatures take 4.5 to 6 KB of flash on a Cortex-M4,
/// for ES256 and EdDSA together.
///
/// With the feature `rs256`, the test signatures of RS256 take 4 KB of flash besides: three moduli, eight signatures and
/// four messages (3,229 bytes), and four keys of 168 bytes. They are linked whichever backend is tested, since the
/// algorithm of a `&dyn SignatureAlgorithm` is known only at run time.
///
/// # Limits
///
/// The self-test does not show
///
/// - that the arithmetic is correct for all numbers: run hundreds of vectors, such as
///   [Wycheproof](https://github.com/C2SP/wycheproof), during development;
/// - faults that occur later, from wear, heat or an attacker's glitch;
/// - side channels: all inputs of a verification are public, but the same hardware may hold private keys;
/// - whether Ed25519 is verified with the cofactor: RFC 8032 allows both.
///
/// # Errors
///
/// - [`Error::BackendBroken`]: the backend refuses a valid signature, even as [`BackendError::InvalidKey`], or accepts
///   an invalid one. Do not use it.
/// - [`Error::BackendUnavailable`]: the backend answered [`BackendError::Unavailable`] once, which is not a refusal.
///
/// # Example: firmware that starts only with working backends
///
/// ```
/// use embedded_jwt::{Error, SelfTest, SignatureAlgorithm, self_test};
///
/// fn start(backends: &[&dyn SignatureAlgorithm], log: &mut dyn core::fmt::Write) -> Result<(), Error> {
///     for backend in backends {
///         match self_test(*backend)? { // broken, or no answer: do not start
///             SelfTest::Strict => {}
///             SelfTest::ReliesOnPreChecks => {
///                 let _ = writeln!(log, "{backend:?} does not check ranges");
///             }
///         }
///     }
///     Ok(()) // serve requests
/// }
/// # use embedded_jwt::*;
/// # let mut log = String::new();
/// # assert_eq!(start(&[&Es256, &EdDsa], &mut log), Ok(()));
/// # assert_eq!(log, "");
/// # #[derive(Debug)]
/// # struct Stuck;
/// # impl SignatureAlgorithm for Stuck {
/// #     fn algorithm(&self) -> Algorithm { Algorithm::Es256 }
/// #     fn verify(&self, _: &PublicKey<'_>, _: &[u8], _: Signature<'_>) -> Result<(), BackendError> { Ok(()) }
/// # }
/// # assert_eq!(start(&[&EdDsa, &Stuck], &mut log), Err(Error::BackendBroken));
/// ```
pub fn self_test(backend: &dyn SignatureAlgorithm) -> Result<SelfTest, Error> {
    let accepts_out_of_range = match backend.algorithm() {
        Algorithm::Es256 => {
            must_tell_apart(backend, &RFC_7515_A3, &RFC_6979_A2_5)?;
            must_refuse(backend, &KEY_OF_ZEROS.key, &KEY_OF_ZEROS.message, &KEY_OF_ZEROS.signature)?;
            accepts_es256_out_of_range(backend)?
        }
        Algorithm::EdDsa => {
            must_tell_apart(backend, &RFC_8032_SHA_ABC, &RFC_8032_TEST_2)?;
            accepts_ed25519_out_of_range(backend)?
        }
        #[cfg(feature = "rs256")]
        Algorithm::Rs256 => {
            must_tell_apart(backend, &RFC_7515_A2, &RFC_7520_4_1)?;
            must_refuse_wrong_blocks(backend)?;
            accepts_rs256_out_of_range(backend)?
        }
    };
    Ok(if accepts_out_of_range { SelfTest::ReliesOnPreChecks } else { SelfTest::Strict })
}

/// Checks that the backend accepts two valid signatures, and refuses inputs that differ from the first in one part.
fn must_tell_apart<const ONE: usize, const OTHER: usize, const PARTS: usize>(
    backend: &dyn SignatureAlgorithm,
    one: &Vector<ONE, PARTS>,
    other: &Vector<OTHER, PARTS>,
) -> Result<(), Error> {
    let with = |part: usize, byte, bits| {
        let mut signature = one.signature;
        if let Some(part) = signature.get_mut(part) {
            *part = flipped(part, byte, bits);
        }
        signature
    };
    let last = PARTS.saturating_sub(1);
    // The second one is for Ed25519 the sign of R.
    let signatures = [with(0, 0, 0x01), with(0, 31, 0x80), with(last, 0, 0x01), with(last, 31, 0x01)];
    let messages = [flipped(&one.message, 0, 0x01), flipped(&one.message, ONE.saturating_sub(1), 0x01)];

    must_accept(backend, one)?;
    must_accept(backend, other)?;
    for signature in &signatures {
        must_refuse(backend, &one.key, &one.message, signature)?;
    }
    for message in &messages {
        must_refuse(backend, &one.key, message, &one.signature)?;
    }
    must_refuse(backend, &one.key, &other.message, &one.signature)?;
    must_refuse(backend, &other.key, &one.message, &one.signature)
}

/// A verifier that reduces a number instead of refusing it takes n for 0, and n + 1 for the valid `s`.
fn accepts_es256_out_of_range(backend: &dyn SignatureAlgorithm) -> Result<bool, Error> {
    let Vector { key, message, signature: [r, s] } = &SMALL_R_AND_S;
    for first in [&[0; 32], &ORDER, r] {
        for second in [&[0; 32], &ORDER, &ORDER_PLUS_1, s] {
            let is_valid = first == r && second == s;
            if !is_valid && accepts(backend, key, message, &[*first, *second])? {
                return Ok(true);
            }
        }
    }
    accepts(backend, &R_TOO_LARGE.key, &R_TOO_LARGE.message, &R_TOO_LARGE.signature)
}

/// Checks that the backend compares the whole block.
#[cfg(feature = "rs256")]
fn must_refuse_wrong_blocks(backend: &dyn SignatureAlgorithm) -> Result<(), Error> {
    let Vector { key, message, .. } = &RFC_7515_A2;
    for block in &WRONG_BLOCKS {
        must_refuse(backend, key, message, block)?;
    }
    must_refuse(backend, key, message, encoded_block(message).as_chunks().0)
}

/// Tries a signature that is not below the modulus, then a key that is too short.
#[cfg(feature = "rs256")]
fn accepts_rs256_out_of_range(backend: &dyn SignatureAlgorithm) -> Result<bool, Error> {
    for Vector { key, message, signature } in [&PLUS_MODULUS, &KEY_OF_2047_BITS] {
        if accepts(backend, key, message, signature)? {
            return Ok(true);
        }
    }
    Ok(false)
}

/// Tries keys of small order, then each such `R`, then an `S` that is not reduced.
fn accepts_ed25519_out_of_range(backend: &dyn SignatureAlgorithm) -> Result<bool, Error> {
    for y in SMALL_ORDER_Y.iter().chain(&SMALL_ORDER_Y_FROM_P) {
        if accepts(backend, &Key::ed25519(y), SMALL_ORDER_MESSAGE, &[BASE_POINT, ONE])? {
            return Ok(true);
        }
    }
    let Vector { key, message, signature: [r, s] } = &RFC_8032_TEST_2;
    for signature in SMALL_ORDER_R.iter().chain(&[[*r, S_PLUS_ORDER], [*r, flipped(s, 31, 0x80)]]) {
        if accepts(backend, key, message, signature)? {
            return Ok(true);
        }
    }
    Ok(false)
}

fn must_accept<const LEN: usize, const PARTS: usize>(
    backend: &dyn SignatureAlgorithm,
    vector: &Vector<LEN, PARTS>,
) -> Result<(), Error> {
    let accepted = accepts(backend, &vector.key, &vector.message, &vector.signature)?;
    if accepted { Ok(()) } else { Err(Error::BackendBroken) }
}

fn must_refuse(
    backend: &dyn SignatureAlgorithm,
    key: &PublicKey<'_>,
    message: &[u8],
    signature: &[[u8; 32]],
) -> Result<(), Error> {
    let accepted = accepts(backend, key, message, signature)?;
    if accepted { Err(Error::BackendBroken) } else { Ok(()) }
}

fn accepts(
    backend: &dyn SignatureAlgorithm,
    key: &PublicKey<'_>,
    message: &[u8],
    signature: &[[u8; 32]],
) -> Result<bool, Error> {
    let signature = Signature::new(key.algorithm(), signature.as_flattened());
    match signature.and_then(|signature| backend.verify(key, message, signature)) {
        Ok(()) => Ok(true),
        Err(BackendError::InvalidKey | BackendError::InvalidSignature) => Ok(false),
        Err(BackendError::Unavailable) => Err(Error::BackendUnavailable),
    }
}

#[cfg(test)]
mod tests;
