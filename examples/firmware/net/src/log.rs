//! The log, on the serial port: no text of a client but the method and the path of a route, since it may be a token.

use core::fmt;

use embedded_jwt_firmware::board::Serial;

pub fn line(text: fmt::Arguments<'_>) {
    // The port never fails.
    let _ = fmt::write(&mut Port, text);
    Serial.write(b"\n");
}

struct Port;

impl fmt::Write for Port {
    fn write_str(&mut self, text: &str) -> fmt::Result {
        Serial.write(text.as_bytes());
        Ok(())
    }
}

#[macro_export]
macro_rules! log {
    ($($arg:tt)*) => { $crate::log::line(format_args!($($arg)*)) };
}
