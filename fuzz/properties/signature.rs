use arbitrary::{Arbitrary, Result, Unstructured};
use curve25519_dalek::scalar::Scalar;
use embedded_jwt::*;
use p256::ecdsa::signature::Verifier;
use testkit::{ACCEPT_ALL, Alg, BOTH, ISSUER, KEYS, base64url};

use super::jwks;

/// **Property:** a signature is accepted if and only if the bare curve crate accepts it: `p256`, or `verify_strict` of
/// `ed25519-dalek`. One difference: this crate also refuses a key with y >= p. All numbers that reach a backend are in
/// range, by the same crates, so that a backend need not check this. `Es256Tables` is held to the same, with its key
/// prepared.
pub fn signature(input: &[u8]) {
    let Ok(triple) = Triple::arbitrary(&mut Unstructured::new(input)) else { return };
    assert_eq!(triple.passes(BOTH), triple.is_valid(), "{triple:x?}");
    #[cfg(feature = "es256-tables")]
    if triple.alg == Alg::Es256 {
        assert_eq!(triple.passes(&[&testkit::Preparing::default()]), triple.is_valid(), "with tables: {triple:x?}");
    }
    assert_eq!(triple.passes(ACCEPT_ALL), triple.is_in_range(), "{triple:x?}");
}

/// A valid signature, with parts of it or of the key replaced.
#[derive(Debug)]
struct Triple {
    alg: Alg,
    key: Vec<u8>,
    signing_input: String,
    signature: [u8; 64],
}

impl<'a> Arbitrary<'a> for Triple {
    fn arbitrary(u: &mut Unstructured<'a>) -> Result<Self> {
        let alg = if u.ratio(3, 4)? { Alg::EdDsa } else { Alg::Es256 };
        let [es256, eddsa] = &*KEYS;
        let mut key = if alg == Alg::Es256 { es256 } else { eddsa }.public_key().to_vec();
        let changes: Vec<(usize, Change)> = (0..u.int_in_range(0..=2)?)
            .map(|_| Ok((u.int_in_range(0..=3)?, Change::arbitrary(u)?)))
            .collect::<Result<_>>()?;

        let name = if alg == Alg::EdDsa { *u.choose(&["EdDSA", "Ed25519"])? } else { alg.name() };
        let header = format!(r#"{{"alg":"{name}"}}"#);
        // The payload need not be JSON: it is parsed only after the signature is verified.
        let payload = [b"{", u.bytes(u.len())?].concat();
        let signing_input = format!("{}.{}", base64url(header.as_bytes()), base64url(&payload));
        let mut signature = alg.sign(signing_input.as_bytes());
        for (index, change) in changes {
            let (numbers, _) = if index < 2 { signature.as_chunks_mut() } else { key.as_chunks_mut() };
            let count = numbers.len();
            change.apply(&mut numbers[index % count], alg);
        }
        Ok(Self { alg, key, signing_input, signature })
    }
}

#[derive(Arbitrary, Debug)]
enum Change {
    FlipBit(u8),
    /// Replaces the number with one of the [`edges`].
    Edge(u8),
    /// Adds an edge: the same number modulo this edge.
    Add(u8),
    /// Subtracts the number from an edge: its negative modulo this edge.
    SubtractFrom(u8),
    Replace([u8; 32]),
}

impl Change {
    fn apply(self, number: &mut [u8; 32], alg: Alg) {
        let edges = edges(alg);
        let edge = |at: u8| edges[usize::from(at) % edges.len()];
        // To and from big-endian, which everything below uses.
        let flip = |number: [u8; 32]| if alg == Alg::EdDsa { reversed(number) } else { number };
        let changed = match self {
            Self::FlipBit(bit) => {
                number[usize::from(bit / 8)] ^= 1 << (bit % 8);
                return;
            }
            Self::Edge(at) => edge(at),
            Self::Add(at) => add(flip(*number), edge(at), false),
            Self::SubtractFrom(at) => add(edge(at), flip(*number), true),
            Self::Replace(other) => other,
        };
        *number = flip(changed);
    }
}

/// The boundary values: 0, 1, the order and the prime of the curve and their neighbors, the largest number, and for
/// Ed25519 the y of every point of small order.
fn edges(alg: Alg) -> Vec<[u8; 32]> {
    let one = from_hex("01");
    let (order, prime) = match alg {
        Alg::Es256 => (
            from_hex("ffffffff00000000ffffffffffffffffbce6faada7179e84f3b9cac2fc632551"),
            from_hex("ffffffff00000001000000000000000000000000ffffffffffffffffffffffff"),
        ),
        Alg::EdDsa => (
            from_hex("1000000000000000000000000000000014def9dea2f79cd65812631a5cf5d3ed"),
            from_hex("7fffffffffffffffffffffffffffffffffffffffffffffffffffffffffffffed"),
        ),
    };
    let around = |number| [number, add(number, one, true), add(number, one, false)];
    let mut edges = [[[0; 32], one, [0xff; 32]], around(order), around(prime)].concat();
    if alg == Alg::EdDsa {
        let torsion = curve25519_dalek::constants::EIGHT_TORSION;
        edges.extend(torsion.map(|point| reversed(point.compress().to_bytes())));
    }
    edges
}

fn from_hex(hex: &str) -> [u8; 32] {
    let hex = format!("{hex:0>64}");
    std::array::from_fn(|at| u8::from_str_radix(&hex[2 * at..][..2], 16).unwrap())
}

fn reversed(mut number: [u8; 32]) -> [u8; 32] {
    number.reverse();
    number
}

/// `a + b`, or `a - b` if `negated`, modulo 2^256.
fn add(a: [u8; 32], b: [u8; 32], negated: bool) -> [u8; 32] {
    let mut carry = u16::from(negated);
    let mut sum = [0; 32];
    for at in (0..32).rev() {
        let b = if negated { !b[at] } else { b[at] };
        carry += u16::from(a[at]) + u16::from(b);
        sum[at] = carry as u8;
        carry >>= 8;
    }
    sum
}

/// The verdict of `verify` on a signature; an error about the payload means that it is valid.
pub fn verdict(text: &str, key: Key, algorithms: &[&dyn SignatureAlgorithm]) -> Result<(), Error> {
    let keys = [key];
    let token = Token::parse(text).unwrap();
    match token.verify(&Issuer::new(ISSUER, &keys, algorithms), &mut vec![0; token.buffer_len()]) {
        Err(error @ (Error::InvalidSignature | Error::InvalidKey)) => Err(error),
        Ok(_) | Err(Error::Missing(_) | Error::Invalid(_) | Error::Mismatch(_)) => Ok(()),
        Err(
            Error::Malformed(Part::Payload)
            | Error::DuplicateName(Part::Payload)
            | Error::TooDeep(Part::Payload)
            | Error::TooManyMembers(Part::Payload),
        ) => Ok(()),
        Err(error) => panic!("{error:?}"),
    }
}

impl Triple {
    /// Whether `verify` accepts the signature.
    fn passes(&self, algorithms: &[&dyn SignatureAlgorithm]) -> bool {
        let key = match self.key.as_chunks().0 {
            [x, y] => Key::es256(x, y),
            [point] => Key::ed25519(point),
            _ => unreachable!(),
        };
        verdict(&format!("{}.{}", self.signing_input, base64url(&self.signature)), key, algorithms).is_ok()
    }

    fn is_valid(&self) -> bool {
        let message = self.signing_input.as_bytes();
        match self.alg {
            Alg::Es256 => {
                let key = p256::ecdsa::VerifyingKey::from_sec1_bytes(&[&[4], &*self.key].concat());
                let signature = p256::ecdsa::Signature::from_slice(&self.signature);
                key.is_ok_and(|key| signature.is_ok_and(|signature| key.verify(message, &signature).is_ok()))
            }
            Alg::EdDsa => {
                let key = ed25519_dalek::VerifyingKey::try_from(&*self.key);
                let signature = ed25519_dalek::Signature::from_bytes(&self.signature);
                let is_valid = key.is_ok_and(|key| key.verify_strict(message, &signature).is_ok());
                is_valid && jwks::is_ed25519_key(&self.key)
            }
        }
    }

    fn is_in_range(&self) -> bool {
        let (first, second) = self.signature.split_at(32);
        match self.alg {
            Alg::Es256 => p256::ecdsa::Signature::from_slice(&self.signature).is_ok(),
            Alg::EdDsa => {
                let is_reduced = Scalar::from_canonical_bytes(second.try_into().unwrap()).is_some();
                jwks::is_ed25519_key(&self.key) && jwks::is_ed25519_key(first) && bool::from(is_reduced)
            }
        }
    }
}
