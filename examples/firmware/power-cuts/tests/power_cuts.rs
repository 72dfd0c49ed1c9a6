//! Power cuts at every write and every erasure of the gateway's flash. After each restart, every token whose logout or
//! use was confirmed is refused, and the time floor is no lower than when it was last saved.
//!
//! `RUNS` sets the number of runs of each test, and `SEED` repeats one run.

use std::{env, thread};

use base64ct::{Base64UrlUnpadded, Encoding as _};
use embedded_jwt::{Algorithm, BackendError, EarliestTime, PublicKey, Signature, SignatureAlgorithm, UnixTime};
use embedded_storage::nor_flash::{
    ErrorType, NorFlash, NorFlashErrorKind, ReadNorFlash, check_erase, check_read, check_write,
};

use embedded_jwt_firmware::flash::{PAGE_LEN, PAGES, WORD_LEN};
use embedded_jwt_firmware::gateway::{Gateway, MAX_LINE, NO_CONTENT, OK};
use embedded_jwt_firmware::memory::{Memory, Stores};
use embedded_jwt_firmware::trust::{self, BUILT_AT, ISSUER};

#[test]
fn no_power_cut_makes_a_revoked_or_used_token_acceptable() {
    let cuts = for_each_seed(|rng| {
        let mut device = Device::new();
        let requests = rng.below(60);
        device.run(requests, rng);
        let (mut operations, mut erasures) = (0, 0);
        for _ in 0..1 + rng.below(4) {
            let requests = 1 + rng.below(6);
            let life = device.run(requests, rng);
            for at in 0..life.operations.len() {
                device.cut(&life, at, rng).check();
            }
            let erased: Vec<_> = life.erasures().collect();
            (operations, erasures) = (operations + life.operations.len(), erasures + erased.len());
            // The next life begins with one of these cuts, or after the last operation.
            let any = rng.below(life.operations.len() + 1);
            device = device.cut(&life, *erased.first().unwrap_or(&any), rng);
        }
        (operations, erasures)
    });
    let erasures: usize = cuts.iter().map(|(_, erasures)| erasures).sum();
    let operations: usize = cuts.iter().map(|(operations, _)| operations).sum();
    println!("{operations} power cuts, {erasures} of them in an erasure");
}

/// A copy that has lost its content is restored from the other one before the other one is written.
#[test]
fn damage_in_one_copy_loses_nothing_even_if_the_power_fails_then() {
    for_each_seed(|rng| {
        let mut device = Device::new();
        let requests = 1 + rng.below(60);
        device.run(requests, rng);
        let copy = device.image.len() / 2;
        let start = rng.below(2) * copy;
        wear(&mut device.image[start..start + copy], rng);
        device.check();
        let life = device.run(1, rng);
        for at in 0..life.operations.len() {
            device.cut(&life, at, rng).check();
        }
    });
}

/// The gateway starts with any content of the flash. If the state is lost, it refuses all tokens issued before, as far
/// as it knows the time, and again when its clock is set. It keeps everything that it confirms from then on.
#[test]
fn damage_in_both_copies_fails_closed() {
    let lost = for_each_seed(|rng| {
        let mut device = Device::new();
        let requests = 1 + rng.below(60);
        device.run(requests, rng);
        device.image.chunks_mut(PAGE_LEN).for_each(|page| wear(page, rng));

        let (stores, mut buf) = (Stores::new(), [0; MAX_LINE]);
        let mut gateway = start(&mut device.image, &stores, &mut buf);
        let (is_lost, floor) = (gateway.memory.is_lost, gateway.memory.now().earliest());
        for token in device.tokens.iter().filter(|token| is_lost && token.issued_at.as_secs() <= floor.as_secs()) {
            assert_ne!(token.present(&mut gateway, "GET /pump"), OK, "{token:?}");
        }
        for _restart in 0..rng.below(3) {
            gateway.memory.save().unwrap();
            gateway = start(&mut device.image, &stores, &mut buf);
        }
        gateway.memory.set_clock(UnixTime::from_secs(0));
        gateway.memory.set_clock(at(device.time));
        if is_lost {
            device.known.assert_kept(&mut gateway, &device.tokens);
        }

        device.known = Known::NOTHING;
        let requests = 1 + rng.below(10);
        device.run(requests, rng);
        device.check();
        is_lost && floor > BUILD
    });
    println!("state lost, but not the time: {}", lost.into_iter().filter(|is_lost| *is_lost).count());
}

/// Calls `run` with the random numbers of each seed, on all cores, and returns the results.
fn for_each_seed<T: Send>(run: impl Fn(&mut Rng) -> T + Sync) -> Vec<T> {
    let number = |name| env::var(name).ok().map(|text| text.parse::<u64>().unwrap());
    let seeds = match number("SEED") {
        Some(seed) => seed..seed + 1,
        None => 0..number("RUNS").unwrap_or(1_000),
    };
    let threads = thread::available_parallelism().map_or(1, usize::from);
    thread::scope(|scope| {
        let work = |offset| {
            let (seeds, run) = (seeds.clone(), &run);
            scope.spawn(move || seeds.skip(offset).step_by(threads).map(|seed| run(&mut Rng::new(seed))).collect())
        };
        let threads: Vec<_> = (0..threads).map(work).collect();
        threads.into_iter().flat_map(|thread| -> Vec<T> { thread.join().unwrap() }).collect()
    })
}

/// The gateway's flash, its clients' tokens, and the state that it has confirmed.
#[derive(Clone)]
struct Device {
    image: Vec<u8>,
    tokens: Vec<Token>,
    /// Seconds since the build.
    time: i64,
    known: Known,
}

/// The state that the gateway has confirmed.
#[derive(Clone)]
struct Known {
    is_saved: bool,
    /// Indices of tokens.
    revoked: Vec<usize>,
    used: Vec<usize>,
    floor: EarliestTime,
}

/// The time from one start to the next.
struct Life {
    before: Vec<u8>,
    operations: Vec<Operation>,
    /// The confirmed state before each operation, and at the end.
    known: Vec<Known>,
}

impl Life {
    /// The indices of the operations that erase.
    fn erasures(&self) -> impl Iterator<Item = usize> {
        let is_erasure = |at: &usize| matches!(self.operations[*at], Operation::Erase(..));
        (0..self.operations.len()).filter(is_erasure)
    }
}

enum Operation {
    Write(usize, Vec<u8>),
    Erase(usize, usize),
}

impl Device {
    fn new() -> Self {
        Self { image: vec![0xff; PAGES * PAGE_LEN], tokens: Vec::new(), time: 0, known: Known::NOTHING }
    }

    /// Starts the gateway, and sends it random requests.
    fn run(&mut self, requests: usize, rng: &mut Rng) -> Life {
        let before = self.image.clone();
        let mut known = Vec::new();
        let mut operations = Vec::new();
        let (stores, mut buf) = (Stores::new(), [0; MAX_LINE]);
        let mut gateway = start(&mut self.image, &stores, &mut buf);
        let has_clock = rng.below(2) == 0;
        for _ in 0..requests {
            self.time += i64::try_from(if rng.below(20) == 0 { rng.below(400) } else { rng.below(4) }).unwrap();
            if has_clock {
                gateway.memory.set_clock(at(self.time));
            }
            let index = if self.tokens.is_empty() || rng.below(3) > 0 {
                self.tokens.push(Token::new(self.tokens.len(), self.time));
                self.tokens.len() - 1
            } else {
                rng.below(self.tokens.len())
            };
            let path = ["GET /pump", "POST /valve", "POST /logout"][rng.below(3)];
            let answer = self.tokens[index].present(&mut gateway, path);
            known.resize(gateway.memory.flash().operations.len(), self.known.clone());
            match (path, answer) {
                ("POST /valve", OK) => self.known.used.push(index),
                ("POST /logout", NO_CONTENT) => self.known.revoked.push(index),
                _ => {}
            }
            let is_saved = gateway.memory.save().is_ok();
            known.resize(gateway.memory.flash().operations.len(), self.known.clone());
            assert!(is_saved);
            self.known.is_saved = true;
            self.known.floor = gateway.memory.now().earliest();
        }
        operations.append(&mut gateway.memory.flash().operations);
        known.push(self.known.clone());
        Life { before, operations, known }
    }

    /// The device after its power has failed in this operation of its last life, or after the last one.
    fn cut(&self, life: &Life, at: usize, rng: &mut Rng) -> Self {
        let mut image = life.before.clone();
        let (done, rest) = life.operations.split_at(at);
        done.iter().for_each(|operation| operation.apply(&mut image));
        rest.iter().take(1).for_each(|operation| operation.tear(&mut image, rng));
        Self { image, known: life.known[at].clone(), ..self.clone() }
    }

    /// Starts the gateway, and asserts that it keeps the confirmed state and works, and keeps the state over another
    /// start.
    fn check(&self) {
        let mut device = self.clone();
        // This token is issued later than the tokens that are revoked if the state is lost.
        device.tokens.push(Token::new(device.tokens.len(), device.time + 62));
        let fresh = device.tokens.len() - 1;
        let (stores, mut buf) = (Stores::new(), [0; MAX_LINE]);

        let mut gateway = start(&mut device.image, &stores, &mut buf);
        assert!(!(self.known.is_saved && gateway.memory.is_lost), "state is lost");
        self.known.assert_kept(&mut gateway, &device.tokens);
        assert_eq!(device.tokens[fresh].present(&mut gateway, "GET /pump"), OK);
        let mut known = self.known.clone();
        if device.tokens[fresh].present(&mut gateway, "POST /valve") == OK {
            known.used.push(fresh);
        } else {
            assert!(self.tokens.len() >= 16, "the window refuses a token, but cannot be full");
        }
        gateway.memory.save().unwrap();

        let mut gateway = start(&mut device.image, &stores, &mut buf);
        assert!(!gateway.memory.is_lost, "state is lost after it was saved");
        known.assert_kept(&mut gateway, &device.tokens);
    }
}

impl Known {
    const NOTHING: Self = Self { is_saved: false, revoked: Vec::new(), used: Vec::new(), floor: BUILD };

    fn assert_kept(&self, gateway: &mut Gateway<'_, Recorder<'_>>, tokens: &[Token]) {
        assert!(gateway.memory.now().earliest() >= self.floor, "the floor fell");
        for (path, indices) in [("GET /pump", &self.revoked), ("POST /valve", &self.used)] {
            for index in indices {
                assert_ne!(tokens[*index].present(gateway, path), OK, "{path} with token {index}");
            }
        }
    }
}

fn start<'a>(image: &'a mut [u8], stores: &'a Stores, buf: &'a mut [u8]) -> Gateway<'a, Recorder<'a>> {
    let issuer = trust::issuer(&trust::ES256_KEYS, &[&AcceptAll]);
    Gateway { issuer, memory: Memory::restore(Recorder { image, operations: Vec::new() }, stores), buf }
}

#[derive(Clone, Debug)]
struct Token {
    text: String,
    issued_at: UnixTime,
}

impl Token {
    /// A token that only [`AcceptAll`] accepts.
    fn new(number: usize, time: i64) -> Self {
        let issued_at = at(time);
        let payload = format!(
            r#"{{"iss":"{ISSUER}","sub":"user","aud":"urn:device:pump-7","client_id":"app-{number}","iat":{},"exp":{},"jti":"{number}","scope":"pump:read pump:write"}}"#,
            issued_at.as_secs(),
            at(time + 300).as_secs(),
        );
        let header = r#"{"alg":"ES256","typ":"at+jwt","kid":"test-key"}"#;
        let [header, payload, signature] =
            [header.as_bytes(), payload.as_bytes(), &[1; 64]].map(Base64UrlUnpadded::encode_string);
        Self { text: format!("{header}.{payload}.{signature}"), issued_at }
    }

    /// Sends a request with this token, and returns the answer.
    fn present(&self, gateway: &mut Gateway<'_, Recorder<'_>>, path: &str) -> &'static str {
        gateway.answer(format!("{path} Authorization: Bearer {}", self.text).as_bytes())
    }
}

const BUILD: EarliestTime = EarliestTime::from_secs(BUILT_AT.as_secs());

fn at(seconds: i64) -> UnixTime {
    UnixTime::from_secs(BUILT_AT.as_secs() + seconds)
}

/// Replaces the curve, which makes no difference to these tests.
#[derive(Debug)]
struct AcceptAll;

impl SignatureAlgorithm for AcceptAll {
    fn algorithm(&self) -> Algorithm {
        Algorithm::Es256
    }

    fn verify(&self, _: &PublicKey<'_>, _: &[u8], _: Signature<'_>) -> Result<(), BackendError> {
        Ok(())
    }
}

/// Flash that records its writes and erasures.
struct Recorder<'i> {
    image: &'i mut [u8],
    operations: Vec<Operation>,
}

impl Recorder<'_> {
    fn apply(&mut self, operation: Operation) {
        operation.apply(self.image);
        self.operations.push(operation);
    }
}

impl ErrorType for Recorder<'_> {
    type Error = NorFlashErrorKind;
}

impl ReadNorFlash for Recorder<'_> {
    const READ_SIZE: usize = 1;

    fn read(&mut self, offset: u32, bytes: &mut [u8]) -> Result<(), Self::Error> {
        check_read(self, offset, bytes.len())?;
        let at = offset as usize;
        bytes.copy_from_slice(&self.image[at..at + bytes.len()]);
        Ok(())
    }

    fn capacity(&self) -> usize {
        self.image.len()
    }
}

impl NorFlash for Recorder<'_> {
    const WRITE_SIZE: usize = WORD_LEN;
    const ERASE_SIZE: usize = PAGE_LEN;

    fn erase(&mut self, from: u32, to: u32) -> Result<(), Self::Error> {
        check_erase(self, from, to)?;
        self.apply(Operation::Erase(from as usize, to as usize));
        Ok(())
    }

    fn write(&mut self, offset: u32, bytes: &[u8]) -> Result<(), Self::Error> {
        check_write(self, offset, bytes.len())?;
        self.apply(Operation::Write(offset as usize, bytes.to_vec()));
        Ok(())
    }
}

impl Operation {
    fn apply(&self, image: &mut [u8]) {
        match self {
            Self::Write(at, bytes) => image[*at..].iter_mut().zip(bytes).for_each(|(cell, byte)| *cell &= byte),
            Self::Erase(from, to) => image[*from..*to].fill(0xff),
        }
    }

    /// Applies a part of it: a write up to some byte, which is undefined; an erasure leaves undefined content.
    fn tear(&self, image: &mut [u8], rng: &mut Rng) {
        match self {
            Self::Write(at, bytes) => {
                let (written, rest) = bytes.split_at(rng.below(bytes.len() + 1));
                let mut part = written.to_vec();
                part.extend(rest.first().map(|byte| byte | rng.byte()));
                Self::Write(*at, part).apply(image);
            }
            Self::Erase(from, to) => match rng.below(4) {
                0 => image[*from..from + rng.below(to - from + 1)].fill(0xff),
                _ => wear(&mut image[*from..*to], rng),
            },
        }
    }
}

/// Changes the content of cells.
fn wear(cells: &mut [u8], rng: &mut Rng) {
    let kind = rng.below(7);
    let rarity = [1, 2, 8, 100, 1_000][rng.below(5)];
    for cell in cells {
        let is_hit = rng.below(rarity) == 0;
        match kind {
            0 => *cell = 0xff,
            1 => *cell = 0,
            2 => *cell = rng.byte(),
            3 if is_hit => *cell = rng.byte(),
            4 if is_hit => *cell |= rng.byte(),
            5 if is_hit => *cell &= rng.byte(),
            // Almost erased.
            6 => *cell = if is_hit { *cell | rng.byte() } else { 0xff },
            _ => {}
        }
    }
}

/// SplitMix64. It names its seed if a test panics.
struct Rng {
    seed: u64,
    state: u64,
}

impl Rng {
    const fn new(seed: u64) -> Self {
        Self { seed, state: seed }
    }

    fn next(&mut self) -> u64 {
        self.state = self.state.wrapping_add(0x9e37_79b9_7f4a_7c15);
        let mixed = (self.state ^ self.state >> 30).wrapping_mul(0xbf58_476d_1ce4_e5b9);
        let mixed = (mixed ^ mixed >> 27).wrapping_mul(0x94d0_49bb_1331_11eb);
        mixed ^ mixed >> 31
    }

    fn below(&mut self, limit: usize) -> usize {
        (self.next() % limit as u64) as usize
    }

    fn byte(&mut self) -> u8 {
        self.next().to_le_bytes()[0]
    }
}

impl Drop for Rng {
    fn drop(&mut self) {
        if thread::panicking() {
            eprintln!("SEED={}", self.seed);
        }
    }
}
