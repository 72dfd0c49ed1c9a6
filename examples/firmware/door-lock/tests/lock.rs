//! Each refusal of the lock, on the host.

use std::cell::Cell;
use std::rc::Rc;
use std::time::Duration;

use door_lock::{AUDIENCE, DOOR, Flash, ISSUER, Lock, RECORD_LEN, Record, Refusal, URI};
use embedded_jwt::{Claim, Error, Key, Misfit, Part, Revocation, RevocationList, TimeFloor, UnixTime};
use embedded_jwt_testkit::{Alg, NOW, TestIssuer, TestToken, dpop_proof};

/// Half a day before the tokens of the test kit are valid.
const BUILT_AT: UnixTime = UnixTime::from_secs(NOW - 12 * 60 * 60);

/// The flash of a test, which outlives the lock.
struct Ram {
    copies: [Record; 2],
    /// The number of steps until the power fails: erasures, and bytes that are written.
    steps_left: Rc<Cell<usize>>,
}

impl Ram {
    fn erased() -> Self {
        Self { copies: [[0xff; RECORD_LEN]; 2], steps_left: Rc::new(Cell::new(usize::MAX)) }
    }
}

impl Flash for &mut Ram {
    fn read(&mut self, copy: usize) -> Record {
        self.copies[copy]
    }

    fn write(&mut self, copy: usize, record: &Record) -> bool {
        let steps_left = self.steps_left.get();
        if steps_left == 0 {
            return false;
        }
        self.copies[copy].fill(0xff);
        let len = RECORD_LEN.min(steps_left - 1);
        self.copies[copy][..len].copy_from_slice(&record[..len]);
        self.steps_left.set(steps_left - 1 - len);
        len == RECORD_LEN
    }
}

fn idp() -> TestIssuer {
    TestIssuer::new(ISSUER)
}

/// A token that opens the door, for the phone with the ES256 test key.
fn good() -> TestToken {
    idp().access_token(AUDIENCE).scope("door:open").claim("door", DOOR).bound_to(Alg::Es256)
}

/// A request as the phone makes it: a nonce, and a proof of the token with it.
fn proof(lock: &mut Lock<'_, &mut Ram>, token: &str) -> TestToken {
    thread_local!(static COUNT: Cell<u128> = const { Cell::new(0) });
    let nonce = lock.nonce(|| COUNT.replace(COUNT.get() + 1));
    dpop_proof(Alg::Es256, "POST", URI, token).id(nonce).claim("nonce", nonce)
}

fn open(lock: &mut Lock<'_, &mut Ram>, token: &TestToken) -> Result<(), Refusal> {
    let text = token.mint();
    let proof = proof(lock, &text).mint();
    lock.open(text.as_bytes(), proof.as_bytes())
}

/// The verdict of a new lock.
fn verdict(token: &TestToken) -> Result<(), Refusal> {
    let (keys, mut ram) = (idp().keys(), Ram::erased());
    open(&mut provisioned(&keys, &mut ram), token)
}

fn provisioned<'a>(keys: &'a [Key], ram: &'a mut Ram) -> Lock<'a, &'a mut Ram> {
    let mut lock = Lock::start(keys, BUILT_AT, ram);
    lock.provision().unwrap();
    lock
}

#[test]
fn good_token_opens() {
    assert_eq!(verdict(&good()), Ok(()));
}

#[test]
fn token_with_a_fault_is_refused() {
    for (token, error) in [
        (good().forged(), Error::InvalidSignature),
        (good().cut_off(), Error::Malformed(Part::Token)),
        (good().unsigned(), Error::UnsupportedAlgorithm),
        (good().critical(), Error::CriticalHeader),
        (good().unknown_key(), Error::UnknownKey),
        (good().padded(1024), Error::BufferTooSmall),
        (good().wrong_type(), Error::WrongType),
        (idp().id_token(AUDIENCE), Error::WrongType),
        (good().other_issuer(), Error::Mismatch(Claim::Issuer)),
        (good().other_audience(), Error::Mismatch(Claim::Audience)),
        (good().without("jti"), Error::Missing(Claim::JwtId)),
        (good().long_lived(), Error::LifetimeTooLong),
        (good().missing_scope(), Error::InsufficientScope),
        (good().without("cnf"), Error::Missing(Claim::Confirmation)),
        (good().bound_to(Alg::EdDsa), Error::Mismatch(Claim::Confirmation)),
        (good().without("door"), Error::Deserialize(Misfit::Missing)),
        (good().claim("door", "vault"), Error::Denied),
    ] {
        assert_eq!(verdict(&token), Err(Refusal::Token(error)));
    }
}

/// Puts one fault into a proof.
type Fault = fn(TestToken) -> TestToken;

#[test]
fn proof_with_a_fault_is_refused() {
    let faults: [(Fault, Error); 5] = [
        (TestToken::forged, Error::InvalidSignature),
        (TestToken::wrong_type, Error::WrongType),
        (|proof| proof.claim("htu", "https://vault.north.example.com/"), Error::Mismatch(Claim::HttpUri)),
        (|proof| proof.without("nonce"), Error::Missing(Claim::Nonce)),
        (|proof| proof.claim("nonce", "of-yesterday"), Error::Mismatch(Claim::Nonce)),
    ];
    for (fault, error) in faults {
        let (keys, mut ram, text) = (idp().keys(), Ram::erased(), good().mint());
        let mut lock = provisioned(&keys, &mut ram);
        let (fine, faulty) = (proof(&mut lock, &text), fault(proof(&mut lock, &text)).mint());
        assert_eq!(lock.open(text.as_bytes(), faulty.as_bytes()), Err(Refusal::Proof(error)));
        // And nothing was consumed.
        assert_eq!(lock.open(text.as_bytes(), fine.mint().as_bytes()), Ok(()));
    }
}

#[test]
fn token_opens_once_also_over_a_power_cut() {
    let (keys, mut ram) = (idp().keys(), Ram::erased());
    let mut lock = provisioned(&keys, &mut ram);
    assert_eq!(open(&mut lock, &good()), Ok(()));
    assert_eq!(open(&mut lock, &good()), Err(Refusal::Token(Error::Replayed)));
    assert_eq!(open(&mut Lock::start(&keys, BUILT_AT, &mut ram), &good()), Err(Refusal::Token(Error::Replayed)));
}

#[test]
fn expired_token_is_refused_once_a_later_one_has_raised_the_floor() {
    let (keys, mut ram) = (idp().keys(), Ram::erased());
    assert_eq!(open(&mut provisioned(&keys, &mut ram), &good().id("later")), Ok(()));
    let mut lock = Lock::start(&keys, BUILT_AT, &mut ram);
    assert_eq!(open(&mut lock, &good().expired()), Err(Refusal::Token(Error::Expired)));
}

#[test]
fn nonce_is_the_same_for_every_phone_until_it_is_used() {
    let (keys, mut ram) = (idp().keys(), Ram::erased());
    let mut lock = provisioned(&keys, &mut ram);
    let [first, second] = ["token-1", "token-2"].map(|id| good().id(id).mint());
    let [proof_of_first, proof_of_second] = [&first, &second].map(|token| proof(&mut lock, token).mint());
    for _ in 0..100 {
        lock.nonce(|| panic!("the nonce is not used"));
    }
    assert_eq!(lock.open(first.as_bytes(), proof_of_first.as_bytes()), Ok(()));
    let late = lock.open(second.as_bytes(), proof_of_second.as_bytes());
    assert_eq!(late, Err(Refusal::Proof(Error::Mismatch(Claim::Nonce))));
    let again = proof(&mut lock, &second).mint();
    assert_eq!(lock.open(second.as_bytes(), again.as_bytes()), Ok(()));
}

#[test]
fn nonce_that_was_not_used_is_withdrawn_after_two_minutes() {
    let (keys, mut ram) = (idp().keys(), Ram::erased());
    let (mut lock, text) = (provisioned(&keys, &mut ram), good().mint());
    let mut made_in_advance = || proof(&mut lock, &text).mint();
    let [first, second] = [made_in_advance(), made_in_advance()];
    assert_eq!(first, second);
    // Whether somebody asks for another one meanwhile, or not.
    for is_asked in [true, false] {
        let made_in_advance = proof(&mut lock, &text).mint();
        lock.age_nonces();
        if is_asked {
            assert_ne!(proof(&mut lock, &text).mint(), made_in_advance);
        }
        lock.age_nonces();
        let late = lock.open(text.as_bytes(), made_in_advance.as_bytes());
        assert_eq!(late, Err(Refusal::Proof(Error::Mismatch(Claim::Nonce))));
    }

    let in_time = proof(&mut lock, &text).mint();
    lock.age_nonces();
    assert_eq!(lock.open(text.as_bytes(), in_time.as_bytes()), Ok(()));
}

/// The floor begins with the build, and rises by a step with each token, over power cuts too.
#[test]
fn old_build_catches_up() {
    let day = 24 * 60 * 60;
    for (days, lost) in [(30, 0), (200, 0), (365, 0), (2 * 365, 1)] {
        for pause in [60 * 60, day, 10 * day] {
            let (keys, mut ram) = (idp().keys(), Ram::erased());
            let built_at = UnixTime::from_secs(NOW - days * day);
            Lock::start(&keys, built_at, &mut ram).provision().unwrap();
            let verdicts = (0..40).map(|count| {
                let mut lock = Lock::start(&keys, built_at, &mut ram);
                let now = UnixTime::from_secs(NOW + count * pause);
                let token = good().id(&format!("token-{count}")).at(now).mint();
                let proof = proof(&mut lock, &token).at(now).mint();
                lock.open(token.as_bytes(), proof.as_bytes())
            });
            let refused: Vec<_> = verdicts.filter_map(Result::err).collect();
            assert_eq!(refused, vec![Refusal::Token(Error::ShareFull); lost], "{days} days old, each {pause} s");
        }
    }
}

#[test]
fn lost_phone_is_revoked_and_a_new_token_is_not() {
    let (keys, mut ram) = (idp().keys(), Ram::erased());
    let mut lock = provisioned(&keys, &mut ram);
    let command = good().id("command").claim("sub", "janitor").claim("revoke", "user-42");
    let revoke = |lock: &mut Lock<'_, &mut Ram>, token: TestToken| {
        let text = token.mint();
        let proof = proof(lock, &text).mint();
        lock.revoke(text.as_bytes(), proof.as_bytes())
    };
    assert_eq!(revoke(&mut lock, command.clone()), Err(Refusal::Token(Error::InsufficientScope)));
    let command = command.scope("door:revoke");
    // Consumes nothing: the same token is accepted below.
    assert_eq!(revoke(&mut lock, command.clone().without("revoke")), Err(Refusal::Token(Error::Denied)));
    assert_eq!(revoke(&mut lock, command), Ok(()));
    assert_eq!(open(&mut lock, &good()), Err(Refusal::Token(Error::Revoked)));
    assert_eq!(open(&mut lock, &good().id("of-another").claim("sub", "user-43")), Ok(()));
    assert_eq!(open(&mut Lock::start(&keys, BUILT_AT, &mut ram), &good()), Err(Refusal::Token(Error::Revoked)));
}

#[test]
fn revocation_that_finds_no_room_is_consumed_over_a_power_cut() {
    let (keys, mut ram) = (idp().keys(), Ram::erased());
    drop(provisioned(&keys, &mut ram));
    let (mut full, now) = (RevocationList::<16>::new(), UnixTime::from_secs(NOW));
    full.start_empty();
    for number in 0..16 {
        let jwt_id = &format!("of-another-client-{number}");
        full.revoke(Revocation::Token { issuer: ISSUER, jwt_id }, now.plus(Duration::from_secs(600)), now).unwrap();
    }
    for copy in &mut ram.copies {
        full.snapshot(&mut copy[TimeFloor::LEN..][..RevocationList::<16>::SNAPSHOT_LEN]).unwrap();
    }
    let command = good().scope("door:revoke").claim("revoke", "user-42").mint();
    for error in [Error::Full, Error::Replayed] {
        let mut lock = Lock::start(&keys, BUILT_AT, &mut ram);
        let proof = proof(&mut lock, &command).mint();
        assert_eq!(lock.revoke(command.as_bytes(), proof.as_bytes()), Err(Refusal::Token(error)));
    }
}

#[test]
fn lock_without_its_state_refuses_everything() {
    let (keys, mut ram) = (idp().keys(), Ram::erased());
    assert_eq!(open(&mut Lock::start(&keys, BUILT_AT, &mut ram), &good()), Err(Refusal::Token(Error::NotOpened)));
}

#[test]
fn power_cuts_in_any_write_open_no_door_twice() {
    let keys = idp().keys();
    // The live part of a record is shorter than its room, so that half a record would be a whole one.
    let of_copy = [0, 1, 2, 70, 700, RECORD_LEN / 2, RECORD_LEN];
    let cuts: Vec<_> = of_copy.into_iter().chain(of_copy.map(|steps| RECORD_LEN + 1 + steps)).collect();
    let each_cut = (0..2 * (RECORD_LEN + 1)).step_by(13);
    let twice = cuts.iter().flat_map(|first| cuts.iter().map(|second| vec![*first, *second]));
    let cases = each_cut.map(|cut| vec![cut]).chain(twice);
    // A write can fail while the lock runs on, too.
    for (cuts, restarts) in cases.flat_map(|cuts| [(cuts.clone(), true), (cuts, false)]) {
        let mut ram = Ram::erased();
        assert_eq!(open(&mut provisioned(&keys, &mut ram), &good()), Ok(()));
        let steps_left = Rc::clone(&ram.steps_left);
        let mut lock = Lock::start(&keys, BUILT_AT, &mut ram);
        for (number, steps) in cuts.iter().enumerate() {
            steps_left.set(*steps);
            assert_eq!(open(&mut lock, &good().id(&format!("cut-{number}"))), Err(Refusal::NotSaved), "{cuts:?}");
            if restarts {
                drop(lock);
                lock = Lock::start(&keys, BUILT_AT, &mut ram);
            }
        }
        steps_left.set(usize::MAX);
        drop(lock);
        let mut lock = Lock::start(&keys, BUILT_AT, &mut ram);
        assert_eq!(open(&mut lock, &good()), Err(Refusal::Token(Error::Replayed)), "{cuts:?}");
        assert_eq!(open(&mut lock, &good().id("token-2")), Ok(()), "{cuts:?}");
    }
}

/// A fault of the issuer: the door is locked until the floor has passed, or the lock is provisioned again.
#[test]
fn tokens_from_the_future_raise_the_floor_by_a_step_each() {
    let day = 24 * 60 * 60;
    for tokens in 1..=3 {
        let (keys, mut ram) = (idp().keys(), Ram::erased());
        let mut lock = provisioned(&keys, &mut ram);
        let mut open_at = |time: i64, id: &str| {
            let time = UnixTime::from_secs(time);
            let token = good().id(id).at(time).mint();
            let proof = proof(&mut lock, &token).at(time).mint();
            lock.open(token.as_bytes(), proof.as_bytes())
        };
        for count in 1..=tokens {
            assert_eq!(open_at(NOW + 730 * day + 60 * count, &format!("ahead-{count}")), Ok(()));
        }
        let locked = NOW + (90 * tokens - 1) * day;
        assert_eq!(open_at(locked, "locked"), Err(Refusal::Token(Error::Expired)));
        assert_eq!(open_at(locked + day, "over"), Ok(()));
    }
}

#[test]
fn phone_that_opens_too_often_has_to_wait() {
    let (keys, mut ram) = (idp().keys(), Ram::erased());
    let mut lock = provisioned(&keys, &mut ram);
    let verdicts: Vec<_> = (0..9).map(|count| open(&mut lock, &good().id(&format!("token-{count}")))).collect();
    assert_eq!(verdicts, [[Ok(()); 8].as_slice(), &[Err(Refusal::Token(Error::ShareFull))]].concat());
}
