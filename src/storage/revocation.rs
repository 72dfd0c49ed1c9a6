use core::fmt;
use core::ops::Deref;

use sha2::{Digest, Sha256};

use crate::claims::Claims;
use crate::error::Error;
use crate::jose::Key;
use crate::time::Now;
use crate::verify::Token;

/// Knows which tokens are void before they expire. A policy asks it after all else has passed, and before anything is used
/// up ([`AccessTokenPolicy::with_revocations`](crate::AccessTokenPolicy::with_revocations)).
///
/// [`RevocationList`](crate::RevocationList) is one in memory of a fixed size. Implement it for a store of your own.
///
/// # Example: a fleet's list, and one of the device's own
///
/// ```
/// use embedded_jwt::{AccessTokenPolicy, Error, Now, RevocationList, Revocations, TokenIdentity};
///
/// #[derive(Debug)]
/// struct BlockedClients(&'static [&'static str]);
///
/// impl Revocations for BlockedClients {
///     fn check(&self, token: &TokenIdentity<'_>, _now: Now) -> Result<(), Error> {
///         let is_blocked = token.client_id().is_none_or(|client| self.0.contains(&client));
///         if is_blocked { Err(Error::Revoked) } else { Ok(()) }
///     }
/// }
///
/// let list = RevocationList::<64>::new();
/// let blocked = BlockedClients(&["stolen-phone"]);
/// let both: [&dyn Revocations; 2] = [&list, &blocked];
/// let policy = AccessTokenPolicy::new("urn:device:pump-7").with_revocations(&both);
/// ```
pub trait Revocations: fmt::Debug {
    /// Lets pass what is not revoked.
    ///
    /// # Errors
    ///
    /// [`Error::Revoked`] for what is, and any other error if that cannot be told: it refuses the token all the same.
    fn check(&self, token: &TokenIdentity<'_>, now: Now) -> Result<(), Error>;
}

/// All of them are asked.
impl<const N: usize> Revocations for [&dyn Revocations; N] {
    fn check(&self, token: &TokenIdentity<'_>, now: Now) -> Result<(), Error> {
        self.iter().try_for_each(|revocations| revocations.check(token, now))
    }
}

/// What a token that is otherwise accepted can be revoked by: itself, or what it has in common with others. It derefs to
/// the token's [`Claims`].
#[derive(Clone, Copy)]
pub struct TokenIdentity<'x> {
    pub(crate) claims: &'x Claims<'x>,
    pub(crate) client_id: Option<&'x str>,
    pub(crate) key: &'x Key,
    pub(crate) signing_input: &'x [u8],
}

impl<'x> TokenIdentity<'x> {
    /// The client that the token was issued to (`client_id`); `None` also for kinds of tokens other than access tokens.
    pub fn client_id(&self) -> Option<&'x str> {
        self.client_id
    }

    /// The key that verified it.
    pub fn key(&self) -> &'x Key {
        self.key
    }

    /// As [`Token::signing_input_digest`]. It is computed anew at each call.
    pub fn signing_input_digest(&self) -> [u8; 32] {
        Sha256::digest(self.signing_input).into()
    }
}

impl<'x> Deref for TokenIdentity<'x> {
    type Target = Claims<'x>;

    fn deref(&self) -> &Claims<'x> {
        self.claims
    }
}

/// Without the values: they may be personal data.
impl fmt::Debug for TokenIdentity<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("TokenIdentity").finish_non_exhaustive()
    }
}

impl Token<'_> {
    /// The SHA-256 digest of what is signed: header, dot and payload as they stand in the text
    /// ([RFC 7515 section 5.1](https://www.rfc-editor.org/rfc/rfc7515#section-5.1)). The identity of a token that has no
    /// `jti`; the whole text is none, since an ES256 signature can be rewritten into another that holds.
    pub fn signing_input_digest(&self) -> [u8; 32] {
        Sha256::digest(self.signing_input).into()
    }
}
