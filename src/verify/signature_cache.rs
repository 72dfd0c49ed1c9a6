//! Valid signatures that are remembered.

use core::cell::RefCell;
use core::fmt;

use heapless::Vec;
use sha2::{Digest, Sha256};

use super::issuer::KeyChoice;
use super::{Issuer, Token, Verified};
use crate::error::Error;
use crate::jose::Signature;

/// Remembers the last `N` signatures that held, in 36 bytes each, so that a token which comes again with each request is not
/// verified each time: [`Token::verify_cached`].
///
/// Only the curve arithmetic is left out, and only for the same key, signing input and signature, byte for byte. All else
/// is checked each time: the header, that the issuer still has the key, the claims, the time, and what the policy asks
/// for. What was used longest ago goes first.
///
/// It can be shared by all handlers of one executor. [`clear`](Self::clear) it when a backend turns out to be
/// [broken](crate::self_test()).
pub struct SignatureCache<const N: usize> {
    entries: RefCell<Entries<N>>,
}

struct Entries<const N: usize> {
    held: Vec<Entry, N>,
    /// Counts the uses.
    uses: u32,
}

struct Entry {
    /// Of key, signing input and signature.
    digest: [u8; 32],
    last_use: u32,
}

impl<'t> Token<'t> {
    /// As [`verify`](Self::verify), but a signature that the cache remembers is not verified again.
    ///
    /// # Errors
    ///
    /// As [`verify`](Self::verify).
    ///
    /// # Example: a client that asks again and again
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
    /// A cache that remembers nothing yet.
    pub const fn new() -> Self {
        Self { entries: RefCell::new(Entries { held: Vec::new(), uses: 0 }) }
    }

    /// Forgets all signatures.
    pub fn clear(&self) {
        if let Ok(mut entries) = self.entries.try_borrow_mut() {
            entries.held.clear();
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
        // Borrowed only for these two calls, neither of which calls back: never refused.
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
        let entry = self.held.iter_mut().find(|entry| entry.digest == *digest);
        entry.map(|entry| entry.last_use = last_use).is_some()
    }

    fn remember(&mut self, digest: [u8; 32]) {
        let entry = Entry { digest, last_use: self.count() };
        if let Err(entry) = self.held.push(entry)
            && let Some(oldest) = self.held.iter_mut().min_by_key(|entry| entry.last_use)
        {
            *oldest = entry;
        }
    }

    /// The number of this use. After the last number all entries are latest_evicted, so that none looks newer than it is.
    fn count(&mut self) -> u32 {
        self.uses = self.uses.checked_add(1).unwrap_or_else(|| {
            self.held.clear();
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

/// Without the digests.
impl<const N: usize> fmt::Debug for SignatureCache<N> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("SignatureCache").finish_non_exhaustive()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// Asks for it and, as after a signature that holds, remembers it.
    fn is_hit(entries: &mut Entries<2>, digest: [u8; 32]) -> bool {
        let is_hit = entries.recall(&digest);
        if !is_hit {
            entries.remember(digest);
        }
        is_hit
    }

    #[test]
    fn the_last_number_of_a_use_is_a_use_like_others() {
        let mut entries = Entries::<2> { held: Vec::new(), uses: u32::MAX - 3 };
        assert!(!is_hit(&mut entries, [1; 32]));
        assert!(is_hit(&mut entries, [1; 32]));
        assert_eq!(entries.uses, u32::MAX);
    }

    #[test]
    fn after_the_last_number_of_a_use_it_begins_anew() {
        let [a, b, c] = [[1; 32], [2; 32], [3; 32]];
        for uses in u32::MAX - 12..=u32::MAX {
            let mut entries = Entries::<2> { held: Vec::new(), uses };
            let (mut by_last_use, mut begins) = (std::vec::Vec::new(), 0);
            for digest in [a, b, a, c, a, b, a, c, a, b] {
                let before = entries.uses;
                let is_hit = is_hit(&mut entries, digest);
                if entries.uses < before {
                    by_last_use.clear();
                    begins += 1;
                }
                let place = by_last_use.iter().position(|held| *held == digest);
                place.map(|place| by_last_use.remove(place));
                by_last_use.push(digest);
                if by_last_use.len() > 2 {
                    by_last_use.remove(0);
                }
                assert_eq!(is_hit, place.is_some(), "{uses}");
                assert!(entries.held.iter().all(|entry| by_last_use.contains(&entry.digest)), "{uses}");
                assert_eq!(entries.held.len(), by_last_use.len(), "{uses}");
            }
            assert_eq!(begins, 1, "{uses}");
        }
    }
}
