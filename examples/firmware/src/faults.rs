//! A decision on one token, for the script `faults`, which disturbs the processor meanwhile and watches the pump.

use core::hint::black_box;
use core::ptr::{read_volatile, write_volatile};

use embedded_jwt::{
    Algorithm, BackendError, Error, Issuer, PublicKey, ReplayCheck, ReplayWindow, Revocation, RevocationList,
    Signature, SignatureAlgorithm, SignatureCache, SingleUse, Token, UnixTime, Verified,
};

use crate::board;
use crate::measure;
use crate::trust::{self, ISSUER, KEYS, NOW, POLICY};

/// The pump runs once this is written. No memory answers at these addresses, so that the emulator stops.
const PUMP: *mut u32 = 0x5000_0000 as *mut u32;
/// Receives the code of the error. Both halves of the address differ from the pump's: a fault in the instructions that
/// load it half by half must not lead to the pump.
const REFUSAL: *mut u32 = 0x6000_1000 as *mut u32;
pub const SPEED: u32 = 3000;

/// The request, and the state of the device.
pub struct Request<'a> {
    token: &'static str,
    algorithms: [&'a dyn SignatureAlgorithm; 2],
    revoked: &'a RevocationList<4>,
    used: &'a ReplayWindow<4, 4>,
    cache: SignatureCache<4>,
}

/// The tokens, in the order of the script. Tokens with `false` are forged: the stand-in for the curve refuses them.
const TOKENS: [(&str, bool); 13] = [
    (include_str!("../tokens/es256.jwt"), true),
    (include_str!("../tokens/eddsa.jwt"), true),
    (include_str!("../tokens/es256.jwt"), false),
    (include_str!("../tokens/eddsa.jwt"), false),
    (include_str!("../tokens/expired.jwt"), true),
    (include_str!("../tokens/later.jwt"), true),
    (include_str!("../tokens/other-audience.jwt"), true),
    (include_str!("../tokens/other-issuer.jwt"), true),
    (include_str!("../tokens/id-token.jwt"), true),
    (include_str!("../tokens/read-only.jwt"), true),
    (include_str!("../tokens/revoked.jwt"), true),
    (include_str!("../tokens/used.jwt"), true),
    (include_str!("../tokens/bound.jwt"), true),
];

/// The number of the token: the script writes it into the image. In RAM, a fault that leads to a reset would clear it.
#[unsafe(no_mangle)]
static TOKEN: u32 = 0;

/// For the real curve: a good token, or the same with another signature.
pub fn token() -> &'static [u8] {
    // SAFETY: a static is valid.
    let number = unsafe { read_volatile(&raw const TOKEN) };
    if number == 0 { trust::ES256_TOKEN.as_bytes() } else { &FORGED }
}

/// The good token, with one bit of its signature flipped.
static FORGED: [u8; trust::ES256_TOKEN.len()] = {
    let mut token = [0; trust::ES256_TOKEN.len()];
    token.copy_from_slice(trust::ES256_TOKEN.as_bytes());
    token[trust::ES256_TOKEN.len() - 20] ^= 1;
    token
};

/// Prepares everything and decides on the token that the script has chosen. The script starts at `decide`.
pub fn run(decide: fn(&Request<'_>)) -> ! {
    let mut revoked = RevocationList::new();
    revoked.start_empty();
    let until = UnixTime::from_secs(NOW.as_secs() + 600);
    let is_revoked = revoked.revoke(Revocation::Token { issuer: ISSUER, jwt_id: "token-2" }, until, NOW).is_ok();
    let used = ReplayWindow::new();
    used.start_empty();
    // SAFETY: a static is valid.
    let number = unsafe { read_volatile(&raw const TOKEN) };
    let (token, accepts) = TOKENS[number as usize];
    let backends = [Algorithm::Es256, Algorithm::EdDsa].map(|algorithm| StandIn { algorithm, accepts });
    let algorithms: [&dyn SignatureAlgorithm; 2] = [&backends[0], &backends[1]];
    let request = Request { token, algorithms, revoked: &revoked, used: &used, cache: SignatureCache::new() };
    let earlier = Request { token: TOKENS[11].0, cache: SignatureCache::new(), ..request };
    let is_used = number == 11 && check(&earlier).is_ok_and(|answer| consume(&earlier, answer.id).is_ok());
    if is_revoked && is_used == (number == 11) {
        black_box(decide)(black_box(&request));
    }
    board::exit(false)
}

/// The answer of one check, with the id that the act consumes.
#[derive(PartialEq)]
pub struct Answer {
    pub speed: u32,
    pub id: SingleUse,
    stores: [Digest; 2],
}

/// The digest at the end of a snapshot.
type Digest = [u8; 16];

/// The whole check. The script finds its entry by this name.
#[unsafe(no_mangle)]
#[inline(never)]
pub fn check(request: &Request<'_>) -> Result<Answer, Error> {
    let stores = digests(request)?;
    let verified = Token::parse(request.token)?.verify(&issuer(request), measure::buffer())?;
    finish(request, verified, stores)
}

/// As `check`, with a cache of signatures that both runs share: this is a mistake.
#[unsafe(no_mangle)]
#[inline(never)]
pub fn check_cached(request: &Request<'_>) -> Result<Answer, Error> {
    let stores = digests(request)?;
    let verified = Token::parse(request.token)?.verify_cached(&issuer(request), &request.cache, measure::buffer())?;
    finish(request, verified, stores)
}

/// The digests of the stores, which both runs read from RAM: they differ if a fault in the first run overwrites a
/// store.
fn digests(request: &Request<'_>) -> Result<[Digest; 2], Error> {
    let digest = |snapshot: &[u8]| snapshot.last_chunk().copied().ok_or(Error::Disturbed);
    let revoked = digest(request.revoked.snapshot(measure::buffer())?)?;
    Ok([revoked, digest(request.used.snapshot(measure::buffer())?)?])
}

fn issuer<'a>(request: &'a Request<'_>) -> Issuer<'a> {
    trust::issuer(&KEYS, &request.algorithms)
}

fn finish(request: &Request<'_>, verified: Verified<'_, '_>, stores: [Digest; 2]) -> Result<Answer, Error> {
    let policy = POLICY.with_revocations(request.revoked).with_single_use(request.used);
    let pending = verified.validate_access_token(&policy, NOW)?;
    if !pending.has_scope("pump:write") {
        return Err(Error::InsufficientScope);
    }
    let id = pending.single_use().ok_or(Error::Denied)?;
    Ok(Answer { speed: SPEED, id, stores })
}

/// Remembers the use of the token, and starts the pump if the store says that it is remembered.
#[inline(never)]
pub fn act(request: &Request<'_>, answer: Answer) {
    let is_consumed = consume(request, answer.id).is_ok();
    if is_consumed && request.used.check_unused(&[answer.id], NOW.into()) == Err(Error::Replayed) {
        start_pump(answer.speed);
    } else {
        refuse(Error::Disturbed);
    }
}

#[inline(never)]
pub fn consume(request: &Request<'_>, id: SingleUse) -> Result<(), Error> {
    request.used.use_once(id, NOW.into())
}

pub fn start_pump(speed: u32) {
    // SAFETY: this is the address of a register, which this module alone uses.
    unsafe { write_volatile(PUMP, speed) };
}

#[inline(never)]
pub fn refuse(error: Error) {
    // SAFETY: as above.
    unsafe { write_volatile(REFUSAL, error.code().into()) };
}

/// Replaces a curve by a fixed answer.
#[derive(Debug)]
struct StandIn {
    algorithm: Algorithm,
    accepts: bool,
}

impl SignatureAlgorithm for StandIn {
    fn algorithm(&self) -> Algorithm {
        self.algorithm
    }

    fn verify(&self, key: &PublicKey<'_>, message: &[u8], signature: Signature<'_>) -> Result<(), BackendError> {
        black_box((key.public_key(), message, signature.as_bytes()));
        if black_box(self.accepts) { Ok(()) } else { Err(BackendError::InvalidSignature) }
    }
}
