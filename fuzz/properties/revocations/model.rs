//! The model of the device: the answers to a request that it allows, from everything that has happened.

use embedded_jwt::{Claim, Error, Freshness};

use super::allowed::Allowed;
use super::device::{CAPACITY, NONCE_SLOTS, SHARE, WINDOW};
use super::minted::MAX_LEEWAY;
use super::requests::{Kind, PROOF_AGE, PROOF_LEEWAY, Possession, Presented, Request, Through};
use super::revoked::RevokedTokens;
use super::time::{Floor, Time};
use super::used::{Id, UsedIds};

#[derive(Debug)]
pub struct Model {
    pub list: RevokedTokens,
    pub windows: [UsedIds; 2],
    /// Indices into the texts of nonces.
    pub nonces: [Option<usize>; NONCE_SLOTS],
    pub floor: Floor,
}

/// A proof that was verified.
#[derive(Clone, Copy, Debug)]
pub struct Proven {
    usable_until: i64,
    /// The nonce that alone shows it to be fresh, an index into the texts.
    nonce: Option<usize>,
}

/// The ids and the nonce that an accepted request consumes.
#[derive(Clone, Debug)]
pub struct Uses {
    proof: Option<(usize, Id)>,
    token: Option<(usize, Id)>,
    through: Through,
    nonce: Option<usize>,
    pub freshness: Freshness,
}

impl Uses {
    /// The window that may have to release the proof's id, since the token's own store refuses.
    fn taken_back_from(&self) -> Option<usize> {
        let (window, _) = self.proof.filter(|_| self.token.is_some() && self.through != Through::Direct)?;
        Some(window)
    }

    fn are_of_one_store(&self) -> bool {
        self.through == Through::Direct && self.windows().is_some_and(|[proof, token]| proof == token)
    }

    fn windows(&self) -> Option<[usize; 2]> {
        Some([self.proof?.0, self.token?.0])
    }

    fn ids(&self) -> Vec<Id> {
        self.proof.into_iter().chain(self.token).map(|(_, id)| id).collect()
    }
}

type Verdict<T> = Result<T, Error>;

impl Model {
    /// A device whose stores are closed.
    pub fn closed() -> Self {
        let window = || UsedIds::closed(WINDOW, SHARE);
        let list = RevokedTokens::closed(CAPACITY);
        let floor = Floor::new(Floor::BUILT, Floor::LATEST[0]);
        Self { list, windows: [window(), window()], nonces: [None; NONCE_SLOTS], floor }
    }

    /// RFC 9449 section 4.3, as far as it depends on the device's state.
    pub fn verify_proof(&self, presented: &Presented) -> Verdict<Proven> {
        let proof = presented.proof;
        rule(!proof.jwt_id.is_empty(), Error::Invalid(Claim::JwtId))?;
        let mut nonce = None;
        if presented.with_nonces {
            let text = proof.nonce.ok_or(Error::Missing(Claim::Nonce))?;
            rule(self.nonces.contains(&Some(text)), Error::Mismatch(Claim::Nonce))?;
            nonce = Some(text);
        }
        let time = Time::of(presented.verified_at);
        let known = time.known.ok_or(Error::ClockNotSet)?;
        rule(time.is_exact || nonce.is_some(), Error::TimeUnknown)?;
        let expires_at = proof.expires_at.map_or(i64::MAX, |exp| exp + PROOF_LEEWAY);
        let too_old_from = proof.issued_at + PROOF_AGE + PROOF_LEEWAY + 1;
        rule(known < expires_at, Error::Expired)?;
        if time.is_exact {
            rule(proof.issued_at <= known + PROOF_LEEWAY, Error::NotYetValid)?;
            rule(known < too_old_from, Error::ProofTooOld)?;
        }
        Ok(Proven { usable_until: expires_at.min(too_old_from), nonce: nonce.filter(|_| !time.is_exact) })
    }

    /// The outcomes of all checks except whether the ids can be used. Nothing is consumed yet.
    pub fn validate(&self, request: &Request, proven: Option<Proven>, time: Time) -> (Allowed, Option<Uses>) {
        match self.judge(request, proven, time) {
            Err(error) => (Allowed::only(Err(error)), None),
            Ok(uses) => (self.allows_by_revocations(request, time), Some(uses)),
        }
    }

    /// The outcomes of asking whether the token is revoked.
    pub fn allows_by_revocations(&self, request: &Request, time: Time) -> Allowed {
        if !request.checks_revocations {
            return Allowed::ACCEPTED;
        }
        let usable_until = request.token.expires_at + request.leeway.min(MAX_LEEWAY);
        self.list.allows_token(request.token, usable_until, time.known)
    }

    /// Applies all rules except those about the stores.
    fn judge(&self, request: &Request, proven: Option<Proven>, time: Time) -> Verdict<Uses> {
        let token = request.token;
        let is_typed = matches!(request.kind, Kind::Command(_));
        rule(token.is_command == is_typed, Error::WrongType)?;

        let known = time.known.ok_or(Error::ClockNotSet)?;
        let own = token.issued_at.filter(|_| !time.is_exact);
        let earliest = own.unwrap_or(i64::MIN).max(known - request.leeway.min(MAX_LEEWAY));
        rule(earliest < token.expires_at, Error::Expired)?;
        let challenge = request.challenge.filter(|_| !is_typed);
        let freshness = match (time.is_exact, challenge) {
            (true, _) => Freshness::Clock,
            (false, Some(_)) => Freshness::Challenge,
            (false, None) => {
                rule(request.accepts_unproven, Error::TimeUnknown)?;
                rule(token.issued_at.is_some(), Error::Missing(Claim::IssuedAt))?;
                Freshness::Unproven
            }
        };

        let mut uses = Uses { proof: None, token: None, through: Through::Direct, nonce: None, freshness };
        let mut proof_key = None;
        match (request.possession, token.bound_to) {
            (Possession::Unchecked, _) | (Possession::Bearer, None) => {}
            (Possession::Bearer, Some(_)) => return Err(Error::SenderConstrained),
            (Possession::Dpop(_), None) => return Err(Error::Missing(Claim::Confirmation)),
            (Possession::Dpop(presented), Some(bound_to)) => {
                let (proof, proven) = (presented.proof, proven.unwrap());
                rule(proof.token.number == token.number, Error::Mismatch(Claim::AccessTokenHash))?;
                rule(proven.nonce.is_some() || known < proven.usable_until, Error::ProofTooOld)?;
                rule(proof.key == bound_to, Error::Mismatch(Claim::Confirmation))?;
                // A proof that is fresh by its nonce is remembered for a second at least, and none longer than its token.
                let until = proven.usable_until.max(proven.nonce.map_or(i64::MIN, |_| known + 1));
                let until = until.min(token.expires_at + MAX_LEEWAY);
                uses.proof = Some((presented.window, Id::of_proof(proof, proven.nonce.is_some(), until)));
                uses.nonce = proven.nonce;
                proof_key = Some(proof.key);
            }
        }
        rule(challenge != Some(1), Error::Mismatch(Claim::Challenge))?;
        if let Some((window, through)) = request.single_use {
            rule(token.jwt_id.is_some(), Error::Missing(Claim::JwtId))?;
            rule(token.jwt_id != Some(""), Error::Invalid(Claim::JwtId))?;
            (uses.token, uses.through) = (Some((window, Id::of_token(token, proof_key))), through);
        }
        Ok(uses)
    }

    /// The outcomes of asking whether the ids can be used.
    fn allows_uses(&self, uses: &Uses, time: Time) -> Allowed {
        if uses.nonce.is_some_and(|text| !self.nonces.contains(&Some(text))) {
            return Allowed::only(Err(Error::Mismatch(Claim::Nonce)));
        }
        match uses.windows() {
            Some([window, _]) if uses.are_of_one_store() => self.windows[window].allows(&uses.ids(), time.known),
            _ => {
                let answers = || {
                    let asked = uses.proof.into_iter().chain(uses.token);
                    asked.map(|(window, id)| self.windows[window].allows(&[id], time.known))
                };
                let any = |answers: Vec<Allowed>| {
                    answers.into_iter().fold(Allowed::ACCEPTED, |allowed, answer| allowed.and_then(|| answer))
                };
                any(answers().map(|answer| answer.forgiving(is_full)).collect())
                    .and_then(|| any(answers().map(|answer| answer.with_errors(is_full)).collect()))
            }
        }
    }

    /// The outcomes of the first of two phases. If the time is not known, only the second phase reports that a store is
    /// full.
    pub fn allows_waiting(&self, uses: &Uses, time: Time) -> Allowed {
        let allowed = self.allows_uses(uses, time);
        if time.is_exact { allowed } else { allowed.forgiving(is_full) }
    }

    /// The outcomes of consuming, for windows with so many slots in use.
    pub fn allows_consumption(&self, uses: &Uses, time: Time, lens: [usize; 2]) -> Allowed {
        let asked_again = || match (uses.windows(), uses.token) {
            // The application's own store is asked again, after the proof has taken a slot of the same window.
            (Some([window, other]), Some((_, token))) if window == other && !uses.are_of_one_store() => {
                let mut after = self.windows[window].clone();
                after.consume(&uses.ids()[..1], time.known.unwrap(), lens[window]);
                after.allows(&[token], time.known)
            }
            _ => Allowed::ACCEPTED,
        };
        let is_broken = uses.token.is_some() && uses.through == Through::Broken;
        self.allows_uses(uses, time)
            .and_then(asked_again)
            .and_then(|| Allowed::refused(is_broken, is_broken, Error::Full))
    }

    /// Records the outcome, from windows that had so many slots in use. Returns which windows may have changed.
    pub fn consume(&mut self, uses: &Uses, outcome: Verdict<()>, time: Time, lens: [usize; 2]) -> [bool; 2] {
        let mut changes = [false; 2];
        let Some(now) = time.known else { return changes };
        if outcome.is_ok() {
            for (window, id) in uses.proof.iter().chain(&uses.token) {
                self.windows[*window].check_is_new(id);
            }
            if let Some([window, _]) = uses.windows().filter(|_| uses.are_of_one_store()) {
                self.windows[window].consume(&uses.ids(), now, lens[window]);
                changes[window] = true;
            } else {
                let mut lens = lens;
                for (window, id) in uses.proof.into_iter().chain(uses.token) {
                    self.windows[window].consume(&[id], now, lens[window]);
                    lens[window] = self.windows[window].capacity.min(lens[window] + 1);
                    changes[window] = true;
                }
            }
            for slot in self.nonces.iter_mut().filter(|issued| issued.is_some() && **issued == uses.nonce) {
                *slot = None;
            }
        }
        changes
    }

    /// Records that the token's own store has refused after the proof was consumed, so that the proof was released.
    pub fn take_back(&mut self, uses: &Uses, time: Time, lens: [usize; 2], has_changed: [bool; 2]) -> [bool; 2] {
        let mut changes = [false; 2];
        if let (Some(window), Some((_, proof)), Some(now)) = (uses.taken_back_from(), uses.proof, time.known)
            && has_changed[window]
        {
            self.windows[window].consume_and_release(&[proof], now, lens[window]);
            changes[window] = true;
        }
        changes
    }
}

fn rule(is_met: bool, error: Error) -> Verdict<()> {
    if is_met { Ok(()) } else { Err(error) }
}

/// Whether an id is refused only because of other ids.
fn is_full(error: &Error) -> bool {
    matches!(error, Error::Full | Error::ShareFull)
}
