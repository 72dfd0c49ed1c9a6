//! Requests: a token, perhaps with a proof, and the policy that validates it.

use std::time::Duration;

use arbitrary::{Result, Unstructured};
use embedded_jwt::*;
use testkit::{ACCEPT_ALL, AUDIENCE};

use super::device::{Window, choose_time, choose_window, unix};
use super::minted::{BASE, CHALLENGES, IDS, KEYS, MAX_LEEWAY, Minted, NONCES, Proof, URI, choose_token};

#[derive(Debug)]
pub struct Request {
    pub token: &'static Minted,
    pub kind: Kind,
    pub leeway: i64,
    pub accepts_unproven: bool,
    /// An index into [`CHALLENGES`]. Typed policies have none.
    pub challenge: Option<usize>,
    pub checks_revocations: bool,
    pub possession: Possession,
    /// The window for the token, and how the policy reaches it.
    pub single_use: Option<(usize, Through)>,
}

/// The parts of a request with a proof that an attacker can record.
pub struct Recorded {
    token: &'static Minted,
    kind: Kind,
    presented: Presented,
}

#[derive(Clone, Copy, Debug, PartialEq)]
pub enum Kind {
    Untyped,
    AtJwt,
    /// A typed policy, for this spelling of `cmd+jwt`.
    Command(&'static str),
}

#[derive(Clone, Copy, Debug)]
pub enum Possession {
    Bearer,
    Unchecked,
    Dpop(Presented),
}

/// A proof, and how it is verified.
#[derive(Clone, Copy, Debug)]
pub struct Presented {
    pub proof: Proof,
    pub window: usize,
    pub with_nonces: bool,
    /// Whether a store in front of its window checks how long ids last.
    pub is_watched: bool,
    pub verified_at: Now,
}

/// How a policy reaches a window.
#[derive(Clone, Copy, Debug, PartialEq)]
pub enum Through {
    Direct,
    /// The application's own store, which only passes calls on.
    Wrapper,
    /// The same store, but each use fails and consumes nothing, even if the ids are unused.
    Broken,
}

/// Policies for proofs that share a window need the same leeway and age.
pub const PROOF_LEEWAY: i64 = 2;
pub const PROOF_AGE: i64 = 6;

impl Request {
    pub fn choose(u: &mut Unstructured<'_>, now: Now) -> Result<Self> {
        let token = choose_token(u)?;
        let kind = match (token.is_command, u.ratio(1, 16)?) {
            (true, false) | (false, true) => Kind::Command(u.choose(&["cmd+jwt", "application/CMD+jwt"])?),
            _ => *u.choose(&[Kind::Untyped, Kind::AtJwt])?,
        };
        Ok(Self {
            token,
            kind,
            leeway: *u.choose(&[0, 0, 2, 60, 300, 400])?,
            accepts_unproven: u.arbitrary()?,
            challenge: *u.choose(&[None, None, None, None, None, Some(0), Some(0), Some(1)])?,
            checks_revocations: u.ratio(3, 4)?,
            possession: Possession::choose(u, token, kind, now)?,
            single_use: if u.ratio(3, 4)? { Some((choose_window(u)?, Through::choose(u)?)) } else { None },
        })
    }

    /// A request that only asks whether the token is revoked.
    pub fn for_revocations(u: &mut Unstructured<'_>) -> Result<Self> {
        let token = choose_token(u)?;
        Ok(Self {
            token,
            kind: if token.is_command { Kind::Command("cmd+jwt") } else { Kind::AtJwt },
            leeway: *u.choose(&[0, 2, 60, 300])?,
            accepts_unproven: true,
            challenge: None,
            checks_revocations: true,
            possession: Possession::Unchecked,
            single_use: None,
        })
    }

    pub fn recorded(&self) -> Option<Recorded> {
        match self.possession {
            Possession::Dpop(presented) => Some(Recorded { token: self.token, kind: self.kind, presented }),
            _ => None,
        }
    }

    /// Presents the recorded token and proof to this policy.
    pub fn repeat(&mut self, recorded: &Recorded, now: Now) {
        let presented = Presented { verified_at: now, ..recorded.presented };
        (self.token, self.kind, self.possession) = (recorded.token, recorded.kind, Possession::Dpop(presented));
    }

    pub fn leeway(&self) -> Duration {
        Duration::from_secs(self.leeway.unsigned_abs())
    }

    pub fn issuer(&self) -> Issuer<'static> {
        Issuer::new(self.token.issuer, &*KEYS, ACCEPT_ALL)
    }

    /// The stores for the token and the proof.
    pub fn own_stores<'s>(&self, windows: &'s [Window]) -> OwnStores<'s> {
        let token = self.single_use.map(|(window, through)| OwnStore { window: &windows[window], through });
        let latest = self.token.expires_at + MAX_LEEWAY;
        let proof = self.recorded().map(|Recorded { presented, .. }| {
            let window = &windows[presented.window];
            if presented.is_watched { ProofStore::Watched { window, latest } } else { ProofStore::Direct(window) }
        });
        OwnStores { token, proof }
    }

    /// Verifies the proof, if there is one.
    pub fn verify_proof<'b>(
        &self,
        nonces: &'b [DpopNonce],
        buf: &'b mut [u8],
    ) -> std::result::Result<Option<DpopProof<'b>>, Error> {
        let Possession::Dpop(presented) = &self.possession else { return Ok(None) };
        let [leeway, age] = [PROOF_LEEWAY, PROOF_AGE].map(|secs| Duration::from_secs(secs.unsigned_abs()));
        let token = &presented.proof.token.text;
        let policy = DpopPolicy::new("PUT", URI, token).with_leeway(leeway).with_max_token_age(age);
        let policy = if presented.with_nonces { policy.with_nonces(nonces) } else { policy };
        let text = presented.proof.mint();
        Token::parse(&text)?.verify_dpop(&policy, ACCEPT_ALL, presented.verified_at, buf).map(Some)
    }

    pub fn policy<'p>(
        &self,
        revocations: &'p dyn Revocations,
        proof: Option<&'p DpopProof<'p>>,
        own: &'p OwnStores<'p>,
    ) -> Policy<'p> {
        let replay = own.token.as_ref().map(|own| -> &dyn ReplayCheck {
            if own.through == Through::Direct { own.window } else { own }
        });
        macro_rules! completed {
            ($policy:expr) => {{
                let mut policy = $policy.with_leeway(self.leeway());
                if self.accepts_unproven {
                    policy = policy.with_max_unproven_lifetime(Duration::from_secs(1000));
                }
                if self.checks_revocations {
                    policy = policy.with_revocations(revocations);
                }
                if let Some(replay) = replay {
                    policy = policy.with_single_use(replay);
                }
                policy
            }};
        }
        let policy = match self.kind {
            Kind::Command(typ) => {
                let policy = completed!(TypedPolicy::new(typ, AUDIENCE));
                return Policy::Typed(match self.possession {
                    Possession::Bearer => policy,
                    _ => policy.with_unchecked_confirmation(),
                });
            }
            Kind::Untyped => completed!(AccessTokenPolicy::untyped(AUDIENCE)),
            Kind::AtJwt => completed!(AccessTokenPolicy::at_jwt(AUDIENCE)),
        };
        let policy = self.challenge.map_or(policy, |challenge| policy.with_challenge(CHALLENGES[challenge]));
        Policy::Access(match (self.possession, proof) {
            (Possession::Dpop(_), Some(proof)) => policy.with_dpop(
                proof,
                match own.proof.as_ref().unwrap() {
                    ProofStore::Direct(window) => *window,
                    watched => watched,
                },
            ),
            (Possession::Unchecked, _) => policy.with_unchecked_confirmation(),
            _ => policy,
        })
    }
}

impl Possession {
    fn choose(u: &mut Unstructured<'_>, token: &'static Minted, kind: Kind, now: Now) -> Result<Self> {
        let is_typical = u.ratio(15, 16)?;
        Ok(match (kind, token.bound_to.is_some() == is_typical) {
            (Kind::Command(_), true) => Self::Unchecked,
            (Kind::Command(_), false) => Self::Bearer,
            (_, true) if u.ratio(7, 8)? => Self::Dpop(Presented::choose(u, token, now)?),
            (_, true) => Self::Unchecked,
            (_, false) => *u.choose(&[Self::Bearer, Self::Unchecked])?,
        })
    }
}

impl Presented {
    fn choose(u: &mut Unstructured<'_>, token: &'static Minted, now: Now) -> Result<Self> {
        let near = now.earliest().as_secs().max(BASE);
        let is_typical = u.ratio(15, 16)?;
        let token_of_proof = if u.ratio(1, 16)? { choose_token(u)? } else { token };
        let key = token.bound_to.filter(|_| is_typical).unwrap_or(u.choose_index(KEYS.len())?);
        let nonce = if u.arbitrary()? { Some(u.choose_index(NONCES.len())?) } else { None };
        // The floor may be far behind the client's clock, or a wrong one is far ahead.
        let ahead = if matches!(now, Now::AtLeast(_)) { *u.choose(&[0, 0, 1000, -100])? } else { 0 };
        let proof = Proof {
            token: token_of_proof,
            key,
            jwt_id: if u.ratio(1, 16)? { IDS[0] } else { u.choose(&[IDS[1], IDS[1], IDS[2], IDS[3]])? },
            issued_at: near + u.int_in_range(-8..=3)? + ahead,
            expires_at: if u.ratio(1, 4)? { Some(near + u.int_in_range(-4..=8)?) } else { None },
            nonce,
        };
        let with_nonces = nonce.is_some() == is_typical && (matches!(now, Now::AtLeast(_)) || u.arbitrary()?);
        let verified_at = if u.ratio(1, 8)? { Now::Exact(unix(choose_time(u)?)) } else { now };
        Ok(Self { proof, window: choose_window(u)?, with_nonces, is_watched: u.arbitrary()?, verified_at })
    }
}

impl Through {
    fn choose(u: &mut Unstructured<'_>) -> Result<Self> {
        Ok(match u.int_in_range(0..=15)? {
            0..=12 => Self::Direct,
            13..=14 => Self::Wrapper,
            _ => Self::Broken,
        })
    }
}

pub enum Policy<'p> {
    Access(AccessTokenPolicy<'p>),
    Typed(TypedPolicy<'p>),
}

impl<'p> Policy<'p> {
    /// Validates and consumes in one step.
    pub fn accept(
        &self,
        verified: Verified<'_, '_>,
        now: Now,
        learn: impl FnOnce(&Claims<'_>),
    ) -> std::result::Result<(), Error> {
        match self {
            Self::Access(policy) => verified.into_access_token(policy, now).map(|token| learn(&token)),
            Self::Typed(policy) => verified.into_typed(policy, now).map(|token| learn(&token)),
        }
    }

    pub fn validate<'b>(&self, verified: Verified<'p, 'b>, now: Now) -> std::result::Result<Waiting<'p, 'b>, Error> {
        match self {
            Self::Access(policy) => verified.validate_access_token(policy, now).map(Waiting::Access),
            Self::Typed(policy) => verified.validate_typed(policy, now).map(Waiting::Typed),
        }
    }
}

/// A request between the two phases.
pub enum Waiting<'p, 'b> {
    Access(Pending<'p, AccessToken<'b>>),
    Typed(Pending<'p, TypedToken<'b>>),
}

impl Waiting<'_, '_> {
    pub fn claims(&self) -> &Claims<'_> {
        match self {
            Self::Access(pending) => pending,
            Self::Typed(pending) => pending,
        }
    }

    pub fn consume(self, learn: impl FnOnce(&Claims<'_>)) -> std::result::Result<(), Error> {
        match self {
            Self::Access(pending) => pending.consume().map(|token| learn(&token)),
            Self::Typed(pending) => pending.consume().map(|token| learn(&token)),
        }
    }
}

/// The stores of a request.
pub struct OwnStores<'s> {
    token: Option<OwnStore<'s>>,
    proof: Option<ProofStore<'s>>,
}

impl OwnStores<'_> {
    pub const NONE: Self = Self { token: None, proof: None };
}

/// A window for proofs, or a store in front of it that has the window's address.
#[derive(Debug)]
enum ProofStore<'s> {
    Direct(&'s Window),
    /// The window must remember no id after `latest`, since the token is refused from then on.
    Watched {
        window: &'s Window,
        latest: i64,
    },
}

impl ProofStore<'_> {
    fn asked(&self, ids: &[SingleUse]) -> &Window {
        match self {
            Self::Direct(window) => window,
            Self::Watched { window, latest } => {
                assert!(ids.iter().all(|id| id.until().as_secs() <= *latest), "an id outlives its token");
                window
            }
        }
    }
}

impl ReplayCheck for ProofStore<'_> {
    fn check_unused(&self, ids: &[SingleUse], now: Now) -> std::result::Result<(), Error> {
        self.asked(ids).check_unused(ids, now)
    }

    fn use_all(&self, ids: &[SingleUse], now: Now) -> std::result::Result<(), Error> {
        self.asked(ids).use_all(ids, now)
    }

    fn release(&self, ids: &[SingleUse]) {
        self.asked(ids).release(ids);
    }

    fn address(&self) -> Option<*const ()> {
        self.asked(&[]).address()
    }
}

/// The application's own store in front of a window.
#[derive(Debug)]
pub struct OwnStore<'s> {
    window: &'s Window,
    through: Through,
}

impl ReplayCheck for OwnStore<'_> {
    fn check_unused(&self, ids: &[SingleUse], now: Now) -> std::result::Result<(), Error> {
        self.window.check_unused(ids, now)
    }

    fn use_all(&self, ids: &[SingleUse], now: Now) -> std::result::Result<(), Error> {
        if self.through == Through::Broken {
            return self.check_unused(ids, now).and(Err(Error::Full));
        }
        self.window.use_all(ids, now)
    }

    fn release(&self, ids: &[SingleUse]) {
        self.window.release(ids);
    }
}
