//! The `kid` of a key: kept whole up to a length, and abridged to its first bytes and a hash beyond it.

use core::fmt::{self, Write};

use crate::jose::json::JsonStr;

/// The `kid` of a [`PublicKey`](crate::PublicKey): opaque bytes, never none
/// ([RFC 7517 section 4.5](https://www.rfc-editor.org/rfc/rfc7517#section-4.5)).
///
/// Two values are equal if they come from equal bytes; a whole `kid` never equals an abridged one. Printing one with
/// `{:?}` escapes control characters, and shows whether it is abridged.
#[derive(Clone, Copy, PartialEq, Eq)]
pub enum Kid<'k> {
    /// All bytes: at most [`MAX_WHOLE_KID_LEN`].
    Whole(&'k [u8]),
    /// The part that a key keeps of a longer `kid`. Two that differ are taken for one only if their length, their first bytes
    /// and their hash are equal. That costs one signature and nothing else, since a `kid` only chooses which keys are
    /// tried.
    Abridged {
        /// The first bytes.
        first: &'k [u8],
        /// The length of the whole `kid`, in bytes.
        len: usize,
        /// The 64-bit FNV-1a hash of all bytes.
        hash: u64,
    },
}

impl Kid<'_> {
    /// Whether this comes from these bytes.
    pub fn matches(&self, kid: &[u8]) -> bool {
        match *self {
            Self::Whole(bytes) => bytes == kid,
            Self::Abridged { first, len, hash } => is_abridged_to(first, len, hash, kid.iter().copied()),
        }
    }

    /// Whether this comes from the unescaped string.
    pub(super) fn is(self, kid: JsonStr<'_>) -> bool {
        match self {
            Self::Whole(bytes) => kid.is(bytes),
            Self::Abridged { first, len, hash } => is_abridged_to(first, len, hash, kid.bytes()),
        }
    }
}

/// Whether a `kid` has these first bytes, this length and this hash. Stops at the first byte that differs or is beyond
/// the length, so that a long `kid` in a header does not cost its length for each key.
fn is_abridged_to(first: &[u8], len: usize, hash: u64, kid: impl Iterator<Item = u8>) -> bool {
    let mut first = first.iter();
    let (mut read, mut hash_read) = (0_usize, FNV_OFFSET_BASIS);
    for byte in kid {
        if read == len || first.next().is_some_and(|expected| *expected != byte) {
            return false;
        }
        read = read.wrapping_add(1);
        hash_read = fnv1a(hash_read, byte);
    }
    read == len && hash_read == hash
}

/// Writes a string, with escapes for control characters and for bytes that are not UTF-8.
impl fmt::Debug for Kid<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let (Self::Whole(bytes) | Self::Abridged { first: bytes, .. }) = self;
        f.write_char('"')?;
        for chunk in bytes.utf8_chunks() {
            chunk.valid().escape_debug().try_for_each(|escaped| f.write_char(escaped))?;
            write!(f, "{}", chunk.invalid().escape_ascii())?;
        }
        f.write_char('"')?;
        match self {
            Self::Whole(_) => Ok(()),
            Self::Abridged { len, .. } => write!(f, "... ({len} bytes)"),
        }
    }
}

/// A `kid` as a key stores it, or none.
#[derive(Clone, PartialEq, Eq)]
pub(super) struct StoredKid {
    /// All bytes, followed by zeros; of an abridged `kid` its first bytes, followed by its hash, little-endian.
    bytes: [u8; MAX_WHOLE_KID_LEN],
    /// The length of the whole `kid`. Zero means none. Above [`MAX_WHOLE_KID_LEN`] the `kid` is abridged, so that the
    /// length is also the tag that distinguishes the two forms.
    len: usize,
}

impl StoredKid {
    pub(super) const NONE: Self = Self { bytes: [0; MAX_WHOLE_KID_LEN], len: 0 };

    /// Stores the `kid`, and none if it is empty.
    pub(super) const fn set(&mut self, kid: &[u8]) {
        let mut builder = KidBuilder::new(self);
        let mut rest = kid;
        while let [byte, tail @ ..] = rest {
            builder.push(*byte);
            rest = tail;
        }
        builder.finish();
    }

    pub(super) fn as_kid(&self) -> Option<Kid<'_>> {
        match self.bytes.get(..self.len) {
            Some([]) => None,
            Some(whole) => Some(Kid::Whole(whole)),
            None => {
                let (first, hash) = self.bytes.split_last_chunk()?;
                Some(Kid::Abridged { first, len: self.len, hash: u64::from_le_bytes(*hash) })
            }
        }
    }
}

/// Builds a `kid` in place, byte after byte: at compile time, or while a JSON string is unescaped.
pub(super) struct KidBuilder<'k> {
    kid: &'k mut StoredKid,
    /// The hash of the bytes so far.
    hash: u64,
}

impl<'k> KidBuilder<'k> {
    pub(super) const fn new(kid: &'k mut StoredKid) -> Self {
        *kid = StoredKid::NONE;
        Self { kid, hash: FNV_OFFSET_BASIS }
    }

    pub(super) const fn push(&mut self, byte: u8) {
        if let Some((_, [next, ..])) = self.kid.bytes.split_at_mut_checked(self.kid.len) {
            *next = byte;
        }
        self.kid.len = self.kid.len.saturating_add(1);
        self.hash = fnv1a(self.hash, byte);
    }

    pub(super) const fn finish(self) {
        if self.kid.len > MAX_WHOLE_KID_LEN
            && let Some(end) = self.kid.bytes.last_chunk_mut()
        {
            *end = self.hash.to_le_bytes();
        }
    }
}

/// One step of [FNV-1a](http://www.isthe.com/chongo/tech/comp/fnv/) with 64 bits. It needs no table and no second pass,
/// and runs at compile time. It need not resist forgery: see [`Kid::Abridged`].
const fn fnv1a(hash: u64, byte: u8) -> u64 {
    (hash ^ u64::from_le_bytes([byte, 0, 0, 0, 0, 0, 0, 0])).wrapping_mul(FNV_PRIME)
}

const FNV_OFFSET_BASIS: u64 = 0xcbf2_9ce4_8422_2325;
const FNV_PRIME: u64 = 0x0100_0000_01b3;

/// Maximum length of a `kid` that a [`Key`](crate::Key) keeps whole, in bytes: an RFC 9278 thumbprint URI with SHA-256
/// (88 bytes) fits. A longer one (a `did:key` has 105 bytes, a key of Azure Key Vault up to 200) is
/// [abridged](Kid::Abridged), so that a key takes no more memory for it. Its only limit is the limit of the header or
/// of the key set that contains it.
pub const MAX_WHOLE_KID_LEN: usize = 96;

#[cfg(test)]
mod tests {
    use super::*;
    use crate::jose::Key;
    use crate::jose::json::Value;
    use proptest::prelude::*;

    fn key(kid: &[u8]) -> Key {
        Key::ed25519(&[3; 32]).with_kid(kid)
    }

    fn key_of_json(kid: &[u8]) -> Key {
        let mut key = Key::ed25519(&[3; 32]);
        key.set_kid(kid.iter().copied());
        key
    }

    /// Whether the key has the `kid` that this JSON string contains.
    fn has(key: &Key, json: &str) -> bool {
        key.has_kid(Value::new(json).string().unwrap())
    }

    /// Vectors of the authors: <http://www.isthe.com/chongo/src/fnv/test_fnv.c>.
    #[test]
    fn hash_matches_the_vectors_of_its_authors() {
        for (text, hash) in [
            ("", 0xcbf2_9ce4_8422_2325),
            ("a", 0xaf63_dc4c_8601_ec8c),
            ("b", 0xaf63_df4c_8601_f1a5),
            ("foobar", 0x8594_4171_f739_67e8),
            ("chongo was here!\n", 0x4681_0940_eff5_f915),
        ] {
            assert_eq!(text.bytes().fold(FNV_OFFSET_BASIS, fnv1a), hash, "{text}");
        }
    }

    #[test]
    fn kid_is_whole_up_to_96_bytes_and_abridged_beyond() {
        for len in 1..=96 {
            let kid = vec![b'k'; len];
            assert_eq!(key(&kid).kid(), Some(Kid::Whole(&kid)), "{len}");
        }
        for len in [97, 105, 4096, 65_536, 100_000] {
            let kid = vec![b'k'; len];
            let hash = kid.iter().copied().fold(FNV_OFFSET_BASIS, fnv1a);
            assert_eq!(key(&kid).kid(), Some(Kid::Abridged { first: &[b'k'; 88], len, hash }), "{len}");
        }
    }

    #[test]
    fn empty_kid_is_none() {
        let named = key(b"k");
        assert_eq!(named.clone().with_kid(b"").kid(), None);
        assert_eq!(named.with_kid(b""), Key::ed25519(&[3; 32]));
        assert_eq!(key_of_json(b""), Key::ed25519(&[3; 32]));
        assert!(!has(&Key::ed25519(&[3; 32]), r#""""#), "no key has the empty kid");
    }

    #[test]
    fn later_kid_replaces_all_of_the_earlier() {
        for earlier in [&[b'k'; 96][..], &[b'k'; 97]] {
            for kid in [&b"a"[..], &[b'a'; 96], &[b'a'; 97]] {
                assert_eq!(key(earlier).with_kid(kid), key(kid));
            }
        }
    }

    #[test]
    fn kid_is_made_at_compile_time() {
        static KEY: Key = Key::ed25519(&[3; 32]).with_kid(b"2026-01");
        static LONG: Key = Key::ed25519(&[3; 32]).with_kid(&[b'k'; 300]);
        assert_eq!((&KEY, &LONG), (&key_of_json(b"2026-01"), &key_of_json(&[b'k'; 300])));
    }

    #[test]
    fn long_kid_matches_only_its_own_bytes() {
        let kid = format!("did:web:{}#key-1", "issuer.example.com:".repeat(5)).into_bytes();
        assert_eq!(kid.len(), 109);
        let key = key(&kid);
        let matches = |other: &[u8]| {
            let by_json = has(&key, &format!("\"{}\"", str::from_utf8(other).unwrap()));
            assert_eq!(key.kid().unwrap().matches(other), by_json);
            assert_eq!(key == super::tests::key(other), by_json);
            by_json
        };
        assert!(matches(&kid));
        for at in 0..kid.len() {
            let mut other = kid.clone();
            other[at] ^= 1;
            assert!(!matches(&other), "{at}");
            assert!(!matches(&kid[..at]), "{at}");
        }
        assert!(!matches(&[&kid[..], b"k"].concat()) && !matches(&[b"k", &kid[..]].concat()));
    }

    /// The bytes that a key stores of a long `kid` are never taken for a short one.
    #[test]
    fn short_kid_never_equals_a_long_one() {
        let long = key(&[b'k'; 97]);
        let bytes = long.kid.bytes;
        let short = key(&bytes);
        assert_eq!(short.kid(), Some(Kid::Whole(&bytes)));
        assert_ne!(short, long);
        assert!(!short.kid().unwrap().matches(&[b'k'; 97]) && !long.kid().unwrap().matches(&bytes));
    }

    #[test]
    fn kid_is_compared_unescaped() {
        for len in [1, 96, 97, 600] {
            let key = key(&vec![b'\\'; len]);
            assert!(has(&key, &format!("\"{}\"", r"\\".repeat(len))), "{len}");
            assert!(!has(&key, &format!("\"{}\"", r"\\".repeat(len - 1))), "{len}");
            assert!(!has(&key, &format!("\"{}\"", r"\\".repeat(len + 1))), "{len}");
            assert!(!has(&key, &format!("\"{}\"", r"\n".repeat(len))), "{len}");
        }
        assert!(has(&key("\u{1}\né".as_bytes()), r#""\u0001\né""#));
    }

    #[test]
    fn debug_says_whether_a_kid_is_abridged() {
        assert_eq!(format!("{:?}", Kid::Whole(b"2026-01")), r#""2026-01""#);
        assert_eq!(format!("{:?}", Kid::Whole("a\"\n\u{202e}é".as_bytes())), r#""a\"\n\u{202e}é""#);
        assert_eq!(format!("{:?}", Kid::Whole(b"a\xffb")), r#""a\xffb""#);
        let key = key(&[b'k'; 105]);
        assert_eq!(format!("{:?}", key.kid().unwrap()), format!("\"{}\"... (105 bytes)", "k".repeat(88)));
    }

    proptest! {
        #![proptest_config(ProptestConfig { failure_persistence: None, ..ProptestConfig::default() })]

        /// All ways to make and to compare a `kid` agree with the comparison of the bytes.
        #[test]
        fn any_two_kids_are_equal_if_their_bytes_are(
            one in "(a|b|\\\\|\n|é){0,130}", len in 0_usize..200, end in "(a|b|\\\\){0,3}",
        ) {
            // Often equal, or equal but for the end.
            let other: String = one.chars().take(len).chain(end.chars()).collect();
            for (one, other) in [(&one, &one), (&one, &other), (&other, &one)] {
                let (first, second) = (key(one.as_bytes()), key_of_json(other.as_bytes()));
                let json = serde_json::to_string(other).unwrap();
                let is_equal = !one.is_empty() && one == other;
                prop_assert_eq!(first == second, one == other);
                prop_assert_eq!(first.kid() == second.kid(), one == other);
                prop_assert_eq!(has(&first, &json), is_equal);
                prop_assert_eq!(first.kid().is_some_and(|kid| kid.matches(other.as_bytes())), is_equal);
            }
        }
    }
}
