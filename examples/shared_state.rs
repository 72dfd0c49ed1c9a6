//! A revocation list and a replay window in statics, shared by all tasks and interrupt handlers:
//! `cargo run --example shared_state`.
//!
//! Each call takes a critical section of its own, by the crate `critical-section`, as firmware on embassy or RTIC does;
//! the signature is verified outside of all of them. On one executor without other threads, a `StaticCell` of the crate
//! `static_cell` does as well: `let used: &'static ReplayWindow<64, 16> = USED.init(ReplayWindow::new());`

use core::cell::RefCell;

use critical_section::Mutex;
use embedded_jwt::{
    AccessToken, AccessTokenPolicy, EdDsa, Error, Issuer, Key, Now, ReplayCheck, ReplayWindow, Revocation,
    RevocationList, Revocations, SingleUse, Token, TokenIdentity, UnixTime,
};

/// The state of the device. In a `const` instead of a `static`, each use would be a new list or window; it would be
/// closed, and refuse everything.
static REVOKED: Mutex<RefCell<RevocationList<64>>> = Mutex::new(RefCell::new(RevocationList::new()));
static USED: Mutex<ReplayWindow<64, 16>> = Mutex::new(ReplayWindow::new());

/// [`REVOKED`] as a part of policies.
#[derive(Debug)]
pub struct Revoked;

impl Revocations for Revoked {
    fn check(&self, token: &TokenIdentity<'_>, now: Now) -> Result<(), Error> {
        critical_section::with(|cs| REVOKED.borrow_ref(cs).check(token, now))
    }
}

/// [`USED`] as a part of policies.
#[derive(Debug)]
pub struct Used;

impl ReplayCheck for Used {
    fn check_unused(&self, ids: &[SingleUse], now: Now) -> Result<(), Error> {
        critical_section::with(|cs| USED.borrow(cs).check_unused(ids, now))
    }

    fn use_all(&self, ids: &[SingleUse], now: Now) -> Result<(), Error> {
        critical_section::with(|cs| USED.borrow(cs).use_all(ids, now))
    }

    fn release(&self, ids: &[SingleUse]) {
        critical_section::with(|cs| USED.borrow(cs).release(ids));
    }

    fn address(&self) -> Option<*const ()> {
        critical_section::with(|cs| USED.borrow(cs).address())
    }
}

const POLICY: AccessTokenPolicy =
    AccessTokenPolicy::new("urn:device:pump-7").with_revocations(&Revoked).with_single_use(&Used);

/// Opens both stores after the start. A device restores them from its flash: see `RevocationList` and
/// `examples/firmware`.
pub fn start() {
    critical_section::with(|cs| {
        REVOKED.borrow_ref_mut(cs).start_empty();
        USED.borrow(cs).start_empty();
    });
}

pub fn revoke(token: &AccessToken<'_>, now: UnixTime) -> Result<(), Error> {
    let jwt_id = token.jwt_id().unwrap_or_default(); // the policy requires it
    let one = Revocation::Token { issuer: token.issuer(), jwt_id };
    critical_section::with(|cs| REVOKED.borrow_ref_mut(cs).revoke(one, token.refused_from(), now))
}

/// Claims of our own.
#[derive(serde::Deserialize)]
struct PumpClaims<'b> {
    site: &'b str,
}

/// Accepts a token for a pump on this site. A token for another site is refused, and stays usable there.
pub fn accept<'b>(bearer: &[u8], site: &str, now: UnixTime, buf: &'b mut [u8]) -> Result<AccessToken<'b>, Error> {
    let keys = [Key::ed25519(&TEST_KEY).with_kid(b"ed-test")];
    let issuer = Issuer::new("https://idp.example.com", &keys, &[&EdDsa]);
    let pending = Token::parse(bearer)?.verify(&issuer, buf)?.validate_access_token(&POLICY, now)?;
    let pump: PumpClaims<'_> = pending.claims()?;
    if pump.site == site { pending.consume() } else { Err(Error::Denied) }
}

pub fn main() {
    let now = UnixTime::from_secs(1_768_478_400); // 2026-01-15 12:00:00 UTC
    let show = |what: &str, site: &str| {
        let mut buf = [0; 1024];
        match accept(BEARER, site, now, &mut buf) {
            Ok(token) => println!("{what}: accepted, for {:?}", token.subject()),
            Err(error) => println!("{what}: refused, {error}"),
        }
    };
    show("before the stores are opened", "north");
    start();
    show("at the pump of another site", "south");
    show("at the right pump", "north");
    show("once more", "north");
}

/// A TEST KEY, whose private half is published in `testkit/src/mint.rs`.
pub const TEST_KEY: [u8; 32] = [
    86, 151, 233, 125, 170, 92, 170, 229, 172, 191, 136, 145, 77, 158, 51, 110, 238, 237, 87, 117, 113, 25, 122, 102,
    13, 208, 42, 92, 167, 183, 134, 2,
];

/// Signed with the test key.
pub const BEARER: &[u8] = b"eyJhbGciOiJFZERTQSIsInR5cCI6ImF0K2p3dCIsImtpZCI6ImVkLXRlc3QifQ.\
    eyJpc3MiOiJodHRwczovL2lkcC5leGFtcGxlLmNvbSIsInN1YiI6InVzZXItNDIiLCJhdWQiOiJ1cm46ZGV2aWNlOnB1bXAtNyIsImNsaWVudF9p\
    ZCI6InB1bXAtYXBwIiwiZXhwIjoxNzY4NDc4NzAwLCJuYmYiOjE3Njg0NzgzNDAsImlhdCI6MTc2ODQ3ODM0MCwianRpIjoidG9rZW4tMiIsInNj\
    b3BlIjoicHVtcDpyZWFkIiwic2l0ZSI6Im5vcnRoIiwibWF4X3JwbSI6MzAwMH0.\
    2DKcLvbG_uFBmSNTdIpKGDhxhQ2cxh1MpxbaGtpq2HrQTJ-eMG6LhPw3vJhIcfZcGetJpTSLgGRWqxSf6dT_AQ";
