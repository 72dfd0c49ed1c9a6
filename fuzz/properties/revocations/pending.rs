//! Requests in two phases, several at once, with changes between the phases.

use arbitrary::{Result, Unstructured};
use embedded_jwt::*;

use super::device::{
    Changes, Device, NOTHING, Stores, change_a_nonce, choose_time, generations, settle, unix, verify_proof, window_lens,
};
use super::floor::learn;
use super::model::{Model, Proven, Uses};
use super::requests::{Policy, Possession, Request, Waiting};
use super::stores::{NewRevocation, revoke};
use super::time::Time;

/// A request between the two phases.
struct Valid<'p, 'b> {
    request: &'p Request,
    pending: Waiting<'p, 'b>,
    uses: Uses,
}

impl Device {
    /// Validates several requests before one of them is consumed or dropped.
    pub fn pending_requests(&mut self, u: &mut Unstructured<'_>) -> Result<Changes> {
        let leeway = *u.choose(&[0, 0, 2, 60, 400])?;
        let now = self.now(leeway);
        let requests = choose_requests(u, now)?;
        let Self { stores, model, floor, images, .. } = self;
        let stores = &*stores;
        let proven: Vec<_> = requests.iter().map(|request| verify_proof(request, model, stores)).collect();
        let mut bufs = vec![[[0; 1024]; 2]; requests.len()];
        let (mut proofs, mut token_bufs) = (Vec::new(), Vec::new());
        for (request, [proof, token]) in requests.iter().zip(&mut bufs) {
            proofs.push(request.verify_proof(&stores.nonces, proof).ok());
            token_bufs.push(token);
        }
        let own_stores: Vec<_> = requests.iter().map(|request| request.own_stores(&stores.windows)).collect();

        let mut waiting = Vec::new();
        for ((((request, proven), proof), own), buf) in
            requests.iter().zip(&proven).zip(&proofs).zip(&own_stores).zip(token_bufs)
        {
            let (Some(proven), Some(proof)) = (proven, proof) else { continue };
            let policy = request.policy(&stores.list, proof.as_ref(), own);
            waiting.extend(Valid::new(request, &policy, *proven, now, buf, model));
        }
        assert_eq!(stores.images(), *images, "validation alone has changed a store");
        let changes = finish(u, waiting, now, stores, model, floor)?;
        self.check_nonces();
        Ok(changes)
    }
}

/// Consumes or drops all requests, in any order and with changes in between.
fn finish(
    u: &mut Unstructured<'_>,
    mut waiting: Vec<Valid<'_, '_>>,
    now: Now,
    stores: &Stores,
    model: &mut Model,
    floor: &mut TimeFloor<'_>,
) -> Result<Changes> {
    let mut changes = NOTHING;
    while !waiting.is_empty() {
        let before = stores.images();
        let at = u.choose_index(waiting.len())?;
        let changed = match u.int_in_range(0..=11)? {
            0 => {
                waiting.remove(at);
                NOTHING
            }
            1..=2 => {
                learn(floor, &mut model.floor, waiting[at].pending.claims());
                NOTHING
            }
            3..=5 => change_something(u, waiting[at].request, now, stores, model)?,
            _ => waiting.remove(at).consume(now, stores, model, floor),
        };
        for (at, image) in stores.images().iter().enumerate() {
            assert!(changed[at] || *image == before[at], "store {at} has changed");
            changes[at] |= changed[at];
        }
    }
    Ok(changes)
}

/// One to three requests, often for the same token.
fn choose_requests(u: &mut Unstructured<'_>, now: Now) -> Result<Vec<Request>> {
    let mut requests = vec![Request::choose(u, now)?];
    while requests.len() < 3 && u.ratio(2, 3)? {
        let mut next = Request::choose(u, now)?;
        if u.arbitrary()? {
            // The same token, and the same proof or another one.
            next.token = requests[0].token;
            next.kind = requests[0].kind;
            next.possession = requests[0].possession;
            if let Possession::Dpop(presented) = &mut next.possession
                && u.arbitrary()?
            {
                presented.proof.jwt_id = "b";
            }
        }
        requests.push(next);
    }
    Ok(requests)
}

/// Changes nonces, revocations or windows while a request waits. Returns which stores may have changed.
fn change_something(
    u: &mut Unstructured<'_>,
    request: &Request,
    now: Now,
    stores: &Stores,
    model: &mut Model,
) -> Result<Changes> {
    let mut changes = NOTHING;
    match u.int_in_range(0..=8)? {
        0 => change_a_nonce(u, stores, model)?,
        1 => {
            let slot = u.choose_index(stores.nonces.len())?;
            stores.nonces[slot].withdraw();
            model.nonces[slot] = None;
        }
        2 if stores.list.lock().clear().is_ok() => {
            model.list.clear();
            changes[0] = true;
        }
        3 => {
            let window = u.choose_index(2)?;
            if stores.windows[window].clear().is_ok() {
                model.windows[window].clear();
                changes[1 + window] = true;
            }
        }
        _ => {
            // The clock has gone on, or was set.
            let later = if u.arbitrary()? { now } else { Now::Exact(unix(choose_time(u)?)) };
            for _ in 0..u.int_in_range(1..=3)? {
                let new = NewRevocation::choose_for(u, request.token, later)?;
                changes[0] |= revoke(&new, None, later, &stores.list, &mut model.list);
            }
        }
    }
    Ok(changes)
}

impl<'p, 'b> Valid<'p, 'b> {
    /// Validates a request. `None` if it is refused.
    fn new(
        request: &'p Request,
        policy: &Policy<'p>,
        proven: Option<Proven>,
        now: Now,
        buf: &'b mut [u8],
        model: &Model,
    ) -> Option<Self> {
        let verified = Token::parse(&request.token.text).unwrap().verify(&request.issuer(), buf).unwrap();
        let (allowed, uses) = model.validate(request, proven, Time::of(now));
        let allowed = match &uses {
            Some(uses) => allowed.and_then(|| model.allows_waiting(uses, Time::of(now))),
            None => allowed,
        };
        let outcome = policy.validate(verified, now);
        let verdict = outcome.as_ref().map(drop).map_err(|error| *error);
        assert!(allowed.allows(verdict), "{verdict:?} {allowed:?}\n{request:?}\nat {now:?} by {model:?}");
        Some(Self { request, pending: outcome.ok()?, uses: uses? })
    }

    /// Consumes the ids and the nonce of the request, and returns which stores may have changed.
    fn consume(self, now: Now, stores: &Stores, model: &mut Model, floor: &mut TimeFloor<'_>) -> Changes {
        let Self { request, pending, uses } = self;
        let time = Time::of(now);
        let (lens, generations) = (window_lens(stores), generations(stores));
        let allowed =
            model.allows_by_revocations(request, time).and_then(|| model.allows_consumption(&uses, time, lens));
        let outcome = pending.consume(|token| learn(floor, &mut model.floor, token));
        assert!(allowed.allows(outcome), "{outcome:?} {allowed:?}\n{uses:?}\nat {now:?} by {model:?}");
        settle(model, &uses, outcome, time, lens, generations, stores)
    }
}
