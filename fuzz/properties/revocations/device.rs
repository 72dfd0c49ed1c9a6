//! A device: its stores, its knowledge of the time and its flash, each beside its model.

use arbitrary::{Result, Unstructured};
use embedded_jwt::*;

use super::minted::{BASE, NONCES};
use super::model::{Model, Uses};
use super::requests::{Possession, Request};
use super::stores::Page;
use super::time::{Floor, Time};

/// Small, so that all slots are taken from time to time.
pub const CAPACITY: usize = 4;
pub const WINDOW: usize = 6;
pub const SHARE: usize = 3;
pub type List = RevocationList<CAPACITY>;
pub type Window = ReplayWindow<WINDOW, SHARE>;

pub struct Device {
    pub clock: i64,
    knows: Knows,
    pub floor: TimeFloor<'static>,
    pub stores: Stores,
    pub model: Model,
    pub flash: Vec<Page>,
    pub stored_floors: Vec<([u8; TimeFloor::LEN], Floor)>,
    images: Images,
}

#[derive(Default)]
pub struct Stores {
    pub list: List,
    pub windows: [Window; 2],
    pub nonces: [DpopNonce; 2],
}

/// How the device knows the time.
#[derive(Clone, Copy)]
enum Knows {
    /// It passes the clock, set or not.
    Clock,
    /// It asks the floor, and the clock as well.
    Both,
    /// It has no clock.
    Floor,
}

/// The snapshots of all stores, with their generations; `None` of a closed store.
pub type Images = [(Option<Vec<u8>>, u64); 3];
/// Which stores an operation may have changed.
pub type Changes = [bool; 3];
pub const NOTHING: Changes = [false; 3];

impl Device {
    pub fn new(u: &mut Unstructured<'_>) -> Result<Self> {
        let stores = Stores::default();
        let model = Model::closed();
        let images = stores.images();
        let floor = floor(Floor::BUILT);
        let (flash, stored_floors) = (Vec::new(), Vec::new());
        let mut device = Self { clock: BASE, knows: Knows::Clock, floor, stores, model, flash, stored_floors, images };
        if !u.ratio(1, 16)? {
            device.start_empty(0);
            device.start_empty(1);
            device.start_empty(2);
        }
        device.look_again();
        device.change_nonces(u)?;
        Ok(device)
    }

    pub fn operate(&mut self, u: &mut Unstructured<'_>) -> Result<()> {
        let changes = match u.int_in_range(0..=31)? {
            0..=5 => self.revoke(u)?,
            6..=8 => self.ask_the_list(u)?,
            9..=16 => self.request(u)?,
            17..=18 => self.pending_requests(u)?,
            19..=20 => self.use_ids(u)?,
            21..=24 => self.set_clock(u)?,
            25 => self.change_nonces(u)?,
            26 => self.change_floor(u)?,
            27..=28 => self.save(u)?,
            29 => self.restore(u)?,
            30 => self.restore_torn(u)?,
            _ => self.rare(u)?,
        };
        self.check_images(changes);
        Ok(())
    }

    fn rare(&mut self, u: &mut Unstructured<'_>) -> Result<Changes> {
        match u.int_in_range(0..=3)? {
            0 => self.clear(u),
            1..=2 => self.restart(u),
            _ => self.open(u),
        }
    }

    /// Nothing but the given stores has changed, and each change has raised the generation.
    fn check_images(&mut self, may_have_changed: Changes) {
        let images = self.stores.images();
        for (at, (before, after)) in self.images.iter().zip(&images).enumerate() {
            let has_changed = before != after;
            assert!(!has_changed || may_have_changed[at], "store {at} has changed");
            let is_as_before = before.0.is_none() || after.0.is_none() || before == after;
            assert!(is_as_before || before.1 < after.1, "store {at} has not counted a change");
        }
        for (len, [fewest, most]) in self.stores.lens().into_iter().zip([
            self.model.list.len(),
            self.model.windows[0].len(),
            self.model.windows[1].len(),
        ]) {
            assert!((fewest..=most).contains(&len), "{len} {fewest} {most}");
        }
        self.images = images;
    }

    /// Takes the stores as they are, after a restart.
    pub fn look_again(&mut self) {
        self.images = self.stores.images();
    }

    pub fn images(&self) -> &Images {
        &self.images
    }

    /// The current time, for a policy with this leeway.
    pub fn now(&self, leeway: i64) -> Now {
        let seconds = std::time::Duration::from_secs(leeway.unsigned_abs());
        let (now, expected) = match self.knows {
            Knows::Clock => (Now::Exact(unix(self.clock)), Time::by_clock(self.clock)),
            Knows::Both => {
                (self.floor.now(Some(unix(self.clock)), seconds), self.model.floor.now(Some(self.clock), leeway))
            }
            Knows::Floor => (self.floor.now(None, seconds), self.model.floor.now(None, leeway)),
        };
        let time = Time::of(now);
        assert_eq!((time.known, time.is_exact), (expected.known, expected.is_exact));
        now
    }

    fn set_clock(&mut self, u: &mut Unstructured<'_>) -> Result<Changes> {
        let unset = [0, 946_684_800, 1_262_303_999, -1];
        self.clock = if u.ratio(1, 16)? { *u.choose(&unset)? } else { choose_time(u)? };
        self.knows = match u.int_in_range(0..=7)? {
            0..=4 => Knows::Clock,
            5 => Knows::Both,
            _ => Knows::Floor,
        };
        Ok(NOTHING)
    }

    fn change_nonces(&mut self, u: &mut Unstructured<'_>) -> Result<Changes> {
        for _ in 0..2 {
            let slot = u.choose_index(2)?;
            let text = if u.ratio(7, 8)? { Some(u.choose_index(NONCES.len())?) } else { None };
            match text {
                Some(text) => self.stores.nonces[slot].issue(NONCES[text]),
                None if u.arbitrary()? => self.stores.nonces[slot].issue(""),
                None => self.stores.nonces[slot].withdraw(),
            }
            self.model.nonces[slot] = text;
        }
        self.check_nonces();
        Ok(NOTHING)
    }

    fn check_nonces(&self) {
        let issued = self.stores.nonces.each_ref().map(DpopNonce::is_issued);
        assert_eq!(issued, self.model.nonces.map(|text| text.is_some()));
    }

    /// Sets the floor by a clock, stores it, or restarts it from what was stored.
    fn change_floor(&mut self, u: &mut Unstructured<'_>) -> Result<Changes> {
        match u.int_in_range(0..=4)? {
            0 => {
                let time = BASE + u.int_in_range(0..=30)?;
                self.floor.raise_to(unix(time));
                self.model.floor.raise_to(time);
            }
            1 | 2 => self.stored_floors.push((self.floor.to_bytes(), self.model.floor.clone())),
            3 => self.restart_floor(u)?,
            _ if self.stored_floors.is_empty() => {}
            _ => {
                let mut bytes = u.choose(&self.stored_floors)?.0.to_vec();
                tear(u, &mut bytes)?;
                let torn = TimeFloor::from_bytes(unix(Floor::BUILT), Floor::SOURCES, &bytes).map(|floor| floor.at());
                assert_eq!(torn, Err(Error::Malformed(Part::Snapshot)));
            }
        }
        assert_eq!(self.floor.at().as_secs(), self.model.floor.at());
        Ok(NOTHING)
    }

    pub fn restart_floor(&mut self, u: &mut Unstructured<'_>) -> Result<()> {
        let built = Floor::BUILT + *u.choose(&[0, 0, 6])?;
        if self.stored_floors.is_empty() {
            (self.floor, self.model.floor) = (floor(Floor::BUILT), Floor::new());
            return Ok(());
        }
        let (bytes, model) = u.choose(&self.stored_floors)?;
        let page = [&bytes[..], &[0xff]].concat();
        let restored = TimeFloor::from_bytes(unix(built), Floor::SOURCES, &page).unwrap();
        self.floor = with_limits(restored);
        self.model.floor = model.clone();
        self.model.floor.raise_to(built);
        Ok(())
    }

    /// Asks the list alone.
    fn ask_the_list(&mut self, u: &mut Unstructured<'_>) -> Result<Changes> {
        let request = Request::for_revocations(u)?;
        let now = self.now(request.leeway);
        ask(&request, &self.stores.list, &self.stores, &self.model, now);
        Ok(NOTHING)
    }

    /// Accepts or refuses a request in one step.
    fn request(&mut self, u: &mut Unstructured<'_>) -> Result<Changes> {
        let leeway = *u.choose(&[0, 0, 2, 60])?;
        let now = self.now(leeway);
        let request = Request::choose(u, now)?;
        let learns = u.ratio(7, 8)?;
        let Self { stores, model, floor, .. } = self;
        let Some(proven) = verify_proof(&request, model, stores) else { return Ok(NOTHING) };
        let mut buf = [0; 1024];
        let proof = request.verify_proof(&stores.nonces, &mut buf).unwrap();
        let own_store = request.own_store(&stores.windows);
        let policy = request.policy(&stores.list, stores, proof.as_ref(), own_store.as_ref());

        let time = Time::of(now);
        let (lens, generations) = (window_lens(stores), generations(stores));
        let (allowed, uses) = model.validate(&request, proven, time);
        let allowed = match &uses {
            Some(uses) => allowed.and_then(|| model.allows_consumption(uses, time, lens)),
            None => allowed,
        };
        let mut buf = [0; 1024];
        let verified = Token::parse(&request.token.text).unwrap().verify(&request.issuer(), &mut buf).unwrap();
        let mut freshness = None;
        let outcome = policy.accept(verified, now, |token| {
            freshness = Some(token.freshness());
            if learns {
                learn(floor, &mut model.floor, token);
            }
        });
        assert!(allowed.allows(outcome), "{outcome:?} {allowed:?}\n{request:?}\nat {now:?} by {model:?}");
        let Some(uses) = uses else { return Ok(NOTHING) };
        assert!(outcome.is_err() || freshness == Some(uses.freshness));
        let changes = settle(model, &uses, outcome, time, lens, generations, stores);
        self.check_nonces();
        Ok(changes)
    }

    /// Validates several requests before one of them is consumed or dropped.
    fn pending_requests(&mut self, u: &mut Unstructured<'_>) -> Result<Changes> {
        let leeway = *u.choose(&[0, 0, 2, 60])?;
        let now = self.now(leeway);
        let time = Time::of(now);
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
        let Self { stores, model, floor, images, .. } = self;
        let proven: Vec<_> = requests.iter().map(|request| verify_proof(request, model, stores)).collect();
        let mut bufs = vec![[[0; 1024]; 2]; requests.len()];
        let (mut proofs, mut token_bufs) = (Vec::new(), Vec::new());
        for (request, [proof, token]) in requests.iter().zip(&mut bufs) {
            proofs.push(request.verify_proof(&stores.nonces, proof).ok());
            token_bufs.push(token);
        }
        let own_stores: Vec<_> = requests.iter().map(|request| request.own_store(&stores.windows)).collect();

        let mut waiting = Vec::new();
        for ((((request, proven), proof), own_store), buf) in
            requests.iter().zip(&proven).zip(&proofs).zip(&own_stores).zip(token_bufs)
        {
            let (Some(proven), Some(proof)) = (proven, proof) else { continue };
            let policy = request.policy(&stores.list, stores, proof.as_ref(), own_store.as_ref());
            let verified = Token::parse(&request.token.text).unwrap().verify(&request.issuer(), buf).unwrap();
            let (allowed, uses) = model.validate(request, *proven, time);
            let outcome = policy.validate(verified, now);
            let verdict = outcome.as_ref().map(drop).map_err(|error| *error);
            assert!(allowed.allows(verdict), "{verdict:?} {allowed:?}\n{request:?}\nat {now:?} by {model:?}");
            if let (Ok(pending), Some(uses)) = (outcome, uses) {
                waiting.push((pending, uses));
            }
        }
        assert_eq!(stores.images(), *images, "validation alone has changed a store");

        let mut changes = NOTHING;
        while !waiting.is_empty() {
            let before = stores.images();
            match u.int_in_range(0..=7)? {
                0..=1 => drop(waiting.remove(u.choose_index(waiting.len())?)),
                2 => {
                    let slot = u.choose_index(2)?;
                    stores.nonces[slot].withdraw();
                    model.nonces[slot] = None;
                }
                3 if u.ratio(1, 4)? => {
                    let window = u.choose_index(2)?;
                    if stores.windows[window].clear().is_ok() {
                        model.windows[window].clear();
                        changes[1 + window] = true;
                        continue;
                    }
                }
                _ => {
                    let (pending, uses) = waiting.remove(u.choose_index(waiting.len())?);
                    let (lens, generations) = (window_lens(stores), generations(stores));
                    let allowed = model.allows_consumption(&uses, time, lens);
                    let outcome = pending.consume(|token| learn(floor, &mut model.floor, token));
                    assert!(allowed.allows(outcome), "{outcome:?} {allowed:?}\n{uses:?}\nat {now:?} by {model:?}");
                    let changed = settle(model, &uses, outcome, time, lens, generations, stores);
                    for (at, image) in stores.images().iter().enumerate() {
                        assert!(changed[at] || *image == before[at], "store {at} has changed");
                        changes[at] |= changed[at];
                    }
                    continue;
                }
            }
            assert_eq!(stores.images(), before);
        }
        self.check_nonces();
        Ok(changes)
    }
}

/// Verifies the proof of a request as the model does. `None`: it is refused.
fn verify_proof(request: &Request, model: &Model, stores: &Stores) -> Option<Option<super::model::Proven>> {
    let Possession::Dpop(presented) = &request.possession else { return Some(None) };
    let expected = model.verify_proof(presented);
    let mut buf = [0; 1024];
    let verdict = request.verify_proof(&stores.nonces, &mut buf).map(|_| ());
    assert_eq!(verdict, expected.as_ref().map(|_| ()).map_err(|error| *error), "{request:?} by {model:?}");
    expected.ok().map(Some)
}

/// Asks a list about a token, and nothing else.
pub fn ask(request: &Request, list: &dyn Revocations, stores: &Stores, model: &Model, now: Now) {
    let policy = request.policy(list, stores, None, None);
    let mut buf = [0; 1024];
    let verified = Token::parse(&request.token.text).unwrap().verify(&request.issuer(), &mut buf).unwrap();
    let outcome = policy.accept(verified, now, |_| ());
    let (allowed, _) = model.validate(request, None, Time::of(now));
    assert!(allowed.allows(outcome), "{outcome:?} {allowed:?}\n{request:?}\nat {now:?} by {model:?}");
}

/// Records the outcome of a request, and returns which stores may have changed.
fn settle(
    model: &mut Model,
    uses: &Uses,
    outcome: std::result::Result<(), Error>,
    time: Time,
    lens: [usize; 2],
    before: [u64; 2],
    stores: &Stores,
) -> Changes {
    let after = generations(stores);
    let has_changed = [0, 1].map(|window| before[window] != after[window]);
    let [one, other] = match outcome {
        Ok(()) => {
            let changes = model.consume(uses, outcome, time, lens);
            assert_eq!(has_changed, changes);
            changes
        }
        Err(_) => model.take_back(uses, time, lens, has_changed),
    };
    [false, one, other]
}

fn learn(floor: &mut TimeFloor<'_>, model: &mut Floor, token: &Claims<'_>) {
    let (before, issued_at) = (floor.at(), token.issued_at().map(UnixTime::as_secs));
    assert_eq!(floor.learn(token), model.learn(token.issuer(), issued_at, token.freshness()));
    assert_eq!(floor.at().as_secs(), model.at());
    assert!((0..=Floor::STEP).contains(&(floor.at().as_secs() - before.as_secs())));
}

fn floor(built: i64) -> TimeFloor<'static> {
    with_limits(TimeFloor::new(unix(built), Floor::SOURCES))
}

fn with_limits(floor: TimeFloor<'static>) -> TimeFloor<'static> {
    let step = std::time::Duration::from_secs(Floor::STEP.unsigned_abs());
    floor.with_max_step(step).with_latest(unix(Floor::LATEST))
}

fn window_lens(stores: &Stores) -> [usize; 2] {
    stores.windows.each_ref().map(Window::len)
}

fn generations(stores: &Stores) -> [u64; 2] {
    stores.windows.each_ref().map(Window::generation)
}

impl Stores {
    pub fn images(&self) -> Images {
        let [one, other] = &self.windows;
        [
            (image(|buf| self.list.snapshot(buf)), self.list.generation()),
            (image(|buf| one.snapshot(buf)), one.generation()),
            (image(|buf| other.snapshot(buf)), other.generation()),
        ]
    }

    pub fn lens(&self) -> [usize; 3] {
        let [one, other] = window_lens(self);
        [self.list.len(), one, other]
    }
}

/// The snapshot of a store, or `None` if it is closed.
pub fn image(snapshot: impl FnOnce(&mut [u8]) -> std::result::Result<&[u8], Error>) -> Option<Vec<u8>> {
    match snapshot(&mut [0xa5; 512]) {
        Ok(bytes) => Some(bytes.to_vec()),
        Err(error) => {
            assert_eq!(error, Error::NotOpened);
            None
        }
    }
}

/// Damages bytes that a digest protects.
pub fn tear(u: &mut Unstructured<'_>, bytes: &mut Vec<u8>) -> Result<()> {
    let offset = u.choose_index(bytes.len())?;
    match u.arbitrary()? {
        0 => bytes.truncate(offset),
        difference => bytes[offset] ^= difference,
    }
    Ok(())
}

/// Mostly the first, so that it is full from time to time.
pub fn choose_window(u: &mut Unstructured<'_>) -> Result<usize> {
    Ok(usize::from(u.ratio(1, 4)?))
}

/// A time after [`BASE`]: when tokens are valid, or at the edge of a leeway.
pub fn choose_time(u: &mut Unstructured<'_>) -> Result<i64> {
    Ok(BASE + *u.choose(&[0, 0, 0, 60, 300])? + u.int_in_range(0..=26)?)
}

pub fn unix(time: i64) -> UnixTime {
    UnixTime::from_secs(time)
}
