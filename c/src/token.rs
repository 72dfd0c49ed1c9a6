//! Accepted tokens: their claims as C sees them, and the functions that read the others.

use core::ffi::c_int;
use core::fmt::Write;

use jwt::{AccessToken, Claim, Claims, Error, Freshness, IdToken, Thumbprint, TypedToken, UnixTime};

use crate::memory::{ARGUMENT, Failure, answer, bytes_mut, ejwt_str, produce, reference};

/// A time that a token does not state.
pub const EJWT_NO_TIME: i64 = i64::MIN;
/// `ejwt_token.freshness`: the clock shows that the token has not expired.
pub const EJWT_FRESH_BY_CLOCK: u32 = 1;
/// `ejwt_token.freshness`: it answers a recent challenge. Act on it at once.
pub const EJWT_FRESH_BY_CHALLENGE: u32 = 2;
/// `ejwt_token.freshness`: nothing shows that it is fresh, and the policy accepts it all the same.
pub const EJWT_FRESH_UNPROVEN: u32 = 3;

/// The size of the opaque part of a token, in words of 8 bytes.
#[cfg(target_pointer_width = "64")]
pub const EJWT_TOKEN_WORDS: usize = 26;
/// The size of the opaque part of a token, in words of 8 bytes.
#[cfg(target_pointer_width = "32")]
pub const EJWT_TOKEN_WORDS: usize = 18;

/// An accepted token of any kind. Its strings point into the buffer of its request. Zeroed, it is none, and every function
/// refuses it.
#[repr(C, align(8))]
pub struct ejwt_token {
    /// The issuer (`iss`).
    pub issuer: ejwt_str,
    /// The user or client that the token is about (`sub`), or null. Unique only together with the issuer.
    pub subject: ejwt_str,
    /// The token's id (`jti`), or null. Unique only together with the issuer.
    pub jwt_id: ejwt_str,
    /// The client (`client_id`) of an access token, or null.
    pub client_id: ejwt_str,
    /// When it expires (`exp`), in seconds since 1970, without leeway.
    pub expires_at: i64,
    /// When it was issued (`iat`), or `EJWT_NO_TIME`.
    pub issued_at: i64,
    /// From when on it is valid (`nbf`), or `EJWT_NO_TIME`.
    pub not_before: i64,
    /// When the user logged in (`auth_time` of an ID token), or `EJWT_NO_TIME`.
    pub authenticated_at: i64,
    /// From when on every policy refuses it: the `until` of its revocation.
    pub refused_from: i64,
    /// How it was shown to be fresh: `EJWT_FRESH_BY_CLOCK` as a rule.
    pub freshness: u32,
    mark: u32,
    opaque: [u64; EJWT_TOKEN_WORDS],
}

/// An accepted access token.
#[repr(C)]
pub struct ejwt_access_token {
    /// Its claims.
    pub token: ejwt_token,
}

/// An accepted ID token. It states who the user is, and gives no access.
#[repr(C)]
pub struct ejwt_id_token {
    /// Its claims.
    pub token: ejwt_token,
}

/// An accepted token of a kind of your own.
#[repr(C)]
pub struct ejwt_typed_token {
    /// Its claims.
    pub token: ejwt_token,
}

/// The content of the opaque part.
pub(crate) enum Accepted {
    Access(AccessToken<'static>),
    Id(IdToken<'static>),
    Typed(TypedToken<'static>),
    /// The claims of a token that is not consumed yet, for the application's own check.
    Pending(Claims<'static>),
}

const MARK: u32 = 0x656a_7401;
const _: () = assert!(size_of::<Accepted>() <= 8 * EJWT_TOKEN_WORDS && align_of::<Accepted>() <= 8);

impl Accepted {
    fn claims(&self) -> &Claims<'static> {
        match self {
            Self::Access(token) => token,
            Self::Id(token) => token,
            Self::Typed(token) => token,
            Self::Pending(claims) => claims,
        }
    }
}

impl ejwt_token {
    /// Fills in a token whose memory is zeroed.
    pub(crate) fn set(&mut self, accepted: Accepted) {
        let place: *mut Accepted = self.opaque.as_mut_ptr().cast();
        // SAFETY: the opaque part is at least as large and as aligned, as the constant above asserts.
        let accepted = unsafe {
            place.write(accepted);
            &*place
        };
        let seconds = |time: Option<UnixTime>| time.map_or(EJWT_NO_TIME, UnixTime::as_secs);
        let (client_id, authenticated_at) = match accepted {
            Accepted::Access(token) => (token.client_id(), None),
            Accepted::Id(token) => (None, token.authenticated_at()),
            Accepted::Typed(_) | Accepted::Pending(_) => (None, None),
        };
        let claims = accepted.claims();
        self.issuer = ejwt_str::of(claims.issuer());
        self.subject = ejwt_str::of_option(claims.subject());
        self.jwt_id = ejwt_str::of_option(claims.jwt_id());
        self.client_id = ejwt_str::of_option(client_id);
        self.expires_at = claims.expires_at().as_secs();
        self.issued_at = seconds(claims.issued_at());
        self.not_before = seconds(claims.not_before());
        self.authenticated_at = seconds(authenticated_at);
        self.refused_from = claims.refused_from().as_secs();
        self.freshness = match claims.freshness() {
            Freshness::Clock => EJWT_FRESH_BY_CLOCK,
            Freshness::Challenge => EJWT_FRESH_BY_CHALLENGE,
            Freshness::Unproven => EJWT_FRESH_UNPROVEN,
        };
        self.mark = MARK;
    }

    /// Makes a token none, even to a callback that has kept a pointer to it: a plain write that nobody reads may be left
    /// out.
    pub(crate) fn invalidate(&mut self) {
        // SAFETY: the pointer is from a reference.
        unsafe { (&raw mut self.mark).write_volatile(0) };
    }

    pub(crate) fn accepted(&self) -> Result<&Accepted, Failure> {
        if self.mark != MARK {
            return Err(ARGUMENT);
        }
        let place: *const Accepted = self.opaque.as_ptr().cast();
        // SAFETY: only `set` writes the mark, together with the value.
        Ok(unsafe { &*place })
    }

    pub(crate) fn claims(&self) -> Result<&Claims<'static>, Failure> {
        Ok(self.accepted()?.claims())
    }
}

/// Whether an access token grants a scope: 0, or `EJWT_E_INSUFFICIENT_SCOPE`. An empty scope is never granted.
///
/// # Safety
///
/// Pointers are null or point to what their types say.
#[unsafe(no_mangle)]
#[must_use]
pub unsafe extern "C" fn ejwt_has_scope(token: *const ejwt_access_token, scope: ejwt_str) -> c_int {
    // SAFETY: the caller's promise.
    let check = || unsafe {
        let Accepted::Access(token) = reference(token)?.token.accepted()? else { return Err(ARGUMENT) };
        if token.has_scope(scope.text()?) { Ok(()) } else { Err(Error::InsufficientScope.into()) }
    };
    answer(check())
}

/// Whether the token is for this recipient too (`aud`): 0, or `EJWT_E_MISMATCH` with the audience as detail.
///
/// # Safety
///
/// Pointers are null or point to what their types say.
#[unsafe(no_mangle)]
#[must_use]
pub unsafe extern "C" fn ejwt_has_audience(token: *const ejwt_token, audience: ejwt_str) -> c_int {
    // SAFETY: the caller's promise.
    let check = || unsafe {
        let strings = reference(token)?.claims()?.audience();
        if strings.contains(audience.text()?) { Ok(()) } else { Err(Error::Mismatch(Claim::Audience).into()) }
    };
    answer(check())
}

/// Whether a claim that is a string or an array of strings, such as `roles`, contains this string: 0, or
/// `EJWT_E_MISMATCH`; `EJWT_E_MISSING` if there is no such claim, `EJWT_E_INVALID` if it is neither.
///
/// # Safety
///
/// Pointers are null or point to what their types say.
#[unsafe(no_mangle)]
#[must_use]
pub unsafe extern "C" fn ejwt_claim_contains(token: *const ejwt_token, name: ejwt_str, string: ejwt_str) -> c_int {
    // SAFETY: the caller's promise.
    let check = || unsafe {
        let strings = reference(token)?.claims()?.strings(name.text()?)?;
        if strings.contains(string.text()?) { Ok(()) } else { Err(Error::Mismatch(Claim::Other).into()) }
    };
    answer(check())
}

/// Copies one string of a claim that is a string (`index` 0) or an array of strings. There is no NUL at its end.
///
/// `EJWT_E_MISSING`: there is no such claim or string. `EJWT_E_INVALID`: the claim is neither. `EJWT_E_BUFFER_TOO_SMALL`:
/// the string does not fit `size` bytes. `len` is 0 then.
///
/// # Safety
///
/// Pointers are null or point to what their types say, `text` to `size` bytes, apart from the token's buffer.
#[unsafe(no_mangle)]
#[must_use]
pub unsafe extern "C" fn ejwt_claim_string(
    token: *const ejwt_token,
    name: ejwt_str,
    index: usize,
    text: *mut u8,
    size: usize,
    len: *mut usize,
) -> c_int {
    // SAFETY: the caller's promise.
    unsafe {
        produce(len, || {
            let strings = reference(token)?.claims()?.strings(name.text()?)?;
            let string = strings.iter().nth(index).ok_or(Error::Missing(Claim::Other))?;
            let mut out = Text::new(bytes_mut(text, size)?);
            write!(out, "{string}").map_err(|_| Error::BufferTooSmall)?;
            Ok(out.len)
        })
    }
}

/// The thumbprint of the key that a token is bound to (`cnf` with `jkt`), if its policy has accepted it: 32 bytes.
/// `EJWT_E_MISSING` with the confirmation as detail if there is none.
///
/// # Safety
///
/// Pointers are null or point to what their types say.
#[unsafe(no_mangle)]
#[must_use]
pub unsafe extern "C" fn ejwt_confirmation_key(token: *const ejwt_token, thumbprint: *mut [u8; 32]) -> c_int {
    // SAFETY: the caller's promise.
    unsafe {
        produce(thumbprint, || {
            let confirmation = match reference(token)?.accepted()? {
                Accepted::Access(token) => token.confirmation(),
                Accepted::Typed(token) => token.confirmation(),
                Accepted::Id(_) | Accepted::Pending(_) => None,
            };
            let key = confirmation.and_then(|confirmation| confirmation.key());
            Ok(*key.as_ref().map(Thumbprint::as_bytes).ok_or(Error::Missing(Claim::Confirmation))?)
        })
    }
}

/// Text that is written to the caller's memory, as far as it fits.
pub(crate) struct Text<'a> {
    bytes: &'a mut [u8],
    pub(crate) len: usize,
}

impl<'a> Text<'a> {
    pub(crate) fn new(bytes: &'a mut [u8]) -> Self {
        Self { bytes, len: 0 }
    }
}

impl Write for Text<'_> {
    fn write_str(&mut self, text: &str) -> core::fmt::Result {
        let rest = self.bytes.get_mut(self.len..).unwrap_or_default();
        // Not by `copy_from_slice`, which may panic as far as the compiler can tell.
        let place = rest.get_mut(..text.len()).ok_or(core::fmt::Error)?;
        place.iter_mut().zip(text.bytes()).for_each(|(to, byte)| *to = byte);
        self.len = self.len.saturating_add(text.len());
        Ok(())
    }
}
