//! The software backend for ES256 with tables that are kept for the keys.

use core::fmt;

use heapless::Vec;
use p256::elliptic_curve::PrimeField;
use p256::elliptic_curve::group::Group;
use p256::elliptic_curve::ops::{Invert, Reduce};
use p256::elliptic_curve::point::AffineCoordinates;
use p256::{ProjectivePoint, Scalar};
use sha2::{Digest, Sha256};
use wnaf::array::typenum::U4;
use wnaf::{WnafBase, WnafScalar};

use super::es256::verifying_key;
use super::{Algorithm, BackendError, Signature, SignatureAlgorithm};
use crate::jose::PublicKey;

/// ES256 in software with precomputed tables for up to `N` keys, by the crates `p256` and `wnaf`: half the instructions
/// of [`Es256`](crate::Es256), for 1.6 KB of RAM a key.
///
/// For devices without an accelerator and without assembly (Cortex-M0+, RISC-V) whose keys seldom change. Call
/// [`prepare`](Self::prepare) at start-up, before the [self-test](crate::self_test()) and even without keys, and again after
/// each change of the keys. A key that is not prepared has the same verdict and the same errors: its tables are then
/// computed for each signature, in a tenth more time than `Es256` takes. Before the first `prepare`, it takes two thirds more.
///
/// Tables are not trust: the [`Issuer`](crate::Issuer) alone decides which keys a token may be signed with. A table that
/// is left over from an old key is never asked for.
///
/// The computation takes variable time, as in `Es256`: keys, messages and signatures are public.
///
/// # Cost
///
/// RAM: 1,600 bytes for each of the `N` keys, and 1,552 bytes that they share. Flash: 1.5 KB more than `Es256` at
/// opt-level `z`, 4 to 7 KB at 3. Stack, at opt-level 3: 5.4 KB for a prepared key, 8.2 KB to prepare it and for other keys,
/// where `Es256` takes 8.6 KB; 12.6 KB at most before the first [`prepare`](Self::prepare). Instructions for a whole access
/// token, at opt-level 3:
///
/// | | `Es256` | key prepared | key not prepared | to prepare each key, and once the generator |
/// |---|--:|--:|--:|--:|
/// | Cortex-M0+ | 25.5 million | 12.8 million | 27.5 million | 14.7 million |
/// | RV32IMAC | 9.0 million | 4.6 million | 9.7 million | 5.1 million |
/// | Cortex-M4 | 5.7 million | 3.0 million | 6.2 million | 3.2 million |
///
/// # Example: tables for the keys of a key set
///
/// ```
/// use embedded_jwt::{Error, Es256Tables, Issuer, KeySet, SignatureAlgorithm, Token};
///
/// fn refresh(keys: &mut KeySet<4>, tables: &mut Es256Tables<4>, body: &mut [u8]) -> Result<(), Error> {
///     keys.replace_from_jwks(body)?;
///     tables.prepare(keys.iter());
///     Ok(())
/// }
///
/// fn is_genuine(bearer: &[u8], keys: &KeySet<4>, tables: &Es256Tables<4>) -> bool {
///     let algorithms: [&dyn SignatureAlgorithm; 1] = [tables];
///     let issuer = Issuer::new("https://idp.example.com", keys, &algorithms);
///     let mut buf = [0; 1024];
///     Token::parse(bearer).and_then(|token| token.verify(&issuer, &mut buf)).is_ok()
/// }
/// ```
pub struct Es256Tables<const N: usize> {
    /// The tables of the generator, from the first call of [`prepare`](Self::prepare).
    generator: Option<PointTables>,
    keys: Vec<KeyTables, N>,
}

impl<const N: usize> Es256Tables<N> {
    /// No tables yet: until [`prepare`](Self::prepare) is called, each verification also computes the generator's tables.
    /// In a `static` it goes into `.bss` and takes no flash.
    pub const fn new() -> Self {
        Self { generator: None, keys: Vec::new() }
    }

    /// Computes the tables of the generator, once, and of these keys, for up to `N` ES256 keys. Drops the tables of all other
    /// keys. Returns how many keys have tables now.
    ///
    /// A key that has tables keeps them, so that a call with the same keys costs next to nothing. A new key takes
    /// about half as long as a verification by [`Es256`](crate::Es256), and so does the generator.
    ///
    /// Skipped are keys of other algorithms, keys that are not a point of the curve (which are refused when a token is
    /// verified with them), and keys for which no slot is left (which are slower). For the keys of several issuers, chain
    /// their iterators. Do not prepare keys that a stranger can choose, such as the key of a DPoP proof.
    pub fn prepare<'k, 'm: 'k>(&mut self, keys: impl IntoIterator<Item = &'k PublicKey<'m>, IntoIter: Clone>) -> usize {
        let keys = keys.into_iter();
        if self.generator.is_none() {
            // Filled in its place: on the stack, the tables would be there twice.
            self.generator.insert(PointTables::default()).fill(ProjectivePoint::GENERATOR);
        }
        self.keys.retain(|tables| keys.clone().any(|key| tables.is_of(key)));
        keys.for_each(|key| self.add(key));
        self.keys.len()
    }

    fn add(&mut self, key: &PublicKey<'_>) {
        if self.keys.is_full() || self.keys.iter().any(|tables| tables.is_of(key)) {
            return;
        }
        let (Ok(coordinates), Ok(point)) = (key.public_key().try_into(), point(key)) else { return };
        // In its place, as above.
        if self.keys.push(KeyTables { coordinates, point: PointTables::default() }).is_ok()
            && let Some(tables) = self.keys.last_mut()
        {
            tables.point.fill(point);
        }
    }
}

impl<const N: usize> SignatureAlgorithm for Es256Tables<N> {
    fn algorithm(&self) -> Algorithm {
        Algorithm::Es256
    }

    fn verify(&self, key: &PublicKey<'_>, message: &[u8], signature: Signature<'_>) -> Result<(), BackendError> {
        match (&self.generator, self.keys.iter().find(|tables| tables.is_of(key))) {
            (Some(generator), Some(key)) => verify([generator, &key.point], message, signature),
            (Some(generator), None) => verify_unprepared(generator, key, message, signature),
            (None, _) => verify_at_first(key, message, signature),
        }
    }
}

impl<const N: usize> Default for Es256Tables<N> {
    fn default() -> Self {
        Self::new()
    }
}

/// Not the tables: the derived form would link the formatting of points into every image, behind the trait object.
impl<const N: usize> fmt::Debug for Es256Tables<N> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("Es256Tables")
    }
}

struct KeyTables {
    coordinates: [u8; 64],
    point: PointTables,
}

impl KeyTables {
    /// All bytes are compared. Only ES256 keys have 64.
    fn is_of(&self, key: &PublicKey<'_>) -> bool {
        self.coordinates == *key.public_key()
    }
}

/// The point times 1, 2^64, 2^128 and 2^192, and the odd multiples of each up to 7. A scalar is then four scalars of 64
/// bits, which share 64 doublings of the sum in place of 256.
#[derive(Default)]
struct PointTables([WnafBase<ProjectivePoint, Window>; PARTS]);

impl PointTables {
    #[inline(never)]
    fn fill(&mut self, mut point: ProjectivePoint) {
        let [first, others @ ..] = &mut self.0;
        first.init_from_base(&point);
        for table in others {
            for _ in 0..PART_LEN * 8 {
                point = point.double();
            }
            table.init_from_base(&point);
        }
    }
}

/// A scalar as the sum of its parts times 1, 2^64, 2^128 and 2^192, each part as digits for the tables.
struct Parts([WnafScalar<Scalar, Window>; PARTS]);

impl Parts {
    fn new(scalar: &Scalar) -> Self {
        let mut parts = Self(Default::default());
        let mut bytes = scalar.to_repr();
        bytes.reverse();
        for (part, bytes) in parts.0.iter_mut().zip(bytes.chunks(PART_LEN)) {
            part.init_from_le_bytes(bytes);
        }
        parts
    }
}

/// [FIPS 186-5](https://doi.org/10.6028/NIST.FIPS.186-5) section 6.4.2, with the tables of the generator and of the key.
#[inline(never)]
fn verify(tables: [&PointTables; 2], message: &[u8], signature: Signature<'_>) -> Result<(), BackendError> {
    let signature = p256::ecdsa::Signature::from_bytes(&(*signature.fixed::<64>()?).into())
        .map_err(|_| BackendError::InvalidSignature)?;
    let (r, s) = signature.split_scalars(); // both are in 1..n-1
    let digest = Scalar::reduce(&Sha256::digest(message));
    let inverse = s.invert_vartime();
    let point = sum(tables, &digest.multiply(&inverse), &r.multiply(&inverse)).to_affine();
    // The x of the point at infinity is 0, as no r is.
    if Scalar::reduce(&point.x()) == *r { Ok(()) } else { Err(BackendError::InvalidSignature) }
}

/// u1 G + u2 Q.
fn sum([generator, key]: [&PointTables; 2], u1: &Scalar, u2: &Scalar) -> ProjectivePoint {
    let (u1, u2) = (Parts::new(u1), Parts::new(u2));
    WnafBase::multiscalar_mul(generator.0.iter().zip(&u1.0).chain(key.0.iter().zip(&u2.0)))
}

/// With tables of the key on the stack, so that images do not contain the arithmetic of `Es256` too, which took 15 KB more
/// flash. Not inlined, since prepared keys do not need its frame.
#[inline(never)]
fn verify_unprepared(
    generator: &PointTables,
    key: &PublicKey<'_>,
    message: &[u8],
    signature: Signature<'_>,
) -> Result<(), BackendError> {
    let mut tables = PointTables::default();
    tables.fill(point(key)?);
    verify([generator, &tables], message, signature)
}

/// With tables of the generator on the stack as well, since nothing was ever prepared.
#[inline(never)]
fn verify_at_first(key: &PublicKey<'_>, message: &[u8], signature: Signature<'_>) -> Result<(), BackendError> {
    let mut generator = PointTables::default();
    generator.fill(ProjectivePoint::GENERATOR);
    verify_unprepared(&generator, key, message, signature)
}

fn point(key: &PublicKey<'_>) -> Result<ProjectivePoint, BackendError> {
    let key = verifying_key(key)?;
    Ok(key.as_affine().into())
}

/// Digits of four bits: four points a table. With four tables it took the fewest instructions for the RAM.
type Window = U4;
/// The number of parts of a scalar, and of tables of a point.
const PARTS: usize = 4;
/// The length of a part, in bytes.
const PART_LEN: usize = 32 / PARTS;

#[cfg(test)]
mod tests;
