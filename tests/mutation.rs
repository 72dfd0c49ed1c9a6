//! One valid token of each algorithm, changed in every small way: never accepted, never a panic.
//!
//! Every byte is replaced by every other value, removed and doubled, every two neighbors are swapped, and the token is
//! cut at every length. One reduction keeps the test at seconds: in the payloads of the ES256 and RS256 tokens, where each
//! change costs a signature verification, a byte is replaced only by the eight values that differ in one bit. The bytes of
//! their headers, dots and signatures, and all bytes of the EdDSA token, take all 255 values.
#![cfg(all(feature = "es256", feature = "eddsa"))]

use std::panic::{AssertUnwindSafe, catch_unwind};
#[cfg(feature = "es256-tables")]
use std::sync::LazyLock;
use std::thread;

use embedded_jwt::*;
use testkit::*;

#[test]
fn no_mutant_of_an_eddsa_token_is_accepted() {
    let text = Alg::EdDsa.access_token(&claims());
    let mutations: Vec<_> = every_value(0..text.len()).chain(every_shape(text.as_bytes())).collect();
    assert!(mutations.len() > 257 * text.len());
    assert_eq!(survivors(text.as_bytes(), &mutations, validate), []);
}

#[test]
fn no_mutant_of_an_es256_token_is_accepted() {
    no_mutant_is_accepted(&Alg::Es256.access_token(&claims()), validate);
}

#[cfg(feature = "rs256")]
#[test]
fn no_mutant_of_an_rs256_token_is_accepted() {
    no_mutant_is_accepted(&rs256_access_token(&claims()), |text| {
        let keys = [rs256_key()];
        let issuer = Issuer::new(ISSUER, &keys, &[&embedded_jwt::Rs256]);
        let mut buf = [0; 4096];
        let verified = Token::parse(text)?.verify(&issuer, &mut buf)?;
        verified.into_access_token(&AccessTokenPolicy::new(AUDIENCE), now()).map(drop)
    });
}

#[cfg(feature = "es256-tables")]
#[test]
fn no_mutant_of_an_es256_token_is_accepted_with_tables() {
    static TABLES: LazyLock<Es256Tables<1>> = LazyLock::new(|| {
        let mut tables = Es256Tables::new();
        assert_eq!(tables.prepare(&*KEYS), 1);
        tables
    });
    no_mutant_is_accepted(&Alg::Es256.access_token(&claims()), |text| {
        let algorithms: [&dyn SignatureAlgorithm; 2] = [&*TABLES, &testkit::EdDsa];
        let issuer = Issuer::new(ISSUER, &*KEYS, &algorithms);
        let mut buf = [0; 4096];
        let verified = Token::parse(text)?.verify(&issuer, &mut buf)?;
        verified.into_access_token(&AccessTokenPolicy::new(AUDIENCE), now()).map(drop)
    });
}

/// Replaces the bytes of the payload only by values that differ in one bit.
fn no_mutant_is_accepted(text: &str, validate: Validate) {
    let payload = text.find('.').unwrap() + 1..text.rfind('.').unwrap();
    let mutations: Vec<_> = every_value(0..payload.start)
        .chain(every_bit(text.as_bytes(), payload.clone()))
        .chain(every_value(payload.end..text.len()))
        .chain(every_shape(text.as_bytes()))
        .collect();
    let in_full = text.len() - payload.len();
    assert!(mutations.len() > 257 * in_full + 10 * payload.len());
    assert_eq!(survivors(text.as_bytes(), &mutations, validate), []);
}

#[derive(Clone, Copy, Debug, PartialEq)]
enum Mutation {
    Replace(usize, u8),
    Remove(usize),
    Double(usize),
    SwapWithNext(usize),
    Truncate(usize),
}

/// Includes the byte's present value; [`survivors`] skips it because it changes nothing.
fn every_value(range: std::ops::Range<usize>) -> impl Iterator<Item = Mutation> {
    range.flat_map(|at| (0..=u8::MAX).map(move |byte| Mutation::Replace(at, byte)))
}

fn every_bit(text: &[u8], range: std::ops::Range<usize>) -> impl Iterator<Item = Mutation> {
    range.flat_map(move |at| (0..u8::BITS).map(move |bit| Mutation::Replace(at, text[at] ^ (1 << bit))))
}

fn every_shape(text: &[u8]) -> impl Iterator<Item = Mutation> {
    let len = text.len();
    let swaps = (0..len - 1).filter(|at| text[*at] != text[at + 1]).map(Mutation::SwapWithNext);
    let others = (0..len).flat_map(|at| [Mutation::Remove(at), Mutation::Double(at), Mutation::Truncate(at)]);
    swaps.chain(others)
}

impl Mutation {
    fn apply(self, text: &[u8]) -> Vec<u8> {
        let mut mutant = text.to_vec();
        match self {
            Self::Replace(at, byte) => mutant[at] = byte,
            Self::Remove(at) => {
                mutant.remove(at);
            }
            Self::Double(at) => mutant.insert(at, text[at]),
            Self::SwapWithNext(at) => mutant.swap(at, at + 1),
            Self::Truncate(len) => mutant.truncate(len),
        }
        mutant
    }
}

/// The mutations whose token is accepted, causes a panic, or is refused only for the size of the test's buffer.
fn survivors(text: &[u8], mutations: &[Mutation], validate: Validate) -> Vec<Mutation> {
    assert_eq!(validate(text), Ok(()), "the original token");

    let is_refused = |mutant: &[u8]| {
        let verdict = catch_unwind(AssertUnwindSafe(|| validate(mutant)));
        matches!(verdict, Ok(Err(error)) if error != Error::BufferTooSmall)
    };
    let survives = |mutation: &Mutation| {
        let mutant = mutation.apply(text);
        mutant != text && !is_refused(&mutant)
    };
    let survives = &survives;
    let threads = thread::available_parallelism().map_or(1, usize::from);
    thread::scope(|scope| {
        // Interleaved: the mutants that only the signature check detects are costly, and stand together in the list.
        let share = |nth| mutations.iter().skip(nth).step_by(threads).copied();
        let work = |nth| move || share(nth).filter(survives).collect::<Vec<_>>();
        let workers: Vec<_> = (0..threads).map(|nth| scope.spawn(work(nth))).collect();
        workers.into_iter().flat_map(|worker| worker.join().unwrap()).collect()
    })
}

type Validate = fn(&[u8]) -> Result<(), Error>;

fn validate(text: &[u8]) -> Result<(), Error> {
    verify(text, |verified| verified.into_access_token(&AccessTokenPolicy::new(AUDIENCE), now()).map(drop))
}
