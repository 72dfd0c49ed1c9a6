#[cfg(fuzzing)]
use embedded_jwt::*;

/// **Property:** `key_set!` agrees at compile time with `KeySet::from_jwks`. It gives the same keys in the same order
/// if `from_jwks` finds a key and skips none, and refuses all other texts.
///
/// The crate offers the function only to builds for fuzzing, since it must not be called at run time.
#[cfg(fuzzing)]
pub fn key_set(input: &[u8]) {
    let Ok(text) = str::from_utf8(input) else { return };
    let mut slots = [const { Key::ed25519(&[0; 32]) }; CAPACITY];
    let count = __key_set::read_when_fuzzing(text, &mut slots);
    let ours = count.map(|count| slots.get(..count));
    match KeySet::<CAPACITY>::from_jwks(&mut input.to_vec()) {
        // There are more usable keys than slots. It is not known whether other keys are unusable.
        Err(Error::TooManyKeys) => assert!(count.is_none_or(|count| count > CAPACITY)),
        Ok(set) if set.skipped() == 0 && !set.is_empty() => assert_eq!(ours, Some(Some(&*set))),
        Ok(_) | Err(_) => assert_eq!(ours, None),
    }
}

#[cfg(not(fuzzing))]
pub fn key_set(_: &[u8]) {
    panic!("this property needs a build for fuzzing");
}

#[cfg(fuzzing)]
const CAPACITY: usize = 8;
