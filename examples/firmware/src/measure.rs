//! Instructions and peak stack of a function.

use core::hint::black_box;
use core::ptr::{read_volatile, write_volatile};

use embedded_jwt::{Algorithm, BackendError, Key, PublicKey, Signature, SignatureAlgorithm, Token};

use crate::board::{self, Serial};
use crate::trust;

/// Runs `verify` on a token of each size and reports the cost.
pub fn tokens(short: &'static str, long: &'static str, verify: fn(&'static str) -> bool) -> ! {
    board::start();
    report(b"empty", short, &|_| true);
    report(b"main", short, &verify);
    report(b"long", long, &verify);
    board::exit(true)
}

/// Runs one function on one input and reports the cost.
pub fn one(input: &'static [u8], run: fn(&'static [u8]) -> bool) -> ! {
    board::start();
    report(b"main", input, &run);
    board::exit(true)
}

/// Lends a writable copy of `input`, in a static, so that it is not counted as stack.
pub fn with_copy(input: &[u8], run: impl FnOnce(&mut [u8]) -> bool) -> bool {
    let Some(copy) = buffer().get_mut(..input.len()) else { return false };
    copy.copy_from_slice(input);
    run(copy)
}

/// Verifies a token, from compact text to `AccessToken`, and checks a scope.
#[inline(never)]
pub fn may_write(token: &str, keys: &[Key], algorithms: &[&dyn SignatureAlgorithm]) -> bool {
    let token = Token::parse(token)
        .and_then(|token| token.verify(&trust::issuer(keys, algorithms), buffer()))
        .and_then(|verified| verified.into_access_token(&trust::POLICY, trust::NOW));
    token.is_ok_and(|token| black_box(&token).has_scope("pump:write"))
}

/// A buffer for the payload of the longest token, in a static, so that it is not counted as stack.
pub fn buffer() -> &'static mut [u8] {
    static mut BUFFER: [u8; BUFFER_LEN] = [0; BUFFER_LEN];
    // SAFETY: an image uses it in one place at a time, and there are no interrupts.
    unsafe { core::slice::from_raw_parts_mut((&raw mut BUFFER).cast(), BUFFER_LEN) }
}

pub const BUFFER_LEN: usize = 1536;

/// Replaces the curve of ES256: accepts everything that passes the crate's own checks.
#[derive(Debug)]
pub struct StandIn;

impl SignatureAlgorithm for StandIn {
    fn algorithm(&self) -> Algorithm {
        Algorithm::Es256
    }

    fn verify(&self, key: &PublicKey<'_>, message: &[u8], signature: Signature<'_>) -> Result<(), BackendError> {
        black_box((key.public_key(), message, signature.as_bytes()));
        black_box(Ok(()))
    }
}

/// Writes one line: the name, whether the input was accepted, instructions, bytes of stack.
pub fn report<T: Copy>(name: &[u8], input: T, run: &dyn Fn(T) -> bool) {
    let (accepted, instructions, stack) = measure(input, run);
    let serial = Serial;
    serial.write(name);
    serial.write(if accepted { b" accepted " } else { b" refused " });
    serial.write_number(instructions);
    serial.write(b" ");
    serial.write_number(stack as u64);
    serial.write(b"\n");
}

#[inline(never)]
fn measure<T: Copy>(input: T, run: &dyn Fn(T) -> bool) -> (bool, u64, usize) {
    let top = board::stack_pointer();
    let words = || (top - MAX_STACK..top).step_by(size_of::<usize>());
    for word in words() {
        // SAFETY: nothing below the stack pointer is in use, and the stack has far more than `MAX_STACK` left.
        unsafe { write_volatile(word as *mut usize, PATTERN) };
    }

    let before = board::instructions();
    let accepted = black_box(run)(black_box(input));
    let after = board::instructions();

    // SAFETY: as above.
    let deepest = words().find(|word| unsafe { read_volatile(*word as *const usize) } != PATTERN);
    (accepted, after - before, top - deepest.unwrap_or(top))
}

const MAX_STACK: usize = 64 * 1024;
const PATTERN: usize = 0xa5c3_96e1;
