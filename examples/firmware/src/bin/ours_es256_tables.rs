//! Measures all that this crate does for an ES256 token with tables, as `ours_es256` does: once the key is prepared, and
//! without that. Measures the preparation, too.
#![no_std]
#![no_main]

use core::cell::RefCell;

use embedded_jwt::{Es256Tables, Key};
use embedded_jwt_firmware::board::{self, entry};
use embedded_jwt_firmware::{measure, trust};

#[entry]
fn main() -> ! {
    board::start();
    measure::report(b"empty", trust::ES256_TOKEN, &|_| true);
    let tables = RefCell::new(tables());
    let prepare = |keys: &'static [Key]| tables.borrow_mut().prepare(keys) == keys.len();
    measure::report(b"prepare", &trust::ES256_KEYS[..], &prepare);
    let verify = |token| measure::may_write(token, &trust::ES256_KEYS, &[&**tables.borrow()]);
    measure::report(b"main", trust::ES256_TOKEN, &verify);
    measure::report(b"long", trust::ES256_LONG_TOKEN, &verify);
    let is_dropped = prepare(&[]);
    measure::report(b"unprepared", trust::ES256_TOKEN, &|token| is_dropped && verify(token));
    board::exit(true)
}

/// In a static, so that they are counted as static RAM and not as stack.
fn tables() -> &'static mut Es256Tables<1> {
    static mut TABLES: Es256Tables<1> = Es256Tables::new();
    let tables = &raw mut TABLES;
    // SAFETY: `main` calls this once, and there are no interrupts.
    unsafe { &mut *tables }
}
