//! Lines on stderr.

use std::fmt;
use std::io::{self, Write};

/// Writes a line. If stderr is closed, the server continues.
pub fn line(text: fmt::Arguments<'_>) {
    let _ = writeln!(io::stderr(), "{text}");
}
