use std::sync::LazyLock;

use arbitrary::{Arbitrary, Result, Unstructured};
use crypto_bigint::modular::{FixedMontyForm, FixedMontyParams};
use crypto_bigint::{Odd, U2048};
use embedded_jwt::*;
use rsa::signature::Verifier as _;
use rsa::{BoxedUint, PublicKey as RsaKey, pkcs1v15};
use sha2::{Digest, Sha224, Sha256, Sha384, Sha512, Sha512_256};
use testkit::{AcceptAll, ISSUER, RS256_MODULUS, base64url, rs256_block, rs256_sign_block};

use super::signature::verdict;

/// **Property:** an RS256 signature is accepted if and only if the crate `rsa` accepts it with the exponent 65,537, by the
/// backend alone and in a token. One difference: this crate also refuses a modulus that is even or does not have exactly
/// 2,048 bits, as an invalid key. A signature of a block is valid if and only if it is the block of the standard. All
/// numbers that reach a backend, or a caller, are in range.
pub fn rs256_signature(input: &[u8]) {
    let Ok(case) = Case::arbitrary(&mut Unstructured::new(input)) else { return };
    let by_rsa = case.is_valid_by_rsa();
    if let Some(block) = case.encoded {
        assert_eq!(by_rsa, block == rs256_block(case.signing_input.as_bytes()), "{case:x?}");
    }
    for backend in BACKENDS {
        if let Ok(signature) = Signature::new(Algorithm::Rs256, &case.signature) {
            let alone = backend.verify(&case.key(), case.signing_input.as_bytes(), signature);
            assert_eq!(alone.map_err(Error::from), case.expected(by_rsa), "{case:x?}");
        }
        assert_eq!(verdict(&case.text(), case.key(), &[*backend]), case.expected(by_rsa), "{case:x?}");
    }
    let in_range = case.expected(case.is_below_modulus());
    assert_eq!(verdict(&case.text(), case.key(), &[&AcceptAll(Algorithm::Rs256)]), in_range, "{case:x?}");
    assert_eq!(case.is_given_to_caller(), in_range, "{case:x?}");
}

#[cfg(not(feature = "ring"))]
const BACKENDS: &[&dyn SignatureAlgorithm] = &[&Rs256];
#[cfg(feature = "ring")]
const BACKENDS: &[&dyn SignatureAlgorithm] = &[&Rs256, &RingRs256];

/// A signature of a block that is valid, or has parts replaced; then with parts of itself or of the modulus replaced.
#[derive(Debug)]
struct Case {
    modulus: &'static [u8; 256],
    signing_input: String,
    /// The block, if the signature encodes it with this modulus, which is odd.
    encoded: Option<[u8; 256]>,
    signature: Vec<u8>,
}

impl<'a> Arbitrary<'a> for Case {
    fn arbitrary(u: &mut Unstructured<'a>) -> Result<Self> {
        let [key, other_key] = [*u.choose(&Signer::MOSTLY_GOOD)?, *u.choose(&Signer::MOSTLY_GOOD)?];
        let modulus = match u.int_in_range(0..=15)? {
            14 => other_key.modulus(),
            15 => u.choose(&MODULI)?,
            _ => key.modulus(),
        };
        let block_changes: Vec<_> =
            (0..u.int_in_range(0..=2)?).map(|_| BlockChange::arbitrary(u)).collect::<Result<_>>()?;
        let changes: Vec<_> = match u.int_in_range(0..=3)? {
            3 => (0..u.int_in_range(1..=2)?).map(|_| Change::arbitrary(u)).collect::<Result<_>>()?,
            _ => Vec::new(),
        };

        // The payload need not be JSON: it is parsed only after the signature is verified.
        let payload = [b"{", u.bytes(u.len())?].concat();
        let signing_input = format!("{}.{}", base64url(br#"{"alg":"RS256"}"#), base64url(&payload));
        let block = block(signing_input.as_bytes(), &block_changes);
        let mut signature = key.sign(&block).to_vec();
        for change in &changes {
            change.apply(&mut signature, &block, modulus);
        }
        let is_encoded = changes.is_empty() && modulus == key.modulus() && key != Signer::Even;
        Ok(Self { modulus, signing_input, encoded: is_encoded.then_some(block), signature })
    }
}

impl Case {
    fn key(&self) -> Key {
        Key::rsa(self.modulus)
    }

    fn text(&self) -> String {
        format!("{}.{}", self.signing_input, base64url(&self.signature))
    }

    fn is_valid_by_rsa(&self) -> bool {
        let modulus = BoxedUint::from_be_slice_vartime(self.modulus);
        let Ok(key) = RsaKey::new(modulus, BoxedUint::from(65_537_u64)) else { return false };
        let Ok(signature) = pkcs1v15::Signature::try_from(&*self.signature) else { return false };
        pkcs1v15::VerifyingKey::<Sha256>::new(key).verify(self.signing_input.as_bytes(), &signature).is_ok()
    }

    fn is_below_modulus(&self) -> bool {
        // Arrays of bytes are ordered as the big-endian numbers in them.
        self.signature.len() == 256 && self.signature[..] < self.modulus[..]
    }

    /// The verdict on a signature that is otherwise valid or not. Its length is checked before the key.
    fn expected(&self, is_valid: bool) -> Result<(), Error> {
        let is_acceptable_key = U2048::from_be_slice(self.modulus).bit(2047).to_bool() && self.modulus[255] % 2 == 1;
        match (self.signature.len(), is_acceptable_key, is_valid) {
            (256, false, _) => Err(Error::InvalidKey),
            (256, true, true) => Ok(()),
            _ => Err(Error::InvalidSignature),
        }
    }

    /// Whether a caller that verifies signatures itself receives this signature.
    fn is_given_to_caller(&self) -> Result<(), Error> {
        let (text, keys) = (self.text(), [self.key()]);
        let token = Token::parse(&text).unwrap();
        let issuer = Issuer::new(ISSUER, &keys, &[&CallerVerifies(Algorithm::Rs256)]);
        token.prepare(&[&issuer], &mut vec![0; token.buffer_len()]).map(drop)
    }
}

/// Who signs: a good key, or one of a kind that this crate refuses.
#[derive(Clone, Copy, Debug, PartialEq)]
enum Signer {
    /// The test key.
    Good,
    /// [`PRIME`].
    Short,
    /// Twice [`PRIME`], which has 2,048 bits.
    Even,
}

impl Signer {
    const MOSTLY_GOOD: [Self; 8] = {
        use Signer::*;
        [Good, Good, Good, Good, Good, Good, Short, Even]
    };

    fn modulus(self) -> &'static [u8; 256] {
        static SHORT: LazyLock<[u8; 256]> = LazyLock::new(|| to_bytes(&U2048::from_be_hex(PRIME)));
        static EVEN: LazyLock<[u8; 256]> = LazyLock::new(|| to_bytes(&U2048::from_be_hex(PRIME).shl(1)));
        match self {
            Self::Good => &RS256_MODULUS,
            Self::Short => &SHORT,
            Self::Even => &EVEN,
        }
    }

    fn sign(self, block: &[u8; 256]) -> [u8; 256] {
        static PARAMS: LazyLock<FixedMontyParams<{ U2048::LIMBS }>> =
            LazyLock::new(|| FixedMontyParams::new_vartime(Odd::new(U2048::from_be_hex(PRIME)).unwrap()));
        if self == Self::Good {
            return rs256_sign_block(block);
        }
        let block = U2048::from_be_slice(block);
        let power = FixedMontyForm::new(&block, &PARAMS).pow_vartime(&U2048::from_be_hex(EXPONENT)).retrieve();
        // All powers of a number are even, or none is.
        let is_root = self == Self::Short || power.is_odd().to_bool() == block.is_odd().to_bool();
        to_bytes(&if is_root { power } else { power.wrapping_add(&U2048::from_be_hex(PRIME)) })
    }
}

/// Moduli without known factors: the test key's with one bit flipped, and boundary values.
static MODULI: LazyLock<Vec<[u8; 256]>> = LazyLock::new(|| {
    let flipped = (0..2048).map(|bit| {
        let mut modulus = *RS256_MODULUS;
        modulus[bit / 8] ^= 1 << (bit % 8);
        modulus
    });
    let good = U2048::from_be_slice(&*RS256_MODULUS);
    let top = U2048::ONE.shl(2047);
    let edges = [
        U2048::ZERO,
        U2048::ONE,
        U2048::from_u32(65_537),
        top.wrapping_sub(&U2048::ONE),
        top,
        top.wrapping_add(&U2048::ONE),
        U2048::MAX,
        good.shr(1),
        good.shr(8),
        good.shr(1024),
    ];
    flipped.chain(edges.iter().map(to_bytes)).collect()
});

/// The block of a message with parts replaced.
fn block(message: &[u8], changes: &[BlockChange]) -> [u8; 256] {
    let mut digest_info = digest_info::<Sha256>(1, message);
    let (mut leading_len, mut kind, mut padding_len, mut trailing) = (0, 1, None, Vec::new());
    for change in changes {
        match change {
            BlockChange::WithoutNull => digest_info = without_null(message),
            BlockChange::Hash(number) => digest_info = other_digest_info(*number, message),
            BlockChange::LongLength(at) => digest_info = with_long_length(&digest_info, *at),
            BlockChange::OtherMessage => digest_info = self::digest_info::<Sha256>(1, &[message, b" "].concat()),
            BlockChange::DigestAlone => digest_info = Sha256::digest(message).to_vec(),
            BlockChange::Trailing(bytes) => trailing = bytes.to_vec(),
            BlockChange::TrailingZeros(len) => trailing = vec![0; usize::from(len % 200)],
            BlockChange::LeadingZeros(len) => leading_len = usize::from(len % 200),
            BlockChange::Kind(other) => kind = other % 4,
            BlockChange::PaddingLen(len) => padding_len = Some(usize::from(*len)),
            BlockChange::FlipBit(_) | BlockChange::Byte(..) => {}
        }
    }

    let most = (256 - 3 - digest_info.len()).saturating_sub(leading_len + trailing.len());
    let padding = vec![0xff; padding_len.unwrap_or(most).min(most)];
    let leading = vec![0; leading_len];
    let mut bytes = [&leading, &[0, kind][..], &padding, &[0], &digest_info, &trailing].concat();
    bytes.resize(256, 0);
    let mut block: [u8; 256] = bytes.try_into().unwrap();
    for change in changes {
        match change {
            BlockChange::FlipBit(bit) => block[usize::from(bit / 8 % 256)] ^= 1 << (bit % 8),
            BlockChange::Byte(place, byte) => block[PLACES[usize::from(*place) % PLACES.len()]] = *byte,
            _ => {}
        }
    }
    // Below each modulus.
    block[0] &= 0x3f;
    block
}

#[derive(Arbitrary, Debug)]
enum BlockChange {
    FlipBit(u16),
    /// Replaces a byte at one of [`PLACES`].
    Byte(u8, u8),
    /// The block type, which is 1 for signatures and 2 for encryption.
    Kind(u8),
    /// Shortens the padding, and fills the block with zeros after the digest.
    PaddingLen(u8),
    /// Shortens the padding by these bytes, which follow the digest.
    Trailing([u8; 4]),
    TrailingZeros(u8),
    /// Shortens the padding by zeros, which precede the block.
    LeadingZeros(u8),
    WithoutNull,
    /// Another hash function, or its name with the digest of SHA-256.
    Hash(u8),
    /// The length of an element in the long form of BER.
    LongLength(u8),
    OtherMessage,
    DigestAlone,
}

/// The zero and the type, both ends of the padding, the separator, and bytes of `DigestInfo`: the lengths, the tags, both
/// ends of the identifier, NULL and both ends of the digest.
const PLACES: [usize; 17] = [0, 1, 2, 9, 10, 203, 204, 205, 206, 208, 211, 219, 220, 221, 223, 224, 255];

fn digest_info<D: Digest>(oid: u8, message: &[u8]) -> Vec<u8> {
    with_digest(oid, &D::digest(message))
}

/// The `DigestInfo` of a hash function of [FIPS 180-4](https://doi.org/10.6028/NIST.FIPS.180-4), which is the `oid`-th of
/// its branch.
fn with_digest(oid: u8, digest: &[u8]) -> Vec<u8> {
    let len = digest.len() as u8;
    let identifier = [0x06, 0x09, 0x60, 0x86, 0x48, 0x01, 0x65, 0x03, 0x04, 0x02, oid];
    [&[0x30, 17 + len, 0x30, 0x0d], &identifier[..], &[0x05, 0x00, 0x04, len], digest].concat()
}

fn without_null(message: &[u8]) -> Vec<u8> {
    let mut bytes = digest_info::<Sha256>(1, message);
    bytes.drain(15..17);
    bytes[1] -= 2;
    bytes[3] -= 2;
    bytes
}

fn other_digest_info(number: u8, message: &[u8]) -> Vec<u8> {
    match number % 6 {
        0 => digest_info::<Sha512>(3, message),
        1 => digest_info::<Sha384>(2, message),
        2 => digest_info::<Sha224>(4, message),
        3 => digest_info::<Sha512_256>(6, message),
        // SHA-512/256 and SHA3-256 have digests of the same length.
        4 => with_digest(6, &Sha256::digest(message)),
        _ => with_digest(8, &Sha256::digest(message)),
    }
}

/// With the length of one of the five elements in two bytes. The lengths around it grow.
fn with_long_length(digest_info: &[u8], element: u8) -> Vec<u8> {
    let mut bytes = digest_info.to_vec();
    // The positions of the lengths: of the whole, the algorithm, the identifier, the NULL and the digest.
    let at = [1, 3, 5, 16, 18][usize::from(element) % 5];
    if at < bytes.len() {
        bytes.insert(at, 0x81);
        for around in [1, 3] {
            if around < at && !(around == 3 && at == 18) {
                bytes[around] = bytes[around].wrapping_add(1);
            }
        }
    }
    bytes
}

#[derive(Arbitrary, Debug)]
enum Change {
    FlipBit(u16),
    /// Replaces the number with 0, 1, 2, the modulus or a neighbor of it, the largest number, or a power of two.
    Edge(u8),
    /// The same number modulo the modulus.
    AddModulus,
    /// The negative number modulo the modulus.
    SubtractFromModulus,
    /// The block itself, which is valid for a verifier with the exponent 1.
    Block,
    /// Shorter or longer, with a zero at either end.
    RemoveFirst,
    RemoveLast,
    ZeroFirst,
    ZeroLast,
}

impl Change {
    fn apply(&self, signature: &mut Vec<u8>, block: &[u8; 256], modulus: &[u8; 256]) {
        let modulus = U2048::from_be_slice(modulus);
        let number = <&[u8; 256]>::try_from(&**signature).map(|bytes| U2048::from_be_slice(bytes));
        let number = number.unwrap_or(U2048::ZERO);
        let changed = match self {
            Self::FlipBit(bit) => {
                if let Some(byte) = signature.get_mut(usize::from(bit / 8 % 256)) {
                    *byte ^= 1 << (bit % 8);
                }
                return;
            }
            Self::RemoveFirst => return drop(signature.splice(..1.min(signature.len()), [])),
            Self::RemoveLast => return signature.truncate(signature.len().saturating_sub(1)),
            Self::ZeroFirst => return signature.insert(0, 0),
            Self::ZeroLast => return signature.push(0),
            Self::Edge(at) => match at % 8 {
                0 => U2048::ZERO,
                1 => U2048::ONE,
                2 => U2048::from_u32(2),
                3 => modulus.wrapping_sub(&U2048::ONE),
                4 => modulus,
                5 => modulus.wrapping_add(&U2048::ONE),
                6 => U2048::MAX,
                _ => U2048::ONE.shl(2047),
            },
            Self::AddModulus => number.wrapping_add(&modulus),
            Self::SubtractFromModulus => modulus.wrapping_sub(&number),
            Self::Block => U2048::from_be_slice(block),
        };
        *signature = to_bytes(&changed).to_vec();
    }
}

fn to_bytes(number: &U2048) -> [u8; 256] {
    number.to_be_bytes().as_ref().try_into().unwrap()
}

/// A prime of 2,047 bits, and the inverse of 65,537 modulo the prime less 1. As a modulus, it lets anyone sign any block.
const PRIME: &str = "6803d034df8ff8fd983f9e123f0b881fe42aac3a122ee8de56c401d9d009d0a1e8d87cd9e2d7f67063866b1697\
    2b2d0b4e7da4b08de6b2ef067577b5fef344fbdf983dc61feb6d32f534292b46c7328bff32ae3d9d183adee6cea20eebfc47bdbe2415cf\
    be68f22704e537eacad5aa20c824ada3a279186416f9d183fc4b4b85489b0da96dc7613f08ebe2493bce3ee2e88bb76e9c25d215584307\
    b4526e00b69579bbcddbfd3a6c153fb889897fea799b18bae427455ce671a585b27e3fb58836a7b731de22bbcb94d3ecaaa332b01d4d90\
    7d4764304750a8bded132f881f4e4731371a7b20e1fbf0943f36b4ab097ab2e5a02b8fb04baf1f8aa72f81b2aafb";
const EXPONENT: &str = "23e555003a3afc69c0160c5e2da5b427955d68ac6dc404975e882c3f57fd5b23d53088fdc4bc550efa39d4512a\
    803afe50eb295fc8c8d9ed85641a9913502ef96173afb5e524213e59c2d3865cd9b7c6fa9e29e597865a22bcb288d8ef75d3e8566b2b9f\
    d30d72ac26935855ce0428bf4172eefdaebf6dbc74f567e9cdb2ca7047db42bebae4f8d98121aea9295b86f655dc89c4415d080057c262\
    3147d530a7d233fdad1083769b00464a5024c4a14db049bb8dab43d3c8af65b91b1d58ad3441f065576f5abb4689a90d5ee20d471c05bd\
    9c8e7bb3f19893736012a3efad261d898d83b5046718c430d513f30ba7acd17a4f695920352e4d8b532120f860eb";
