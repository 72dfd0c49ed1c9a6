//! The model of a revocation list: all revocations so far, and which of them may be forgotten.

use arbitrary::{Result, Unstructured};
use embedded_jwt::{Error, Revocation, Thumbprint, UnixTime};

use super::allowed::Allowed;
use super::minted::{IDS, ISSUERS, KEYS, Minted, THUMBPRINTS, choose_common, token};

#[derive(Clone, Debug)]
pub struct RevokedTokens {
    pub capacity: usize,
    pub is_open: bool,
    revoked: Vec<Revoked>,
    /// The latest end of a revocation that may have been evicted.
    latest_evicted: i64,
}

#[derive(Clone, Copy, Debug)]
struct Revoked {
    target: Target,
    before: i64,
    until: i64,
    /// Whether it is the single entry for all tokens that needs no slot.
    is_free: bool,
    /// Whether a later entry covers it, or has replaced it as the entry that needs no slot.
    is_replaced: bool,
    /// Whether it had ended when another entry may have replaced it.
    may_be_evicted: bool,
}

impl RevokedTokens {
    pub fn closed(capacity: usize) -> Self {
        Self { capacity, is_open: false, revoked: Vec::new(), latest_evicted: i64::MIN }
    }

    pub fn clear(&mut self) {
        *self = Self { is_open: true, ..Self::closed(self.capacity) };
    }

    /// The fewest and the most slots that can be in use.
    pub fn len(&self) -> [usize; 2] {
        self.count(|_| true)
    }

    /// Counts entries in slots: the fewest and the most that the list can have.
    fn count(&self, is_counted: impl Fn(&Revoked) -> bool) -> [usize; 2] {
        let in_slots = || self.revoked.iter().filter(|entry| entry.is_in_slot() && is_counted(entry));
        [in_slots().filter(|entry| !entry.may_be_evicted).count(), in_slots().count()]
    }

    pub fn allows_change(&self, now: Option<i64>) -> Allowed {
        Allowed::refused(!self.is_open, !self.is_open, Error::NotOpened)
            .and_then(|| Allowed::refused(now.is_none(), now.is_none(), Error::ClockNotSet))
    }

    pub fn allows(&self, target: Target, before: i64, until: i64, now: Option<i64>) -> Allowed {
        let new = Revoked::new(target, before, until);
        self.allows_change(now).and_then(|| {
            let now = now.unwrap();
            let is_over = until <= now;
            Allowed::refused(is_over, is_over, Error::EntryExpired).and_then(|| {
                if self.has(&new, true) || !self.needs_slot(&new, now) {
                    return Allowed::ACCEPTED;
                }
                let [others, most_others] = self.count(|entry| entry.until > now && !new.covers_name_of(entry));
                let fits_anyway = self.has(&new, false);
                let is_full = others >= self.capacity;
                Allowed::refused(most_others >= self.capacity, is_full && !fits_anyway, Error::Full)
            })
        })
    }

    /// Records a revocation that the list with `len` slots in use has accepted.
    pub fn revoke(&mut self, target: Target, before: i64, until: i64, now: i64, len: usize, has_changed: bool) {
        let mut new = Revoked::new(target, before, until);
        if !has_changed {
            assert!(self.has(&new, false), "{new:?} was not stored: {self:?}");
            return;
        }
        let needs_slot = self.needs_slot(&new, now);
        assert!(!needs_slot || !self.has(&new, true), "{new:?} was stored again: {self:?}");
        new.is_free = !needs_slot;
        let mut latest_evicted = self.latest_evicted;
        let mut evict = |entry: &mut Revoked| {
            entry.may_be_evicted = true;
            latest_evicted = latest_evicted.max(entry.until);
        };
        if needs_slot {
            let mut has_replaced = false;
            for entry in self.revoked.iter_mut().filter(|entry| entry.is_in_slot() && entry.target == target) {
                let is_over = entry.until <= now;
                has_replaced |= !entry.may_be_evicted && (is_over || new.covers(entry));
                if new.covers(entry) {
                    entry.is_replaced = true;
                } else if is_over {
                    evict(entry);
                }
            }
            if !has_replaced && len == self.capacity {
                self.revoked.iter_mut().filter(|entry| entry.is_in_slot() && entry.until <= now).for_each(evict);
            }
        } else {
            for entry in &mut self.revoked {
                let takes_its_place = entry.is_free && !entry.is_replaced;
                if takes_its_place && !new.covers(entry) {
                    evict(entry);
                }
                entry.is_replaced |= takes_its_place || new.covers(entry);
            }
        }
        self.latest_evicted = latest_evicted;
        self.revoked.push(new);
    }

    /// The outcomes of restoring a snapshot with `len` entries in slots into a list of this capacity.
    pub fn allows_restore(&self, len: usize, now: i64) -> Allowed {
        let [live, most_live] = self.count(|entry| entry.until > now);
        let may = len > self.capacity && most_live > self.capacity;
        Allowed::refused(may, live > self.capacity, Error::Full)
    }

    /// Restores a snapshot with `len` entries in slots.
    pub fn restore(&mut self, len: usize, now: i64) {
        self.is_open = true;
        if len > self.capacity {
            for entry in self.revoked.iter_mut().filter(|entry| entry.is_in_slot() && entry.until <= now) {
                entry.may_be_evicted = true;
                self.latest_evicted = self.latest_evicted.max(entry.until);
            }
        }
    }

    /// The outcomes for a token that the policy accepts until `usable_until`.
    pub fn allows_token(&self, token: &Minted, usable_until: i64, now: Option<i64>) -> Allowed {
        self.allows_change(now).and_then(|| {
            let now = now.unwrap();
            let of_token = || self.revoked.iter().filter(|entry| entry.is_of(token));
            let must = of_token().any(|entry| usable_until <= entry.until || now < entry.until && entry.is_kept());
            let is_revoked = of_token().any(|entry| now < entry.until);
            let may_be_forgotten = usable_until <= self.latest_evicted;
            // Either error refuses a token that must be refused.
            Allowed::refused(may_be_forgotten, must && !is_revoked, Error::Expired)
                .and_then(|| Allowed::refused(is_revoked, must, Error::Revoked))
        })
    }

    /// Whether an entry with the same target, or the entry for all tokens that needs no slot, covers the new entry:
    /// certainly, or perhaps.
    fn has(&self, new: &Revoked, is_certain: bool) -> bool {
        self.revoked.iter().any(|entry| {
            !entry.is_replaced
                && (entry.target == new.target || entry.is_free)
                && entry.covers(new)
                && !(is_certain && entry.may_be_evicted)
        })
    }

    /// Whether the new entry takes a slot. One for all tokens takes none, unless it leaves another one in force.
    fn needs_slot(&self, new: &Revoked, now: i64) -> bool {
        let free = self.revoked.iter().find(|entry| entry.is_free && !entry.is_replaced);
        new.target != Target::All || free.is_some_and(|free| free.until > now && !new.covers(free))
    }
}

impl Revoked {
    fn new(target: Target, before: i64, until: i64) -> Self {
        let before = if target.is_one_token() { i64::MAX } else { before };
        Self { target, before, until, is_free: false, is_replaced: false, may_be_evicted: false }
    }

    fn is_in_slot(&self) -> bool {
        !self.is_free && !self.is_replaced
    }

    /// Whether the entry is certainly in the list.
    fn is_kept(&self) -> bool {
        !self.is_replaced && !self.may_be_evicted
    }

    fn covers(&self, other: &Self) -> bool {
        self.before >= other.before && self.until >= other.until
    }

    fn covers_name_of(&self, other: &Self) -> bool {
        self.target == other.target && self.covers(other)
    }

    /// Whether the token is revoked while the entry lasts.
    fn is_of(&self, token: &Minted) -> bool {
        let is_issued_before = |issued_at| issued_at < self.before || self.before == i64::MAX;
        self.target.names(token) && token.issued_at.is_none_or(is_issued_before)
    }
}

/// A [`Revocation`] without its `issued_before`, written out.
#[derive(Clone, Copy, Debug, PartialEq)]
pub enum Target {
    Token(&'static str, &'static str),
    /// The number of a token.
    SigningInput(usize),
    Subject(&'static str, &'static str),
    Client(&'static str, &'static str),
    /// An index into [`KEYS`].
    Key(usize),
    /// An index into [`KEYS`].
    ProofKey(usize),
    Issuer(&'static str),
    All,
}

impl Target {
    pub fn choose(u: &mut Unstructured<'_>) -> Result<Self> {
        Ok(match u.int_in_range(0..=13)? {
            0..=3 => Self::Token(u.choose(&ISSUERS)?, u.choose(&IDS)?),
            4 => Self::SigningInput(choose_common(u)?),
            5..=6 => Self::Subject(u.choose(&ISSUERS)?, u.choose(&IDS)?),
            7..=8 => Self::Client(u.choose(&ISSUERS)?, u.choose(&IDS)?),
            9 => Self::Key(u.choose_index(KEYS.len())?),
            10 => Self::ProofKey(u.choose_index(KEYS.len())?),
            11 => Self::Issuer(u.choose(&ISSUERS)?),
            _ => Self::All,
        })
    }

    /// A target that includes the token, if the token has the claim for it.
    pub fn choose_for(u: &mut Unstructured<'_>, token: &Minted) -> Result<Self> {
        let issuer = token.issuer;
        Ok(match u.int_in_range(0..=7)? {
            0 => Self::Token(issuer, token.jwt_id.unwrap_or_default()),
            1 => Self::SigningInput(token.number),
            2 => Self::Subject(issuer, token.subject.unwrap_or_default()),
            3 => Self::Client(issuer, token.client_id.unwrap_or_default()),
            4 => Self::Key(token.key),
            5 => Self::ProofKey(token.bound_to.unwrap_or_default()),
            6 => Self::Issuer(issuer),
            _ => Self::All,
        })
    }

    fn is_one_token(self) -> bool {
        matches!(self, Self::Token(..) | Self::SigningInput(_))
    }

    pub fn revocation(self, before: i64) -> Revocation<'static> {
        let issued_before = UnixTime::from_secs(before);
        match self {
            Self::Token(issuer, jwt_id) => Revocation::Token { issuer, jwt_id },
            Self::SigningInput(number) => Revocation::SigningInput(&token(number).digest),
            Self::Subject(issuer, subject) => Revocation::Subject { issuer, subject, issued_before },
            Self::Client(issuer, client_id) => Revocation::Client { issuer, client_id, issued_before },
            Self::Key(key) => Revocation::Key { key: &KEYS[key], issued_before },
            Self::ProofKey(key) => {
                Revocation::ProofKey { thumbprint: Thumbprint::from_bytes(THUMBPRINTS[key]), issued_before }
            }
            Self::Issuer(issuer) => Revocation::Issuer { issuer, issued_before },
            Self::All => Revocation::All { issued_before },
        }
    }

    fn names(self, token: &Minted) -> bool {
        match self {
            Self::Token(issuer, jwt_id) => (issuer, Some(jwt_id)) == (token.issuer, token.jwt_id),
            Self::SigningInput(number) => number == token.number,
            Self::Subject(issuer, subject) => (issuer, Some(subject)) == (token.issuer, token.subject),
            Self::Client(issuer, client_id) => {
                (issuer, Some(client_id)) == (token.issuer, token.client_id) && !token.is_command
            }
            Self::Key(key) => key == token.key,
            Self::ProofKey(key) => Some(key) == token.bound_to,
            Self::Issuer(issuer) => issuer == token.issuer,
            Self::All => true,
        }
    }
}
