#[cfg(fuzzing)]
use embedded_jwt::*;

/// **Property:** what `key_set!` does at compile time agrees with `KeySet::from_jwks`. It gives the same keys in the same
/// order if `from_jwks` skips none and finds one, and refuses all other texts.
///
/// The crate offers the function only to builds for fuzzing, since nothing of it may be called at run time.
#[cfg(fuzzing)]
pub fn key_set(input: &[u8]) {
    let Ok(text) = str::from_utf8(input) else { return };
    let mut slots = [const { Key::ed25519(&[0; 32]) }; CAPACITY];
    let count = __key_set::read_when_fuzzing(text, &mut slots);
    let ours = count.map(|count| slots.get(..count));
    match KeySet::<CAPACITY>::from_jwks(&mut input.to_vec()) {
        // More usable keys than slots; whether others are unusable is not known.
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
