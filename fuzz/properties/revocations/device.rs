//! A device: its stores, its knowledge of the time and its flash, each with its model.

use std::cell::{RefCell, RefMut};

use arbitrary::{Result, Unstructured};
use embedded_jwt::*;

use super::floor::{learn, new_floor};
use super::minted::{BASE, NONCES};
use super::model::{Model, Uses};
use super::requests::{OwnStores, Possession, Recorded, Request};
use super::stores::Page;
use super::time::{Floor, Time};

/// Small, so that all slots are taken from time to time.
pub const CAPACITY: usize = 4;
pub const WINDOW: usize = 6;
pub const SHARE: usize = 3;
pub const NONCE_SLOTS: usize = 3;
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
    pub images: Images,
    /// Requests with proofs, which may come again.
    recorded: Vec<Recorded>,
}

#[derive(Default)]
pub struct Stores {
    pub list: SharedList,
    pub windows: [Window; 2],
    pub nonces: [DpopNonce; NONCE_SLOTS],
}

/// A list that can change while a request waits, as behind a lock.
#[derive(Debug, Default)]
pub struct SharedList(RefCell<List>);

impl SharedList {
    pub fn lock(&self) -> RefMut<'_, List> {
        self.0.borrow_mut()
    }
}

impl Revocations for SharedList {
    fn check(&self, token: &TokenIdentity<'_>, now: Now) -> std::result::Result<(), Error> {
        self.lock().check(token, now)
    }
}

/// How the device knows the time.
#[derive(Clone, Copy)]
enum Knows {
    /// The device passes its clock, set or not.
    Clock,
    /// The device asks the floor, with its clock.
    Both,
    /// The device asks the floor, without a clock.
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
        let floor = new_floor(Floor::BUILT, Floor::LATEST[0]);
        let (flash, stored_floors) = (Vec::new(), Vec::new());
        let recorded = Vec::new();
        let mut device =
            Self { clock: BASE, knows: Knows::Clock, floor, stores, model, flash, stored_floors, images, recorded };
        if !u.ratio(1, 16)? {
            for store in 0..3 {
                device.start_empty(store, 0);
            }
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
            21..=23 => self.set_clock(u)?,
            24 => self.change_nonces(u)?,
            25..=26 => self.change_floor(u)?,
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
        self.clock = match u.int_in_range(0..=15)? {
            0 => *u.choose(&unset)?,
            1..=6 if self.clock >= BASE => self.clock + u.int_in_range(0..=8)?,
            _ => choose_time(u)?,
        };
        self.knows = match u.int_in_range(0..=7)? {
            0..=4 => Knows::Clock,
            5 => Knows::Both,
            _ => Knows::Floor,
        };
        Ok(NOTHING)
    }

    fn change_nonces(&mut self, u: &mut Unstructured<'_>) -> Result<Changes> {
        for _ in 0..2 {
            change_a_nonce(u, &self.stores, &mut self.model)?;
        }
        self.check_nonces();
        Ok(NOTHING)
    }

    pub fn check_nonces(&self) {
        let issued = self.stores.nonces.each_ref().map(DpopNonce::is_issued);
        assert_eq!(issued, self.model.nonces.map(|text| text.is_some()));
    }

    /// Asks only whether a token is revoked.
    fn ask_the_list(&mut self, u: &mut Unstructured<'_>) -> Result<Changes> {
        let request = Request::for_revocations(u)?;
        let now = self.now(request.leeway);
        ask(&request, &self.stores.list, &self.model, now);
        Ok(NOTHING)
    }

    /// Accepts or refuses a request in one step.
    fn request(&mut self, u: &mut Unstructured<'_>) -> Result<Changes> {
        let leeway = *u.choose(&[0, 0, 2, 60, 400])?;
        let now = self.now(leeway);
        let mut request = Request::choose(u, now)?;
        if u.ratio(1, 4)? && !self.recorded.is_empty() {
            request.repeat(u.choose(&self.recorded)?, now);
        } else {
            self.recorded.extend(request.recorded());
        }
        let learns = u.ratio(7, 8)?;
        let Self { stores, model, floor, .. } = self;
        let Some(proven) = verify_proof(&request, model, stores) else { return Ok(NOTHING) };
        let mut buf = [0; 1024];
        let proof = request.verify_proof(&stores.nonces, &mut buf).unwrap();
        let own = request.own_stores(&stores.windows);
        let policy = request.policy(&stores.list, proof.as_ref(), &own);

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
}

/// Issues or withdraws a nonce.
pub fn change_a_nonce(u: &mut Unstructured<'_>, stores: &Stores, model: &mut Model) -> Result<()> {
    let text = if u.ratio(7, 8)? { Some(u.choose_index(NONCES.len())?) } else { None };
    let spelled = text.map_or("", |text| NONCES[text]);
    if u.arbitrary()? {
        let slots = *u.choose(&[NONCE_SLOTS, NONCE_SLOTS, 2, 0])?;
        DpopNonce::rotate(&stores.nonces[..slots], spelled);
        // The new nonce takes the first free slot, or else the last nonce is dropped.
        let gone = model.nonces[..slots].iter().position(Option::is_none).unwrap_or(slots.saturating_sub(1));
        if slots > 0 {
            model.nonces[..=gone].rotate_right(1);
            model.nonces[0] = text;
        }
    } else {
        let slot = u.choose_index(NONCE_SLOTS)?;
        if text.is_some() || u.arbitrary()? {
            stores.nonces[slot].issue(spelled);
        } else {
            stores.nonces[slot].withdraw();
        }
        model.nonces[slot] = text;
    }
    Ok(())
}

/// Verifies the proof of a request, and compares the verdict with the model's. `None` if the proof is refused.
pub fn verify_proof(request: &Request, model: &Model, stores: &Stores) -> Option<Option<super::model::Proven>> {
    let Possession::Dpop(presented) = &request.possession else { return Some(None) };
    let expected = model.verify_proof(presented);
    let mut buf = [0; 1024];
    let verdict = request.verify_proof(&stores.nonces, &mut buf).map(|_| ());
    assert_eq!(verdict, expected.as_ref().map(|_| ()).map_err(|error| *error), "{request:?} by {model:?}");
    expected.ok().map(Some)
}

/// Asks a list about a token, without any other store.
pub fn ask(request: &Request, list: &dyn Revocations, model: &Model, now: Now) {
    let policy = request.policy(list, None, &OwnStores::NONE);
    let mut buf = [0; 1024];
    let verified = Token::parse(&request.token.text).unwrap().verify(&request.issuer(), &mut buf).unwrap();
    let outcome = policy.accept(verified, now, |_| ());
    let (allowed, _) = model.validate(request, None, Time::of(now));
    assert!(allowed.allows(outcome), "{outcome:?} {allowed:?}\n{request:?}\nat {now:?} by {model:?}");
}

/// Records the outcome of a request, and returns which stores may have changed.
pub fn settle(
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

pub fn window_lens(stores: &Stores) -> [usize; 2] {
    stores.windows.each_ref().map(Window::len)
}

pub fn generations(stores: &Stores) -> [u64; 2] {
    stores.windows.each_ref().map(Window::generation)
}

impl Stores {
    pub fn images(&self) -> Images {
        let ([one, other], list) = (&self.windows, self.list.lock());
        [
            (image(|buf| list.snapshot(buf)), list.generation()),
            (image(|buf| one.snapshot(buf)), one.generation()),
            (image(|buf| other.snapshot(buf)), other.generation()),
        ]
    }

    pub fn lens(&self) -> [usize; 3] {
        let [one, other] = window_lens(self);
        [self.list.lock().len(), one, other]
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

/// Chooses mostly the first window, so that it is full from time to time.
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
