//! The model of a replay window: every id that was ever used, and which ids may be forgotten.

use embedded_jwt::{Error, SingleUse, UnixTime};

use super::allowed::Allowed;
use super::minted::{MAX_LEEWAY, Minted, Proof, THUMBPRINTS};

#[derive(Clone, Debug)]
pub struct UsedIds {
    pub capacity: usize,
    pub share: usize,
    pub is_open: bool,
    used: Vec<Used>,
    /// The latest end of an id that may have been evicted.
    latest_evicted: i64,
}

/// An id, written out.
#[derive(Clone, Copy, Debug)]
pub struct Id {
    /// A media type in its short form, and in lower case.
    pub kind: &'static str,
    pub scope: &'static [u8],
    pub id: &'static str,
    pub owner: (&'static [u8], &'static str),
    pub until: i64,
    pub origin: Origin,
}

/// Where an id comes from.
#[derive(Clone, Copy, Debug)]
pub enum Origin {
    Application,
    Token(&'static Minted),
    Proof { proof: Proof, is_fresh_by_nonce: bool },
}

#[derive(Clone, Copy, Debug)]
struct Used {
    id: Id,
    /// Whether the same id was used again after this use had ended.
    is_replaced: bool,
    /// Whether it had ended when another id may have taken its slot.
    may_be_evicted: bool,
}

impl Id {
    /// The id of a token whose client is the key of a proof, or is named in the token.
    pub fn of_token(token: &'static Minted, proof_key: Option<usize>) -> Self {
        let client = token.client_id.filter(|_| !token.is_command).or(token.subject).unwrap_or_default();
        Self {
            kind: if token.is_command { "cmd+jwt" } else { "at+jwt" },
            scope: token.issuer.as_bytes(),
            id: token.jwt_id.unwrap(),
            owner: proof_key.map_or((token.issuer.as_bytes(), client), |key| (&THUMBPRINTS[key], "")),
            until: token.expires_at + MAX_LEEWAY,
            origin: Origin::Token(token),
        }
    }

    pub fn of_proof(proof: Proof, is_fresh_by_nonce: bool, until: i64) -> Self {
        let key = &THUMBPRINTS[proof.key][..];
        let origin = Origin::Proof { proof, is_fresh_by_nonce };
        Self { kind: "dpop+jwt", scope: key, id: proof.jwt_id, owner: (key, ""), until, origin }
    }

    /// The same id as the application makes it, with this spelling of its kind.
    pub fn single_use(&self, kind: &str) -> SingleUse {
        let id = SingleUse::new(kind, self.scope, self.id, UnixTime::from_secs(self.until));
        if self.owner == (self.scope, "") { id } else { id.with_owner(self.owner.0, self.owner.1.as_bytes()) }
    }

    fn is_same(&self, other: &Self) -> bool {
        (self.kind, self.scope, self.id) == (other.kind, other.scope, other.id)
    }

    /// Whether it must never be used after the other id: both are of the same token, or of the same proof and no nonce
    /// shows that the proof is fresh.
    fn repeats(&self, other: &Self) -> bool {
        match (self.origin, other.origin) {
            (Origin::Token(token), Origin::Token(other)) => token.number == other.number,
            (Origin::Proof { proof, is_fresh_by_nonce: false }, Origin::Proof { proof: other, .. }) => {
                proof.is_same(&other)
            }
            _ => false,
        }
    }
}

impl Used {
    /// Whether the id is certainly in the window.
    fn is_kept(&self) -> bool {
        !self.is_replaced && !self.may_be_evicted
    }
}

impl UsedIds {
    pub fn closed(capacity: usize, share: usize) -> Self {
        Self { capacity, share, is_open: false, used: Vec::new(), latest_evicted: i64::MIN }
    }

    pub fn clear(&mut self) {
        *self = Self { is_open: true, ..Self::closed(self.capacity, self.share) };
    }

    /// The fewest and the most slots that can be in use.
    pub fn len(&self) -> [usize; 2] {
        self.count(|_| true)
    }

    /// Counts ids: the fewest and the most that the window can have.
    fn count(&self, is_counted: impl Fn(&Used) -> bool) -> [usize; 2] {
        let stored = || self.used.iter().filter(|used| !used.is_replaced && is_counted(used));
        [stored().filter(|used| !used.may_be_evicted).count(), stored().count()]
    }

    /// The outcomes of using these ids, all or none.
    pub fn allows(&self, ids: &[Id], now: Option<i64>) -> Allowed {
        let mut allowed = Allowed::refused(!self.is_open, !self.is_open, Error::NotOpened)
            .and_then(|| Allowed::refused(now.is_none(), now.is_none(), Error::ClockNotSet));
        let now = now.unwrap_or_default();
        for (at, id) in ids.iter().enumerate() {
            allowed = allowed.and_then(|| self.allows_one(id, &ids[at + 1..], now));
        }
        for id in ids {
            allowed = allowed.and_then(|| {
                let new = ids.iter().filter(|other| other.owner == id.owner).count();
                let [fewest, most] = self.count(|used| used.id.until > now && used.id.owner == id.owner);
                Allowed::refused(most + new > self.share, fewest + new > self.share, Error::ShareFull)
            });
        }
        allowed.and_then(|| {
            let [fewest, most] = self.count(|used| used.id.until > now).map(|live| live + ids.len());
            Allowed::refused(most > self.capacity, fewest > self.capacity, Error::Full)
        })
    }

    fn allows_one(&self, id: &Id, others: &[Id], now: i64) -> Allowed {
        let is_over = id.until <= now;
        Allowed::refused(is_over, is_over, Error::EntryExpired).and_then(|| {
            let same = || self.used.iter().filter(|used| used.id.is_same(id));
            let is_twice = others.iter().any(|other| other.is_same(id));
            let must = same().any(|used| id.until <= used.id.until || now < used.id.until && used.is_kept());
            let may = same().any(|used| now < used.id.until) || id.until <= self.latest_evicted;
            let is_proof = matches!(id.origin, Origin::Proof { .. });
            let error = if is_proof { Error::ProofReplayed } else { Error::Replayed };
            Allowed::refused(may, must || is_twice, error)
        })
    }

    /// Nothing is accepted a second time. This does not depend on how long the ids are remembered.
    pub fn check_is_new(&self, id: &Id) {
        assert!(!self.used.iter().any(|used| id.repeats(&used.id)), "{id:?} was used: {self:?}");
    }

    /// Records the use of ids, which the window with `len` slots in use has accepted.
    pub fn consume(&mut self, ids: &[Id], now: i64, len: usize) {
        let mut replaced = 0;
        for used in self.used.iter_mut().filter(|used| !used.is_replaced) {
            if ids.iter().any(|id| id.is_same(&used.id)) {
                replaced += usize::from(!used.may_be_evicted);
                used.is_replaced = true;
                self.latest_evicted = self.latest_evicted.max(used.id.until);
            }
        }
        if len - replaced + ids.len() > self.capacity {
            self.evict(now);
        }
        self.used.extend(ids.iter().map(|id| Used { id: *id, is_replaced: false, may_be_evicted: false }));
    }

    /// Records that ids were used and released at once.
    pub fn consume_and_release(&mut self, ids: &[Id], now: i64, len: usize) {
        if len + ids.len() > self.capacity {
            self.evict(now);
        }
        // Earlier uses of the same ids have ended. The new uses have replaced them, and were released.
        for used in self.used.iter_mut().filter(|used| !used.is_replaced) {
            if ids.iter().any(|id| id.is_same(&used.id)) {
                used.may_be_evicted = true;
                self.latest_evicted = self.latest_evicted.max(used.id.until);
            }
        }
    }

    /// Evicts the ids that are over.
    fn evict(&mut self, now: i64) {
        for used in self.used.iter_mut().filter(|used| !used.is_replaced && used.id.until <= now) {
            used.may_be_evicted = true;
            self.latest_evicted = self.latest_evicted.max(used.id.until);
        }
    }

    /// The outcomes of restoring a snapshot with `len` ids into a window of this capacity.
    pub fn allows_restore(&self, len: usize, now: i64) -> Allowed {
        let [live, most_live] = self.count(|used| used.id.until > now);
        let may = len > self.capacity && most_live > self.capacity;
        Allowed::refused(may, live > self.capacity, Error::Full)
    }

    /// Restores a snapshot with `len` ids.
    pub fn restore(&mut self, len: usize, now: i64) {
        self.is_open = true;
        if len > self.capacity {
            self.evict(now);
        }
    }
}
