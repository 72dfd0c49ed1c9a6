use core::fmt;

use crate::error::Error;
use crate::jose::Key;
use crate::storage::expiring_set::{ANY_TIME, Coverage, EntryId, ExpiringSet, TokenLifetime};
use crate::storage::{Revocations, TokenIdentity};
use crate::time::{Now, UnixTime};

/// Revoked tokens, and groups of tokens, in `N` places of 32 bytes each.
///
/// An entry goes when all that it voids has expired, and only then: a list that is full refuses the next entry
/// ([`Error::Full`]). [`Revocation::All`] needs no place, so that there is always a way to void the token in question, and
/// others with it.
///
/// If the clock is set back, an entry that went does not come to matter again: a token that expires no later than what went
/// is refused as expired, whatever the clock and the leeway say.
///
/// # Example: a lost phone
///
/// ```
/// use core::time::Duration;
/// use embedded_jwt::{AccessTokenPolicy, Error, Revocation, RevocationList, UnixTime};
///
/// /// Tokens live no longer than this, which the policy insists on.
/// const MAX_LIFETIME: i64 = 300;
/// /// How far the issuer's clock may be ahead.
/// const LEEWAY: i64 = 60;
///
/// fn revoke(list: &mut RevocationList<64>, client_id: &str, now: UnixTime) -> Result<(), Error> {
///     // Also what is issued in this very second, by a clock that is ahead.
///     let issued_before = UnixTime::from_secs(now.as_secs() + LEEWAY + 1);
///     let until = UnixTime::from_secs(issued_before.as_secs() + MAX_LIFETIME);
///     let phone = Revocation::Client { issuer: "https://idp.example.com", client_id, issued_before };
///     match list.revoke(phone, until, now) {
///         Err(Error::Full) => list.revoke(Revocation::All { issued_before }, until, now),
///         other => other,
///     }
/// }
///
/// let mut list = RevocationList::<64>::new();
/// revoke(&mut list, "stolen-phone", UnixTime::from_secs(1_768_478_400))?;
/// let policy = AccessTokenPolicy::new("urn:device:pump-7")
///     .with_max_lifetime(Duration::from_secs(MAX_LIFETIME as u64))
///     .with_revocations(&list);
/// # Ok::<(), Error>(())
/// ```
///
/// # Example: over a power cut
///
/// Flash can be cut off while it is written, so keep two snapshots and write over the older one. A cut leaves one that is
/// torn, which [`restore`](Self::restore) refuses, and the one before.
///
/// ```
/// use embedded_jwt::{Error, RevocationList};
///
/// const PAGE: usize = RevocationList::<64>::SNAPSHOT_LEN;
///
/// struct Flash {
///     pages: [[u8; PAGE]; 2],
///     newest: usize,
/// }
///
/// /// Whether all that was revoked is known. `least` comes from a counter that cannot be set back, if the device has one,
/// /// which is raised after each save; otherwise it is 0.
/// fn start(flash: &mut Flash, list: &mut RevocationList<64>, least: u64) -> bool {
///     let mut is_known = flash.pages.iter().flatten().all(|byte| *byte == 0xff); // never written
///     for (place, page) in flash.pages.iter().enumerate() {
///         match list.restore(page, least) {
///             Ok(()) => (is_known, flash.newest) = (true, place),
///             // Torn, or the older of the two after the newer one.
///             Err(Error::Malformed(_) | Error::RolledBack) => {}
///             Err(_) => return false,
///         }
///     }
///     is_known && list.generation() >= least
/// }
///
/// fn save(flash: &mut Flash, list: &RevocationList<64>) -> Result<(), Error> {
///     let older = 1 - flash.newest;
///     list.snapshot(&mut flash.pages[older])?; // a real flash is written from a buffer
///     flash.newest = older;
///     Ok(())
/// }
/// # let mut flash = Flash { pages: [[0xff; PAGE]; 2], newest: 0 };
/// # let mut list = RevocationList::new();
/// # assert!(start(&mut flash, &mut list, 0) && !start(&mut flash, &mut list, 1));
/// # for issued_before in [1, 2, 3].map(embedded_jwt::UnixTime::from_secs) {
/// #     list.revoke(embedded_jwt::Revocation::All { issued_before }, issued_before, issued_before)?;
/// #     save(&mut flash, &list)?;
/// #     let mut restored = RevocationList::new();
/// #     assert!(start(&mut flash, &mut restored, list.generation()));
/// # }
/// # Ok::<(), Error>(())
/// ```
#[derive(Clone, Default)]
pub struct RevocationList<const N: usize> {
    set: ExpiringSet<N>,
}

/// What is revoked.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub enum Revocation<'a> {
    /// The tokens of an issuer with this `jti`.
    Token {
        /// The issuer's name (`iss`).
        issuer: &'a str,
        /// `jti`
        jwt_id: &'a str,
    },
    /// The token with this [digest of its signing input](crate::Token::signing_input_digest): for one that has no `jti`.
    SigningInput(&'a [u8; 32]),
    /// The tokens of an issuer for a subject, if they have no `iat` or were issued before a moment.
    Subject {
        /// The issuer's name (`iss`).
        issuer: &'a str,
        /// `sub`
        subject: &'a str,
        /// Compared with `iat`.
        issued_before: UnixTime,
    },
    /// The access tokens of an issuer for a client, if they have no `iat` or were issued before a moment. Those that lack
    /// `client_id`, as of issuers older than RFC 9068, are not among them: revoke the subject or the issuer.
    Client {
        /// The issuer's name (`iss`).
        issuer: &'a str,
        /// `client_id`
        client_id: &'a str,
        /// Compared with `iat`.
        issued_before: UnixTime,
    },
    /// The tokens that this key verifies, whatever its `kid`, if they have no `iat` or were issued before a moment.
    Key {
        /// The key; its `kid` plays no part.
        key: &'a Key,
        /// Compared with `iat`.
        issued_before: UnixTime,
    },
    /// The tokens of an issuer, if they have no `iat` or were issued before a moment.
    Issuer {
        /// The issuer's name (`iss`).
        issuer: &'a str,
        /// Compared with `iat`.
        issued_before: UnixTime,
    },
    /// All tokens, if they have no `iat` or were issued before a moment. It takes no place in the list, and makes place by
    /// removing what it covers: groups from before that moment, and nothing else, unless it is `i64::MAX`, since nobody
    /// knows when a single token was issued.
    All {
        /// Compared with `iat`.
        issued_before: UnixTime,
    },
}

impl<const N: usize> RevocationList<N> {
    /// A list without entries.
    pub const fn new() -> Self {
        Self { set: ExpiringSet::new() }
    }

    /// Revokes from now on. To revoke the same again takes no further place; the later of two times counts.
    ///
    /// `until` is the latest `exp` of any token that it voids: that of the one token, or `issued_before` plus the longest
    /// lifetime, which [`with_max_lifetime`](crate::AccessTokenPolicy::with_max_lifetime) makes sure of. From then on it
    /// voids only what has expired too, and the entry may go.
    ///
    /// `issued_before` is compared with the issuer's clock: add the leeway to the time, and a second. Who holds a stolen key
    /// chooses all times: void it for all of them (`i64::MAX` for both), or take it out of the key set.
    ///
    /// Where the clock is not set, `now` is the [`TimeFloor`](crate::TimeFloor), but `issued_before` and `until` have to come
    /// from who revokes, or be `i64::MAX`: the floor may be far behind.
    ///
    /// # Errors
    ///
    /// [`Error::Full`] if there is no place, also after those that may go have gone. Then nothing is changed but these.
    pub fn revoke(&mut self, revocation: Revocation<'_>, until: UnixTime, now: UnixTime) -> Result<(), Error> {
        let span = Coverage { before: revocation.issued_before(), until };
        match revocation.name() {
            Some(name) => self.set.insert(name, span, now).map(|_| ()),
            None => {
                self.set.insert_catch_all(span);
                Ok(())
            }
        }
    }

    /// How many places are taken, also by entries that may go.
    pub fn len(&self) -> usize {
        self.set.len()
    }

    /// Whether no place is taken.
    pub fn is_empty(&self) -> bool {
        self.len() == 0
    }

    /// The length of the [`snapshot`](Self::snapshot) of a full list, in bytes.
    pub const SNAPSHOT_LEN: usize = ExpiringSet::<N>::SNAPSHOT_LEN;

    /// How often the list has changed. Where the device has a counter that cannot be set back, keep the generation of the
    /// last snapshot in it.
    pub fn generation(&self) -> u64 {
        self.set.generation()
    }

    /// Writes all that it holds to the front of `buf`, and returns that.
    ///
    /// A digest in it shows [`restore`](Self::restore) what a power cut has torn or a worn cell has altered. It does not
    /// keep out who can write the flash: such a person can compute the digest too.
    ///
    /// # Errors
    ///
    /// [`Error::BufferTooSmall`] if `buf` is shorter than that takes; [`SNAPSHOT_LEN`](Self::SNAPSHOT_LEN) always suffices.
    pub fn snapshot<'s>(&self, buf: &'s mut [u8]) -> Result<&'s [u8], Error> {
        self.set.snapshot(KIND, buf)
    }

    /// Replaces all that it holds by that of a snapshot, or nothing if there is an error. The list that it was taken of may
    /// have had other places, and what follows it in `snapshot` is not looked at: a whole page of flash will do.
    ///
    /// An old snapshot would un-revoke: `least_generation` is the least that is accepted. It is never less than that of
    /// the list itself. Restore before you revoke: what a list had before is gone.
    ///
    /// # Errors
    ///
    /// - [`Error::Malformed`]: it is no snapshot of a revocation list of this version, or it is torn or altered.
    /// - [`Error::RolledBack`]: its generation is too old.
    /// - [`Error::Full`]: it has more than `N` entries.
    pub fn restore(&mut self, snapshot: &[u8], least_generation: u64) -> Result<(), Error> {
        self.set.restore(KIND, snapshot, least_generation)
    }
}

impl<const N: usize> Revocations for RevocationList<N> {
    /// # Errors
    ///
    /// - [`Error::Expired`]: it expires no later than an entry that has gone, which might have voided it.
    /// - [`Error::Revoked`]: an entry voids it.
    fn check(&self, token: &TokenIdentity<'_>, now: Now) -> Result<(), Error> {
        let (life, now) = (TokenLifetime { began: token.issued_at(), ends: token.expires_at() }, now.earliest());
        if life.ends <= self.set.latest_evicted() {
            return Err(Error::Expired);
        }
        if self.set.catch_all_covers(life, now) {
            return Err(Error::Revoked);
        }
        // A digest takes a while, that of the signing input most: only those are computed that the list can have. And the
        // list is long: one pass for all of them.
        let kinds = self.set.kinds();
        let has = |kind: u8| kinds & 1_u32.wrapping_shl(kind.into()) != 0;
        let name = |kind, first: &[u8], second: &[u8]| has(kind).then(|| EntryId::new(kind, first, second));
        let of_issuer = |kind, id: Option<&str>| id.and_then(|id| name(kind, token.issuer().as_bytes(), id.as_bytes()));
        let names = [
            None,
            of_issuer(TOKEN, token.jwt_id()),
            has(SIGNING_INPUT).then(|| EntryId::new(SIGNING_INPUT, &[], &token.signing_input_digest())),
            of_issuer(SUBJECT, token.subject()),
            of_issuer(CLIENT, token.client_id()),
            name(KEY, &[], token.key().public_key()),
            of_issuer(ISSUER, Some("")),
        ];
        if self.set.covers_any(&names, life, now) { Err(Error::Revoked) } else { Ok(()) }
    }
}

impl Revocation<'_> {
    /// `None` for that which needs none, and takes no place.
    fn name(&self) -> Option<EntryId> {
        Some(match self {
            Self::Token { issuer, jwt_id } => EntryId::new(TOKEN, issuer.as_bytes(), jwt_id.as_bytes()),
            Self::SigningInput(digest) => EntryId::new(SIGNING_INPUT, &[], *digest),
            Self::Subject { issuer, subject, .. } => EntryId::new(SUBJECT, issuer.as_bytes(), subject.as_bytes()),
            Self::Client { issuer, client_id, .. } => EntryId::new(CLIENT, issuer.as_bytes(), client_id.as_bytes()),
            Self::Key { key, .. } => EntryId::new(KEY, &[], key.public_key()),
            Self::Issuer { issuer, .. } => EntryId::new(ISSUER, issuer.as_bytes(), &[]),
            Self::All { .. } => return None,
        })
    }

    /// A single token is void whenever it was issued.
    fn issued_before(&self) -> UnixTime {
        match self {
            Self::Token { .. } | Self::SigningInput(_) => ANY_TIME,
            Self::Subject { issued_before, .. }
            | Self::Client { issued_before, .. }
            | Self::Key { issued_before, .. }
            | Self::Issuer { issued_before, .. }
            | Self::All { issued_before } => *issued_before,
        }
    }
}

/// Without the digests: it is part of every trait object, and those would bring the machinery that formats numbers.
impl<const N: usize> fmt::Debug for RevocationList<N> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("RevocationList").finish_non_exhaustive()
    }
}

/// Distinguishes its snapshots from those of other sets.
const KIND: u8 = b'R';

// The kinds of names. Snapshots hold them.
const TOKEN: u8 = 1;
const SIGNING_INPUT: u8 = 2;
const SUBJECT: u8 = 3;
const CLIENT: u8 = 4;
const KEY: u8 = 5;
const ISSUER: u8 = 6;
