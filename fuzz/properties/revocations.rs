mod allowed;
mod device;
mod floor;
mod minted;
mod model;
mod pending;
mod requests;
mod revoked;
mod stores;
mod time;
mod used;

use arbitrary::Unstructured;

/// **Property:** for any requests, revocations and uses, with the clock set forwards and backwards, unset or replaced by
/// a floor, and the stores saved, torn, restored and cleared:
///
/// - nothing is accepted that is revoked or was used, by a model that forgets nothing;
/// - a token or a proof is accepted once by a window, and a token that is revoked between the two phases is refused;
/// - a floor rises by one step at most for each token, and only an authenticated clock lowers it;
/// - a request that is refused, or dropped between its two phases, changes no store;
/// - no snapshot is restored that is torn, of another kind or too old;
/// - nothing that the model accepts is refused, except as documented: if a store or a share is full, or if a token or
///   an id ends no later than an entry that may have been evicted.
pub fn revocations(input: &[u8]) {
    sequence(input);
}

/// Runs the operations that the input chooses, and returns their number.
pub fn sequence(input: &[u8]) -> u64 {
    let mut u = Unstructured::new(input);
    let mut device = device::Device::new(&mut u).unwrap();
    let mut operations = 0;
    while !u.is_empty() {
        device.operate(&mut u).unwrap();
        operations += 1;
    }
    operations
}
