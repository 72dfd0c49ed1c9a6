//! A cache of valid signatures, so that a repeated token costs no curve arithmetic.

use core::cell::RefCell;
use core::fmt;

use heapless::Vec;
use sha2::{Digest, Sha256};

use super::key_choice::KeyChoice;
use super::{Issuer, Token, Verified};
use crate::error::Error;
use crate::jose::Signature;

/// A cache of the last `N` valid signatures, for tokens that arrive with each request: [`Token::verify_cached`]. Each
/// entry takes 36 bytes.
///
/// A cached signature saves only the curve arithmetic, and only for the same key, signing input and signature, byte for
/// byte. Everything else is checked each time: the header, whether the issuer still has the key, the claims, the time,
/// and the requirements of the policy. A full cache evicts the least recently used entry.
///
/// Use one cache for one set of backends: it does not remember which backend found a signature valid, so that a signature
/// that a careless backend has accepted would be valid for a strict one too.
///
/// All handlers of one executor can share a cache. [`clear`](Self::clear) it when a backend turns out to be
/// [broken](crate::self_test()).
pub struct SignatureCache<const N: usize> {
    entries: RefCell<Entries<N>>,
}

struct Entries<const N: usize> {
    slots: Vec<Entry, N>,
    /// The number of the latest use.
    uses: u32,
}

struct Entry {
    /// The digest of key, signature and signing input.
    digest: [u8; 32],
    /// The number of the entry's latest use.
    last_use: u32,
}

impl<'t> Token<'t> {
    /// Verifies the token as [`verify`](Self::verify) does, but does not verify a cached signature again.
    ///
    /// # Errors
    ///
    /// As [`verify`](Self::verify).
    ///
    /// # Example: a client that sends the same token with each request
    ///
    /// ```
    /// # use embedded_jwt::{AccessToken, AccessTokenPolicy, Error, Issuer, SignatureCache, Token, UnixTime};
    /// # const POLICY: AccessTokenPolicy = AccessTokenPolicy::new("urn:device:pump-7");
    /// fn authorize<'b>(
    ///     bearer: &[u8],
    ///     issuer: &Issuer<'_>,
    ///     cache: &SignatureCache<8>,
    ///     now: UnixTime,
    ///     buf: &'b mut [u8],
    /// ) -> Result<AccessToken<'b>, Error> {
    ///     Token::parse(bearer)?.verify_cached(issuer, cache, buf)?.into_access_token(&POLICY, now)
    /// }
    /// ```
    pub fn verify_cached<'b, const N: usize>(
        &self,
        issuer: &Issuer<'t>,
        cache: &SignatureCache<N>,
        buf: &'b mut [u8],
    ) -> Result<Verified<'t, 'b>, Error> {
        self.verify_with(&[issuer], &|choice, input, signature| cache.verify(choice, input, signature), buf)
    }
}

impl<const N: usize> SignatureCache<N> {
    /// An empty cache.
    pub const fn new() -> Self {
        Self { entries: RefCell::new(Entries { slots: Vec::new(), uses: 0 }) }
    }

    /// Removes all signatures.
    pub fn clear(&self) {
        if let Ok(mut entries) = self.entries.try_borrow_mut() {
            entries.slots.clear();
        }
    }

    fn verify(&self, choice: &KeyChoice<'_>, signing_input: &[u8], signature: Signature<'_>) -> Result<(), Error> {
        let digest = Sha256::new()
            .chain_update([choice.key().algorithm().tag()])
            .chain_update(choice.key().public_key())
            .chain_update(signature.as_bytes())
            .chain_update(signing_input)
            .finalize()
            .into();
        // The borrow never fails: it lasts only for `recall` and `remember`, and neither calls back.
        if self.entries.try_borrow_mut().is_ok_and(|mut entries| entries.recall(&digest)) {
            return Ok(());
        }
        choice.verify(signing_input, signature)?;
        if let Ok(mut entries) = self.entries.try_borrow_mut() {
            entries.remember(digest);
        }
        Ok(())
    }
}

impl<const N: usize> Entries<N> {
    fn recall(&mut self, digest: &[u8; 32]) -> bool {
        let last_use = self.count();
        let entry = self.slots.iter_mut().find(|entry| entry.digest == *digest);
        entry.map(|entry| entry.last_use = last_use).is_some()
    }

    fn remember(&mut self, digest: [u8; 32]) {
        let entry = Entry { digest, last_use: self.count() };
        if let Err(entry) = self.slots.push(entry)
            && let Some(oldest) = self.slots.iter_mut().min_by_key(|entry| entry.last_use)
        {
            *oldest = entry;
        }
    }

    /// Returns the number of this use. When the numbers overflow, all entries are removed, so that none looks newer
    /// than it is.
    fn count(&mut self) -> u32 {
        self.uses = self.uses.checked_add(1).unwrap_or_else(|| {
            self.slots.clear();
            0
        });
        self.uses
    }
}

impl<const N: usize> Default for SignatureCache<N> {
    fn default() -> Self {
        Self::new()
    }
}

/// Omits the digests.
impl<const N: usize> fmt::Debug for SignatureCache<N> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("SignatureCache").finish_non_exhaustive()
    }
}

#[cfg(test)]
mod tests {
    use core::cell::Cell;

    use super::*;
    use crate::jose::{Algorithm, BackendError, Key, PublicKey, SignatureAlgorithm};

    /// Accepts every signature, and counts them.
    #[derive(Debug)]
    struct Accepting(Algorithm, Cell<usize>);

    impl SignatureAlgorithm for Accepting {
        fn algorithm(&self) -> Algorithm {
            self.0
        }

        fn verify(&self, _: &PublicKey<'_>, _: &[u8], _: Signature<'_>) -> Result<(), BackendError> {
            self.1.set(self.1.get() + 1);
            Ok(())
        }
    }

    /// Key, signature and signing input of one algorithm can concatenate to the same bytes as the other's: an
    /// ES256 key is 32 bytes longer. No JSON header starts both signing inputs, so that no token can show it.
    #[test]
    fn equal_bytes_of_another_algorithm_are_another_entry() {
        let bytes: [u8; 160] = core::array::from_fn(|at| u8::try_from(at % 16).unwrap());
        let part = |at: usize| bytes[at..].first_chunk().unwrap();
        let (es256, ed25519) = (Key::es256(part(0), part(32)), Key::ed25519(part(0)));
        let [one, other] = [Algorithm::Es256, Algorithm::EdDsa].map(|algorithm| Accepting(algorithm, Cell::new(0)));
        let cache = SignatureCache::<2>::new();
        for _ in 0..2 {
            let choice = KeyChoice::for_embedded_jwk(&es256, &one);
            assert_eq!(
                cache.verify(&choice, &bytes[128..], Signature::new(Algorithm::Es256, &bytes[64..128]).unwrap()),
                Ok(())
            );
            let choice = KeyChoice::for_embedded_jwk(&ed25519, &other);
            assert_eq!(
                cache.verify(&choice, &bytes[96..], Signature::new(Algorithm::EdDsa, &bytes[32..96]).unwrap()),
                Ok(())
            );
        }
        assert_eq!((one.1.get(), other.1.get()), (1, 1));
    }

    /// Looks up a digest, and remembers a missing one, as after a valid signature.
    fn is_hit(entries: &mut Entries<2>, digest: [u8; 32]) -> bool {
        let is_hit = entries.recall(&digest);
        if !is_hit {
            entries.remember(digest);
        }
        is_hit
    }

    #[test]
    fn largest_use_number_is_an_ordinary_use() {
        let mut entries = Entries::<2> { slots: Vec::new(), uses: u32::MAX - 3 };
        assert!(!is_hit(&mut entries, [1; 32]));
        assert!(is_hit(&mut entries, [1; 32]));
        assert_eq!(entries.uses, u32::MAX);
    }

    #[test]
    fn cache_is_cleared_when_use_numbers_overflow() {
        let [a, b, c] = [[1; 32], [2; 32], [3; 32]];
        for uses in u32::MAX - 12..=u32::MAX {
            let mut entries = Entries::<2> { slots: Vec::new(), uses };
            let (mut by_last_use, mut clears) = (std::vec::Vec::new(), 0);
            for digest in [a, b, a, c, a, b, a, c, a, b] {
                let before = entries.uses;
                let is_hit = is_hit(&mut entries, digest);
                if entries.uses < before {
                    by_last_use.clear();
                    clears += 1;
                }
                let index = by_last_use.iter().position(|known| *known == digest);
                index.map(|index| by_last_use.remove(index));
                by_last_use.push(digest);
                if by_last_use.len() > 2 {
                    by_last_use.remove(0);
                }
                assert_eq!(is_hit, index.is_some(), "{uses}");
                assert!(entries.slots.iter().all(|entry| by_last_use.contains(&entry.digest)), "{uses}");
                assert_eq!(entries.slots.len(), by_last_use.len(), "{uses}");
            }
            assert_eq!(clears, 1, "{uses}");
        }
    }
}
