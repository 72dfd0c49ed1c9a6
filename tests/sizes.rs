//! The memory that the public types take on a 64-bit machine; a 32-bit device needs less. Memory is a device's scarcest
//! resource: if a change breaks a bound, ask whether the growth is worth it.
#![cfg(target_pointer_width = "64")]

use embedded_jwt::*;

/// Every function on the way back returns the error, so that it must fit a register on any machine, with its part or
/// claim.
#[test]
fn error_is_two_bytes() {
    assert!(size_of::<Error>() <= 2);
    assert!(size_of::<Part>() <= 1);
    assert!(size_of::<Claim>() <= 1);
    assert!(size_of::<BackendError>() <= 1);
}

/// Success and absence are encoded in values that no variant takes.
#[test]
fn wrapping_an_error_costs_nothing() {
    assert!(size_of::<Option<Error>>() <= 2);
    assert!(size_of::<Result<(), Error>>() <= 2);
    assert!(size_of::<Result<bool, Error>>() <= 2);
    assert!(size_of::<Result<(), BackendError>>() <= 1);
}

/// Header, payload, signature, signing input and the whole: five slices of the caller's text, copied freely.
#[test]
fn token_is_five_slices() {
    assert!(size_of::<Token>() <= 4 * size_of::<&[u8]>());
    assert!(size_of::<Result<Token, Error>>() <= size_of::<Token>());
}

/// Payload, rest of the buffer, signing input, issuer, key, and the `typ`, which is copied since the payload overwrites
/// the header.
#[test]
fn verified_is_four_slices_a_key_and_a_media_type() {
    assert!(size_of::<Verified>() <= 4 * size_of::<&[u8]>() + MAX_TYPE_LEN + 24);
    assert!(size_of::<Result<Verified, Error>>() <= size_of::<Verified>());
}

/// References into the buffer, three dates and the freshness: no string is copied into the token itself.
#[test]
fn accepted_tokens_are_references_and_dates() {
    let references = 5 * size_of::<&str>();
    let dates = size_of::<UnixTime>() + 2 * size_of::<Option<UnixTime>>();
    assert!(size_of::<Claims>() <= references + dates + 8);
    assert!(size_of::<TypedToken>() <= size_of::<Claims>());
    // The client, and the scopes as a string or an array.
    assert!(size_of::<AccessToken>() <= size_of::<Claims>() + 3 * size_of::<&str>());
    assert!(size_of::<Result<AccessToken, Error>>() <= size_of::<AccessToken>());
    assert!(size_of::<IdToken>() <= size_of::<Claims>() + size_of::<Option<UnixTime>>() + 2 * size_of::<&str>());
}

/// Raw bytes, not a decompressed point with its tables: the bytes themselves, the `kid`, stored inline with its length,
/// and the algorithm, rounded up to whole words. A `kid` that is too long for that takes no more.
#[test]
fn key_is_its_bytes_and_its_kid() {
    assert_eq!(size_of::<Key>(), 64 + MAX_WHOLE_KID_LEN + 2 * size_of::<usize>());
    assert!(size_of::<Option<Key>>() <= size_of::<Key>());
}

/// The keys, the numbers of all, current and skipped keys, and the time until which keys that are not current may be
/// used.
#[test]
fn key_set_is_its_keys_three_counters_and_a_date() {
    let rest = 3 * size_of::<usize>() + size_of::<UnixTime>();
    assert!(size_of::<KeySet<4>>() <= 4 * size_of::<Key>() + rest);
    assert!(size_of::<KeySet<0>>() <= rest);
}

/// The state is a third of a DEFLATE window, and the caller places it.
#[cfg(feature = "status-list")]
#[test]
fn inflater_is_the_state_of_the_decompressor() {
    assert!(size_of::<Inflater>() <= 10_560);
}

/// A list is its claims, and a few words that were read from them. A decoded list has the digests of its URI and of its
/// issuer, since it outlives the buffer, and issuers may name the same URI.
#[cfg(feature = "status-list")]
#[test]
fn status_lists_are_references_and_numbers() {
    assert!(size_of::<StatusList>() <= size_of::<Claims>() + size_of::<&str>() + 24);
    assert!(size_of::<StatusBitmap>() <= size_of::<&[u8]>() + 2 * 32 + 32);
    assert!(size_of::<NewestStatusList>() <= 24);
    assert!(size_of::<StatusLists>() <= size_of::<&[StatusBitmap]>());
    assert!(size_of::<StatusListPolicy>() <= size_of::<TypedPolicy>() + size_of::<&str>() + 24);
    assert!(size_of::<StatusReference>() <= 2 * size_of::<&str>() + 8);
    assert!(size_of::<Result<Status, Error>>() <= 3);
}

/// An issuer borrows its name, keys and algorithms, so that it can be built wherever it is used. One word tells whether a
/// `kid` is required.
#[test]
fn issuer_is_three_slices_and_a_flag() {
    assert!(size_of::<Issuer>() <= 3 * size_of::<&[u8]>() + 8);
}

/// A policy may live in flash: its strings and stores are borrowed, and the rest is a few numbers and functions.
#[test]
fn policies_are_strings_and_numbers() {
    assert!(size_of::<AccessTokenPolicy>() <= 272);
    assert!(size_of::<IdTokenPolicy>() <= 208);
    assert!(size_of::<TypedPolicy>() <= 144);
}

/// For a request to consume: two ids, each with its store, the nonce, a function and the time. To ask the revocations
/// again: the store, the key, the text and the leeway.
#[test]
fn pending_is_its_token_and_what_it_consumes() {
    let id = size_of::<SingleUse>() + size_of::<&dyn ReplayCheck>();
    let nonce = size_of::<&[DpopNonce]>() + 16 + 8;
    let uses = 2 * id + nonce + size_of::<fn()>() + size_of::<Now>();
    let identity = size_of::<&dyn Revocations>() + size_of::<&Key>() + size_of::<&[u8]>() + 8;
    assert!(size_of::<Pending<AccessToken>>() <= size_of::<AccessToken>() + uses + identity);
    assert!(size_of::<Pending<TypedToken>>() <= size_of::<TypedToken>() + uses + identity);
}

/// 32 bytes for each slot, 36 in a [`SignatureCache`], and some numbers.
#[test]
fn stores_take_32_or_36_bytes_a_slot() {
    assert!(size_of::<RevocationList<64>>() <= 2560);
    assert!(size_of::<RevocationList<64>>() <= 64 * 32 + 80);
    assert!(size_of::<RevocationList<1024>>() <= 1024 * 32 + 80);
    assert!(size_of::<ReplayWindow<64, 16>>() <= 64 * 32 + 96);
    assert_eq!(size_of::<ReplayWindow<64, 16>>(), size_of::<ReplayWindow<64, 64>>(), "a share takes no memory");
    assert!(size_of::<SignatureCache<8>>() <= 8 * 36 + 24);
    assert!(size_of::<TimeFloor>() <= 5 * 8 + 3 * 8 + size_of::<&[&str]>());
}

/// Two digests, a time, and whether it belongs to a proof.
#[test]
fn id_for_single_use_is_two_digests_and_a_time() {
    assert!(size_of::<SingleUse>() <= 16 + 8 + size_of::<UnixTime>() + 8);
    assert!(size_of::<DpopNonce>() <= 17);
}
