//! Revocation: the trait [`Revocations`] that a policy consults, the properties of a token that it is given, and the
//! entries of a revocation list.

use core::fmt;
use core::ops::Deref;
use core::time::Duration;

use sha2::{Digest, Sha256};

use crate::claims::{Claims, Confirmation};
use crate::error::Error;
use crate::jose::{PublicKey, Thumbprint};
use crate::storage::expiring_set::{Entry, EntryId};
use crate::time::{Now, UnixTime};

/// A store that reports which tokens are revoked before they expire. A policy consults it after all other checks have
/// passed, and before anything is consumed
/// ([`AccessTokenPolicy::with_revocations`](crate::AccessTokenPolicy::with_revocations)).
///
/// [`RevocationList`](crate::RevocationList) does this in memory of a fixed size. Implement the trait for a store of
/// your own.
///
/// # Example: a revocation list and a store of your own
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
/// let mut list = RevocationList::<64>::new();
/// list.start_empty();
/// let blocked = BlockedClients(&["stolen-phone"]);
/// let both: [&dyn Revocations; 2] = [&list, &blocked];
/// let policy = AccessTokenPolicy::new("urn:device:pump-7").with_revocations(&both);
/// ```
pub trait Revocations: fmt::Debug {
    /// Accepts a token that is not revoked.
    ///
    /// # Errors
    ///
    /// [`Error::Revoked`] if the token is revoked, or any other error if that is unknown: either refuses the token.
    fn check(&self, token: &TokenIdentity<'_>, now: Now) -> Result<(), Error>;
}

/// Accepts a token only if every store accepts it, and otherwise returns the first error. An array without stores does
/// not compile:
///
/// ```compile_fail,E0080
/// # use embedded_jwt::{AccessTokenPolicy, Revocations};
/// let stores: [&dyn Revocations; 0] = [];
/// let policy = AccessTokenPolicy::new("urn:device:pump-7").with_revocations(&stores);
/// ```
impl<const N: usize> Revocations for [&dyn Revocations; N] {
    fn check(&self, token: &TokenIdentity<'_>, now: Now) -> Result<(), Error> {
        const { assert!(N > 0, "no store of revocations would accept every token") };
        self.iter().try_for_each(|revocations| revocations.check(token, now))
    }
}

/// The properties by which an otherwise accepted token can be revoked: its own identity, or values that it shares with
/// other tokens. It derefs to the token's [`Claims`].
#[derive(Clone, Copy)]
pub struct TokenIdentity<'x> {
    pub(crate) claims: &'x Claims<'x>,
    pub(crate) client_id: Option<&'x str>,
    pub(crate) key: &'x PublicKey<'x>,
    /// The token's text.
    pub(crate) text: &'x [u8],
    /// The leeway of the policy, in seconds.
    pub(crate) leeway: u64,
}

impl<'x> TokenIdentity<'x> {
    /// The client that the token was issued to (`client_id`). It is always `None` for tokens other than access tokens.
    pub fn client_id(&self) -> Option<&'x str> {
        self.client_id
    }

    /// The key or certificate that the token is bound to (`cnf`), or `None` if it is bound to none.
    ///
    /// # Errors
    ///
    /// [`Error::Invalid`] if `cnf` cannot be read: it is not known whom the token is bound to.
    pub fn confirmation(&self) -> Result<Option<Confirmation<'x>>, Error> {
        self.claims.payload().member("cnf").map(Confirmation::parse).transpose()
    }

    /// The moment from which the policy refuses the token for its age: `exp` plus the policy's leeway.
    pub fn usable_until(&self) -> UnixTime {
        self.claims.expires_at().plus(Duration::from_secs(self.leeway))
    }

    /// The key that verified the token.
    pub fn key(&self) -> &'x PublicKey<'x> {
        self.key
    }

    /// The SHA-256 digest of the signing input, as [`Token::signing_input_digest`](crate::Token::signing_input_digest).
    /// Each call computes it again.
    pub fn signing_input_digest(&self) -> [u8; 32] {
        let end = self.text.iter().rposition(|byte| *byte == b'.').unwrap_or_default();
        Sha256::digest(self.text.get(..end).unwrap_or_default()).into()
    }
}

impl TokenIdentity<'_> {
    /// The id that an entry of this kind has if it revokes the token, as [`Revocation::entry_id`].
    ///
    /// # Errors
    ///
    /// As [`confirmation`](Self::confirmation), for [`PROOF_KEY`].
    pub(super) fn entry_id(&self, kind: u8) -> Result<EntryId, Error> {
        let id_of = |first: &[u8], second: &[u8]| EntryId::new(kind, first, second);
        let id_at_issuer = |value: &str| id_of(self.issuer().as_bytes(), value.as_bytes());
        let id = match kind {
            TOKEN => self.jwt_id().map(id_at_issuer),
            SIGNING_INPUT => Some(id_of(&[], &self.signing_input_digest())),
            SUBJECT => self.subject().map(id_at_issuer),
            CLIENT => self.client_id().map(id_at_issuer),
            KEY => Some(id_of(&[], self.key().public_key())),
            PROOF_KEY => {
                let key = self.confirmation()?.and_then(|confirmation| confirmation.key());
                key.map(|key| id_of(&[], key.as_bytes()))
            }
            ISSUER => Some(id_at_issuer("")),
            ALL => Some(EVERY_TOKEN),
            _ => None,
        };
        Ok(id.unwrap_or(EntryId::NONE))
    }
}

impl<'x> Deref for TokenIdentity<'x> {
    type Target = Claims<'x>;

    fn deref(&self) -> &Claims<'x> {
        self.claims
    }
}

/// Omits the values: they may be personal data.
impl fmt::Debug for TokenIdentity<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("TokenIdentity").finish_non_exhaustive()
    }
}

/// A token, or a group of tokens, to revoke with [`RevocationList::revoke`](crate::RevocationList::revoke).
#[derive(Clone, Copy, PartialEq, Eq)]
#[non_exhaustive]
pub enum Revocation<'a> {
    /// The tokens of this issuer with this `jti`.
    Token {
        /// The issuer's name (`iss`).
        issuer: &'a str,
        /// The token's id (`jti`).
        jwt_id: &'a str,
    },
    /// The token with this [digest of its signing input](crate::Token::signing_input_digest), for a token that has no
    /// `jti`.
    SigningInput(&'a [u8; 32]),
    /// The tokens of this issuer for this subject that have no `iat`, or one before `issued_before`.
    Subject {
        /// The issuer's name (`iss`).
        issuer: &'a str,
        /// The subject (`sub`).
        subject: &'a str,
        /// Compared with the token's `iat`.
        issued_before: UnixTime,
    },
    /// The access tokens of this issuer for this client that have no `iat`, or one before `issued_before`. Tokens
    /// without a `client_id`, such as from issuers older than RFC 9068, are not included: revoke the subject or the
    /// issuer.
    Client {
        /// The issuer's name (`iss`).
        issuer: &'a str,
        /// The client (`client_id`).
        client_id: &'a str,
        /// Compared with the token's `iat`.
        issued_before: UnixTime,
    },
    /// The tokens that this key verifies, under any `kid`, that have no `iat`, or one before `issued_before`.
    Key {
        /// The key; its `kid` is ignored.
        key: &'a PublicKey<'a>,
        /// Compared with the token's `iat`.
        issued_before: UnixTime,
    },
    /// The tokens that are bound to the key with this thumbprint (`cnf` with `jkt`), as the keys of DPoP proofs are,
    /// from any issuer, that have no `iat`, or one before `issued_before`.
    ProofKey {
        /// The thumbprint of the client's key.
        thumbprint: Thumbprint,
        /// Compared with the token's `iat`.
        issued_before: UnixTime,
    },
    /// The tokens of this issuer that have no `iat`, or one before `issued_before`.
    Issuer {
        /// The issuer's name (`iss`).
        issuer: &'a str,
        /// Compared with the token's `iat`.
        issued_before: UnixTime,
    },
    /// All tokens that have no `iat`, or one before `issued_before`. This takes no slot in the list, and frees slots by
    /// removing the entries that it makes redundant. These are only groups from before that time, unless it is
    /// `i64::MAX`, since the issue time of a single token is unknown. It takes a slot only while an earlier `All` is in
    /// force that it does not include: one with a later `issued_before` or a later `until`.
    All {
        /// Compared with the token's `iat`.
        issued_before: UnixTime,
    },
}

impl Revocation<'_> {
    /// The entry of the list, in force until `until`. Its detail is the time of issue before which tokens are revoked.
    pub(super) fn entry(&self, until: UnixTime) -> Entry {
        Entry { id: self.entry_id(), detail: self.issued_before(), until }
    }

    fn entry_id(&self) -> EntryId {
        match self {
            Self::Token { issuer, jwt_id } => EntryId::new(TOKEN, issuer.as_bytes(), jwt_id.as_bytes()),
            Self::SigningInput(digest) => EntryId::new(SIGNING_INPUT, &[], *digest),
            Self::Subject { issuer, subject, .. } => EntryId::new(SUBJECT, issuer.as_bytes(), subject.as_bytes()),
            Self::Client { issuer, client_id, .. } => EntryId::new(CLIENT, issuer.as_bytes(), client_id.as_bytes()),
            Self::Key { key, .. } => EntryId::new(KEY, &[], key.public_key()),
            Self::ProofKey { thumbprint, .. } => EntryId::new(PROOF_KEY, &[], thumbprint.as_bytes()),
            Self::Issuer { issuer, .. } => EntryId::new(ISSUER, issuer.as_bytes(), &[]),
            Self::All { .. } => EVERY_TOKEN,
        }
    }

    fn issued_before(&self) -> i64 {
        match self {
            Self::Token { .. } | Self::SigningInput(_) => ANY_TIME,
            Self::Subject { issued_before, .. }
            | Self::Client { issued_before, .. }
            | Self::Key { issued_before, .. }
            | Self::ProofKey { issued_before, .. }
            | Self::Issuer { issued_before, .. }
            | Self::All { issued_before } => issued_before.as_secs(),
        }
    }
}

/// Shows only the kind: subjects may be personal data.
impl fmt::Debug for Revocation<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::Token { .. } => "Token",
            Self::SigningInput(_) => "SigningInput",
            Self::Subject { .. } => "Subject",
            Self::Client { .. } => "Client",
            Self::Key { .. } => "Key",
            Self::ProofKey { .. } => "ProofKey",
            Self::Issuer { .. } => "Issuer",
            Self::All { .. } => "All",
        })
    }
}

/// The latest representable time. As a time of issue, it means any time, this one included: a token can claim to have
/// been issued then. A single token is revoked whenever it was issued.
pub(super) const ANY_TIME: i64 = i64::MAX;

/// The id of [`Revocation::All`].
pub(super) const EVERY_TOKEN: EntryId = EntryId::from_digest(ALL, [0; 16]);

// The kinds of entries. Snapshots contain these numbers.
pub(super) const TOKEN: u8 = 1;
const SIGNING_INPUT: u8 = 2;
const SUBJECT: u8 = 3;
const CLIENT: u8 = 4;
const KEY: u8 = 5;
const ISSUER: u8 = 6;
const PROOF_KEY: u8 = 7;
pub(super) const ALL: u8 = 8;
/// The number of kinds, with 0, which no entry has.
pub(super) const KIND_COUNT: usize = 9;
