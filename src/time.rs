/// A moment, in whole seconds since 1970-01-01T00:00:00Z, leap seconds not counted
/// (`NumericDate` of [RFC 7519 section 2](https://www.rfc-editor.org/rfc/rfc7519#section-2)).
///
/// The crate never reads a clock: the time is an argument. A moment that is not
/// after 1970-01-01 is taken for a clock that was never set, and refuses every token: pass it until the clock has been
/// set since boot, since a clock that restarts at some later date makes expired tokens look fresh.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
#[cfg_attr(feature = "defmt", derive(defmt::Format))]
pub struct UnixTime(i64);

impl UnixTime {
    /// The moment so many seconds after 1970-01-01T00:00:00Z, or before it if negative.
    pub const fn from_secs(secs: i64) -> Self {
        Self(secs)
    }

    /// Seconds since 1970-01-01T00:00:00Z.
    pub const fn as_secs(self) -> i64 {
        self.0
    }
}
