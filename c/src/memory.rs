//! Memory that a C caller lends: checked pointers, results that are zeroed first, and opaque memory for Rust values.

use core::ffi::{CStr, c_char, c_int};
use core::mem::MaybeUninit;
use core::{slice, str};

use crate::error::{EJWT_E_ARGUMENT, EJWT_E_NOT_OPENED};

/// A negative error of the C interface.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Failure(pub(crate) c_int);

impl From<jwt::Error> for Failure {
    fn from(error: jwt::Error) -> Self {
        Self(0_i32.wrapping_sub(i32::from(error.code())))
    }
}

pub(crate) const ARGUMENT: Failure = Failure(EJWT_E_ARGUMENT);

/// Text in the caller's memory: a pointer and a length in bytes, without a NUL at its end. A null pointer means that
/// there is no text, where text is optional. It is read only during a call, but the strings of an accepted token point
/// into the buffer of its request.
#[repr(C)]
#[derive(Clone, Copy, Debug)]
pub struct ejwt_str {
    /// The first byte, or null if there is none.
    pub ptr: *const c_char,
    /// The number of bytes.
    pub len: usize,
}

impl ejwt_str {
    pub(crate) const NONE: Self = Self { ptr: core::ptr::null(), len: 0 };

    /// The text as C sees it.
    pub(crate) fn of(text: &str) -> Self {
        Self { ptr: text.as_ptr().cast(), len: text.len() }
    }

    pub(crate) fn of_option(text: Option<&str>) -> Self {
        text.map_or(Self::NONE, Self::of)
    }

    /// # Safety
    ///
    /// A pointer that is not null points to `len` bytes that stay unchanged for `'a`.
    pub(crate) unsafe fn bytes<'a>(self) -> Result<&'a [u8], Failure> {
        // SAFETY: the caller's promise.
        unsafe { slice_of(self.ptr.cast(), self.len) }
    }

    /// The text, empty if there is none.
    ///
    /// # Safety
    ///
    /// As [`bytes`](Self::bytes).
    pub(crate) unsafe fn text<'a>(self) -> Result<&'a str, Failure> {
        // SAFETY: the caller's promise.
        str::from_utf8(unsafe { self.bytes()? }).map_err(|_| ARGUMENT)
    }

    /// The text, if there is one. An empty text is one.
    ///
    /// # Safety
    ///
    /// As [`bytes`](Self::bytes).
    pub(crate) unsafe fn optional<'a>(self) -> Result<Option<&'a str>, Failure> {
        // SAFETY: the caller's promise.
        let text = unsafe { self.text()? };
        Ok(Some(text).filter(|_| !self.ptr.is_null()))
    }
}

/// # Safety
///
/// A pointer that is not null points to `len` values that stay unchanged for `'a`.
pub(crate) unsafe fn slice_of<'a, T>(ptr: *const T, len: usize) -> Result<&'a [T], Failure> {
    if len == 0 {
        return Ok(&[]);
    }
    if ptr.is_null() || !ptr.is_aligned() || !fits_memory::<T>(len) {
        return Err(ARGUMENT);
    }
    // SAFETY: the pointer is neither null nor misaligned, and the length was checked; the rest is the caller's promise.
    Ok(unsafe { slice::from_raw_parts(ptr, len) })
}

/// # Safety
///
/// A pointer that is not null points to `len` bytes that nobody else uses for `'a`.
pub(crate) unsafe fn bytes_mut<'a>(ptr: *mut u8, len: usize) -> Result<&'a mut [u8], Failure> {
    if len == 0 {
        return Ok(&mut []);
    }
    if ptr.is_null() || !fits_memory::<u8>(len) {
        return Err(ARGUMENT);
    }
    // SAFETY: the pointer is not null, and the length was checked; the rest is the caller's promise.
    Ok(unsafe { slice::from_raw_parts_mut(ptr, len) })
}

/// Whether so many values can be in memory at all.
fn fits_memory<T>(len: usize) -> bool {
    len <= const { isize::MAX.unsigned_abs() / size_of::<T>() }
}

/// # Safety
///
/// A pointer that is not null points to a value that stays unchanged for `'a`.
pub(crate) unsafe fn reference<'a, T>(ptr: *const T) -> Result<&'a T, Failure> {
    if !ptr.is_aligned() {
        return Err(ARGUMENT);
    }
    // SAFETY: the pointer is aligned; the rest is the caller's promise.
    unsafe { ptr.as_ref() }.ok_or(ARGUMENT)
}

/// # Safety
///
/// A pointer that is not null points to a value that nobody else uses for `'a`.
pub(crate) unsafe fn reference_mut<'a, T>(ptr: *mut T) -> Result<&'a mut T, Failure> {
    if !ptr.is_aligned() {
        return Err(ARGUMENT);
    }
    // SAFETY: the pointer is aligned; the rest is the caller's promise.
    unsafe { ptr.as_mut() }.ok_or(ARGUMENT)
}

/// Memory that is lent, by its address.
#[derive(Clone, Copy)]
pub(crate) struct Lent {
    start: usize,
    len: usize,
}

impl Lent {
    pub(crate) fn bytes<T>(ptr: *const T, len: usize) -> Self {
        Self { start: ptr.addr(), len }
    }

    pub(crate) fn value<T>(ptr: *const T) -> Self {
        Self::bytes(ptr, size_of::<T>())
    }

    /// Refuses memory that is written to and lent for something else too. A null pointer lends nothing.
    #[inline(never)]
    pub(crate) fn check_apart_from(self, others: &[Self]) -> Result<(), Failure> {
        let overlaps = others.iter().any(|other| {
            let distance = other.start.wrapping_sub(self.start);
            other.start != 0 && (distance < self.len || distance.wrapping_neg() < other.len)
        });
        if overlaps { Err(ARGUMENT) } else { Ok(()) }
    }
}

/// The answer of a function without a result.
pub(crate) fn answer(result: Result<(), Failure>) -> c_int {
    result.map_or_else(|Failure(error)| error, |()| 0)
}

/// Zeroes the result and fills it in only if there is no error.
///
/// # Safety
///
/// A pointer that is not null points to memory for a `T` that nobody else uses. All bytes zero are a valid `T`.
pub(crate) unsafe fn produce<T>(out: *mut T, make: impl FnOnce() -> Result<T, Failure>) -> c_int {
    if out.is_null() || !out.is_aligned() {
        return EJWT_E_ARGUMENT;
    }
    // SAFETY: the pointer is neither null nor misaligned; the rest is the caller's promise.
    unsafe { out.write_bytes(0, 1) };
    match make() {
        Ok(value) => {
            // SAFETY: as above.
            unsafe { out.write(value) };
            0
        }
        Err(Failure(error)) => error,
    }
}

/// Zeroes the result, and zeroes it again if there is an error. For results that are large.
///
/// If the result overlaps an input, nothing is zeroed: a policy or checks of zeros would demand less.
///
/// # Safety
///
/// As [`produce`].
pub(crate) unsafe fn fill<T>(out: *mut T, inputs: &[Lent], make: impl FnOnce(&mut T) -> Result<(), Failure>) -> c_int {
    if out.is_null() || !out.is_aligned() || Lent::value(out).check_apart_from(inputs).is_err() {
        return EJWT_E_ARGUMENT;
    }
    // SAFETY: the pointer is neither null nor misaligned, and zeros are a valid `T`; the rest is the caller's promise.
    let made = unsafe {
        out.write_bytes(0, 1);
        make(&mut *out)
    };
    if made.is_err() {
        // SAFETY: as above.
        unsafe { out.write_bytes(0, 1) };
    }
    answer(made)
}

/// The text of a C string, without its NUL; none for a null pointer. It is not copied.
///
/// # Safety
///
/// The pointer is null or points to a string with a NUL at its end.
#[unsafe(no_mangle)]
#[must_use]
pub unsafe extern "C" fn ejwt_str_of(string: *const c_char) -> ejwt_str {
    if string.is_null() {
        return ejwt_str::NONE;
    }
    // SAFETY: the caller's promise.
    ejwt_str { ptr: string, len: unsafe { CStr::from_ptr(string) }.count_bytes() }
}

/// A Rust value in the caller's opaque memory, with a mark that distinguishes it from zeroed memory and from other types.
#[repr(C)]
pub(crate) struct Marked<T> {
    mark: u32,
    value: MaybeUninit<T>,
}

/// Opaque memory of C that holds a [`Marked`] value.
///
/// # Safety
///
/// The type is `repr(C)` and has only integers, so that any bytes are valid. It has at least the size and the alignment
/// of `Marked<Value>`: [`check_layout`] says so in a constant.
pub(crate) unsafe trait Opaque: Sized {
    type Value;
    /// A number of its own, not 0.
    const MARK: u32;
    /// Fails to compile if the memory does not fit the value, or wastes more than it needs.
    const FITS: () = check_layout::<Self>();
}

pub(crate) const fn check_layout<O: Opaque>() {
    assert!(size_of::<Marked<O::Value>>() <= size_of::<O>(), "the opaque memory is too small");
    assert!(align_of::<Marked<O::Value>>() <= align_of::<O>(), "the opaque memory is not aligned enough");
    assert!(O::MARK != 0);
}

/// The value, or `None` if the memory is zeroed.
///
/// # Safety
///
/// As [`reference`].
pub(crate) unsafe fn value<'a, O: Opaque + 'a>(ptr: *const O) -> Result<Option<&'a O::Value>, Failure> {
    const { O::FITS };
    // SAFETY: any bytes are a valid `O`; the rest is the caller's promise.
    unsafe { reference(ptr)? };
    let marked: *const Marked<O::Value> = ptr.cast();
    // SAFETY: `O` is at least as large and as aligned as this, and has a value only behind its mark.
    match unsafe { (*marked).mark } {
        0 => Ok(None),
        mark if mark == O::MARK => Ok(Some(value_behind(marked))),
        _ => Err(ARGUMENT),
    }
}

/// The value behind a mark that was found.
fn value_behind<'a, T>(marked: *const Marked<T>) -> &'a T {
    // SAFETY: only `put` writes the mark, with the value.
    unsafe { (*marked).value.assume_init_ref() }
}

/// The value of a store, which refuses everything while its memory is zeroed.
///
/// # Safety
///
/// As [`reference`].
pub(crate) unsafe fn store<'a, O: Opaque + 'a>(ptr: *const O) -> Result<&'a O::Value, Failure> {
    // SAFETY: the caller's promise.
    unsafe { value(ptr)? }.ok_or(Failure(EJWT_E_NOT_OPENED))
}

/// The value, or `None` if the memory is zeroed.
///
/// # Safety
///
/// As [`reference_mut`].
pub(crate) unsafe fn existing_mut<'a, O: Opaque + 'a>(ptr: *mut O) -> Result<Option<&'a mut O::Value>, Failure> {
    // SAFETY: the caller's promise.
    let exists = unsafe { value(ptr.cast_const())? }.is_some();
    let marked: *mut Marked<O::Value> = ptr.cast();
    // SAFETY: the mark was there.
    Ok(exists.then(|| unsafe { (*marked).value.assume_init_mut() }))
}

/// The value of a store, which refuses everything while its memory is zeroed.
///
/// # Safety
///
/// As [`reference_mut`].
pub(crate) unsafe fn store_mut<'a, O: Opaque + 'a>(ptr: *mut O) -> Result<&'a mut O::Value, Failure> {
    // SAFETY: the caller's promise.
    unsafe { existing_mut(ptr)? }.ok_or(Failure(EJWT_E_NOT_OPENED))
}

/// The value, which is first made if the memory is zeroed.
///
/// # Safety
///
/// As [`reference_mut`].
pub(crate) unsafe fn value_mut<'a, O: Opaque + 'a>(
    ptr: *mut O,
    new: impl FnOnce() -> O::Value,
) -> Result<&'a mut O::Value, Failure> {
    // SAFETY: the caller's promise.
    unsafe { value_or_new(ptr, new)? };
    let marked: *mut Marked<O::Value> = ptr.cast();
    // SAFETY: the mark was there, or was just written with the value.
    Ok(unsafe { (*marked).value.assume_init_mut() })
}

/// The value, which is first made if the memory is zeroed. For a value that others may refer to.
///
/// # Safety
///
/// As [`reference`]. Nobody refers to zeroed memory.
pub(crate) unsafe fn value_or_new<'a, O: Opaque + 'a>(
    ptr: *mut O,
    new: impl FnOnce() -> O::Value,
) -> Result<&'a O::Value, Failure> {
    // SAFETY: the caller's promise.
    if let Some(value) = unsafe { value(ptr.cast_const())? } {
        return Ok(value);
    }
    let marked: *mut Marked<O::Value> = ptr.cast();
    // SAFETY: `value` has checked the pointer; `O` is at least as large and as aligned as this.
    unsafe { marked.write(Marked { mark: O::MARK, value: MaybeUninit::new(new()) }) };
    Ok(value_behind(marked))
}

/// Opaque memory with this value.
pub(crate) fn opaque<O: Opaque>(value: O::Value) -> O {
    const { O::FITS };
    let mut memory = MaybeUninit::<O>::zeroed();
    let marked: *mut Marked<O::Value> = memory.as_mut_ptr().cast();
    // SAFETY: `O` is at least as large and as aligned as this, and any bytes are a valid `O`.
    unsafe {
        marked.write(Marked { mark: O::MARK, value: MaybeUninit::new(value) });
        memory.assume_init()
    }
}
