//! The boundary between the page's script and the report: two functions, called once each in an instance of its own.
//! The script writes its question into the memory that `allocate` returns, and reads the answer of `report`.
#![no_std]

extern crate alloc;

mod answer;
mod question;

use alloc::vec;
use alloc::vec::Vec;
use core::arch::wasm32;
use core::panic::PanicInfo;

use dlmalloc::GlobalDlmalloc;

#[global_allocator]
static ALLOCATOR: GlobalDlmalloc = GlobalDlmalloc;

/// Stops the instance: the script gets an exception, and says so.
#[panic_handler]
fn stop(_: &PanicInfo<'_>) -> ! {
    wasm32::unreachable()
}

/// Makes room for a question of this length. It is never freed alone: the whole instance is.
// Unsafe because no other function may have this name; none has.
#[unsafe(no_mangle)]
pub extern "C" fn allocate(len: usize) -> *mut u8 {
    vec![0; len].leak().as_mut_ptr()
}

/// Answers the question: four bytes with the length of the answer (little endian), and the answer.
///
/// # Safety
///
/// `question` must come from `allocate(len)`, and be passed only once.
// Unsafe because no other function may have this name; none has.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn report(question: *const u8, len: usize) -> *const u8 {
    // SAFETY: by this function's contract, these bytes were initialized by `allocate`, and nobody else uses them.
    let question = unsafe { core::slice::from_raw_parts(question, len) };
    let answer = answer::to(question);
    let mut bytes = Vec::from(u32::try_from(answer.len()).unwrap_or(0).to_le_bytes());
    bytes.extend(answer);
    bytes.leak().as_ptr()
}
