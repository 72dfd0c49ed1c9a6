//! ES256 with tables, by the public interface: whole tokens, rotation, and the self-test. `tests/wycheproof.rs` and
//! `tests/mutation.rs` test the verdicts.
#![cfg(all(feature = "es256-tables", feature = "eddsa"))]

use embedded_jwt::*;
use testkit::{Preparing, *};

/// The self-test passes with tables for each of its keys, and with no tables.
#[test]
fn tables_pass_the_self_test_strictly() {
    assert_eq!(self_test(&Preparing::default()), Ok(SelfTest::Strict));
    assert_eq!(self_test(&Es256Tables::<0>::new()), Ok(SelfTest::Strict));
}

/// After the keys change, the tables are still for the old keys: no trusted key is refused, and no old key is accepted.
#[test]
fn tables_follow_the_keys_and_decide_nothing() {
    let token = Alg::Es256.access_token(&claims());
    let others = [Key::es256(&[1; 32], &[2; 32]).with_kid(Alg::Es256.kid().as_bytes())];
    let mut tables = Es256Tables::<2>::new();
    assert_eq!(verdict(&token, &*KEYS, &tables), Ok(()), "not prepared");
    assert_eq!(tables.prepare(&*KEYS), 1);
    assert_eq!(verdict(&token, &*KEYS, &tables), Ok(()));
    assert_eq!(verdict(&token, &others, &tables), Err(Error::InvalidKey), "its tables are left over");
    assert_eq!(tables.prepare(&others), 0);
    assert_eq!(verdict(&token, &*KEYS, &tables), Ok(()), "its tables were dropped");
}

fn verdict(token: &str, keys: &[Key], tables: &Es256Tables<2>) -> Result<(), Error> {
    let algorithms: [&dyn SignatureAlgorithm; 1] = [tables];
    Token::parse(token)?.verify(&Issuer::new(ISSUER, keys, &algorithms), &mut [0; 4096]).map(drop)
}

/// 16 points of 96 bytes for the generator and for each key, and the bytes of the key.
#[test]
fn tables_take_the_memory_that_is_documented() {
    let words = 2 * size_of::<usize>();
    assert!(size_of::<Es256Tables<0>>() <= 16 * 96 + words);
    assert!(size_of::<Es256Tables<4>>() <= 16 * 96 + words + 4 * (16 * 96 + 64));
}
