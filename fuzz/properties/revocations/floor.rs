//! The operations on the time floor.

use std::time::Duration;

use arbitrary::{Result, Unstructured};
use embedded_jwt::*;
use testkit::{ACCEPT_ALL, AUDIENCE};

use super::device::{Changes, Device, NOTHING, tear, unix};
use super::minted::{BASE, ISSUERS, KEYS, dated};
use super::time::Floor;

impl Device {
    /// Sets the floor by a clock, stores it, restarts it from a stored one, or lets it learn.
    pub fn change_floor(&mut self, u: &mut Unstructured<'_>) -> Result<Changes> {
        match u.int_in_range(0..=8)? {
            0 => {
                let time = BASE + u.int_in_range(0..=30)?;
                self.floor.raise_to(unix(time));
                self.model.floor.raise_to(time);
            }
            1 => {
                let time = BASE + *u.choose(&[-20, 0, 0, 300])? + u.int_in_range(0..=26)?;
                self.floor.correct_to(unix(time));
                self.model.floor.correct_to(time);
            }
            2 | 3 => self.stored_floors.push((self.floor.to_bytes(), self.model.floor.clone())),
            4 => self.restart_floor(u)?,
            5 => self.restore_torn_floor(u)?,
            _ => self.learn_from_some(u)?,
        }
        assert_eq!(self.floor.at().as_secs(), self.model.floor.at());
        Ok(NOTHING)
    }

    /// Restarts the floor from a stored one, perhaps with other firmware.
    pub fn restart_floor(&mut self, u: &mut Unstructured<'_>) -> Result<()> {
        let built = Floor::BUILT + *u.choose(&[0, 0, 6])?;
        let latest = *u.choose(&Floor::LATEST)?;
        if self.stored_floors.is_empty() {
            (self.floor, self.model.floor) = (new_floor(built, latest), Floor::new(built, latest));
            return Ok(());
        }
        let (bytes, model) = u.choose(&self.stored_floors)?;
        let page = [&bytes[..], &[0xff]].concat();
        let restored = TimeFloor::from_bytes(unix(built), Floor::SOURCES, &page).unwrap();
        self.floor = with_limits(restored, latest);
        self.model.floor = model.clone();
        self.model.floor.restart(built, latest);
        Ok(())
    }

    fn restore_torn_floor(&mut self, u: &mut Unstructured<'_>) -> Result<()> {
        if self.stored_floors.is_empty() {
            return Ok(());
        }
        let mut bytes = u.choose(&self.stored_floors)?.0.to_vec();
        tear(u, &mut bytes)?;
        let torn = TimeFloor::from_bytes(unix(Floor::BUILT), Floor::SOURCES, &bytes).map(|floor| floor.at());
        assert_eq!(torn, Err(Error::Malformed(Part::Snapshot)));
        Ok(())
    }

    /// Lets the floor learn from tokens that differ in little but their issue time.
    fn learn_from_some(&mut self, u: &mut Unstructured<'_>) -> Result<()> {
        let mut offsets = Vec::new();
        while offsets.is_empty() || offsets.len() < 6 && u.ratio(3, 4)? {
            offsets.push(*u.choose(&[-12, -3, 3, 5, 9, 10, 14, 16, 17, 21, 25, 30, 60, 320])?);
        }
        if u.arbitrary()? {
            offsets.sort_unstable();
        }
        // Tokens come again, so that the floor remembers some of them and has forgotten others.
        for _ in 0..u.int_in_range(0..=6)? {
            offsets.push(*u.choose(&offsets)?);
        }
        for offset in offsets {
            let issuer = if u.ratio(7, 8)? { Floor::SOURCES[0] } else { ISSUERS[1] };
            let now = if u.ratio(7, 8)? { self.floor.at().into() } else { self.now(0) };
            accept(issuer, offset, now, |token| learn(&mut self.floor, &mut self.model.floor, token));
        }
        Ok(())
    }
}

/// Validates a token that was issued at [`BASE`] and this offset, unless the clock was never set.
fn accept(issuer: &'static str, offset: i64, now: Now, then: impl FnOnce(&Claims<'_>)) {
    let text = dated(issuer, BASE + offset);
    let issuer = Issuer::new(issuer, &*KEYS, ACCEPT_ALL);
    let policy = TypedPolicy::new("cmd+jwt", AUDIENCE).with_max_unproven_lifetime(Duration::from_secs(10_000));
    let mut buf = [0; 256];
    match Token::parse(&text).unwrap().verify(&issuer, &mut buf).unwrap().into_typed(&policy, now) {
        Ok(token) => then(&token),
        Err(error) => assert_eq!(error, Error::ClockNotSet),
    }
}

/// Lets a floor and its model learn from a token.
pub fn learn(floor: &mut TimeFloor<'_>, model: &mut Floor, token: &Claims<'_>) {
    let (issuer, issued_at, freshness) = (token.issuer(), token.issued_at().map(UnixTime::as_secs), token.freshness());
    let before = floor.at().as_secs();
    let has_risen = floor.learn(token);
    let after = floor.at().as_secs();
    model.check_rise(issuer, issued_at, freshness, [before, after]);
    assert_eq!((has_risen, after), (model.learn(issuer, issued_at, freshness), model.at()), "{model:?}");
}

pub fn new_floor(built: i64, latest: i64) -> TimeFloor<'static> {
    with_limits(TimeFloor::new(unix(built), Floor::SOURCES), latest)
}

fn with_limits(floor: TimeFloor<'static>, latest: i64) -> TimeFloor<'static> {
    floor.with_max_step(Duration::from_secs(Floor::STEP.unsigned_abs())).with_latest(unix(latest))
}
