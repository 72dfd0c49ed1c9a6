//! Lines on stderr.

use std::fmt;
use std::io::{self, Write};

/// If stderr is closed, the server goes on.
pub fn line(text: fmt::Arguments<'_>) {
    let _ = writeln!(io::stderr(), "{text}");
}
