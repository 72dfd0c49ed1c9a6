//! Decompression of status lists, in pieces and without allocation.

use core::cell::Cell;
use core::fmt;

use miniz_oxide::inflate::TINFLStatus;
use miniz_oxide::inflate::core::inflate_flags::{
    TINFL_FLAG_HAS_MORE_INPUT, TINFL_FLAG_PARSE_ZLIB_HEADER, TINFL_FLAG_USING_NON_WRAPPING_OUTPUT_BUF,
};
use miniz_oxide::inflate::core::{DecompressorOxide, decompress_with_limit};

use crate::error::{Error, Part};
use crate::jose::base64url;
use crate::jose::json::JsonStr;

/// The working memory for decompressing status lists, about 10.5 KiB. It is reusable: no list is affected by an earlier
/// one.
///
/// A new one is all zeros, so that it can be a `static`, in a mutex or cell of your choice, without a copy in flash.
/// Its first use takes another 10.5 KiB of stack for a moment if the compiler optimizes for size (`opt-level` "s" or
/// "z", not 3): use it first where there is room.
#[derive(Default)]
pub struct Inflater {
    /// `Cell` disables the niche optimization, so that `None` is all zeros and a `static` goes into `.bss`.
    state: Option<Cell<DecompressorOxide>>,
}

/// Receives the next piece of a list, after the number of bytes before it.
type Sink<'s> = &'s mut dyn FnMut(usize, &[u8]);

impl Inflater {
    /// The length of a window, in bytes: how far back a list may refer to bytes decoded before
    /// ([RFC 1951 section 2](https://www.rfc-editor.org/rfc/rfc1951#section-2)).
    pub const WINDOW_LEN: usize = 32 * 1024;

    /// An inflater that has not been used yet.
    pub const fn new() -> Self {
        Self { state: None }
    }

    /// Decompresses a ZLIB stream in base64url to its end, and returns the length of the output. The output goes into
    /// `buf` as a whole, or to `sink` piece by piece: then `buf` is the window.
    pub(super) fn inflate(
        &mut self,
        text: JsonStr<'_>,
        buf: &mut [u8],
        mut sink: Option<Sink<'_>>,
    ) -> Result<usize, Error> {
        let text = text.as_str().ok_or(Error::Malformed(Part::StatusList))?;
        let state = self.restart();
        let mut decoded = [0; CHUNK_LEN];
        let mut position = 0_usize;
        let mut len = 0_usize;
        let mut chunks = text.as_bytes().chunks(CHUNK_TEXT_LEN);
        while let Some(chunk) = chunks.next() {
            let chunk_len = base64url::decode(chunk, &mut decoded, Part::StatusList)?;
            let mut input = decoded.get(..chunk_len).unwrap_or_default();
            loop {
                // Until the first byte is overwritten, a reference to bytes before the list is detected.
                let is_contiguous = sink.is_none() || len < buf.len();
                let wrapping = if is_contiguous { TINFL_FLAG_USING_NON_WRAPPING_OUTPUT_BUF } else { 0 };
                let flags = TINFL_FLAG_PARSE_ZLIB_HEADER | TINFL_FLAG_HAS_MORE_INPUT | wrapping;
                let room = MAX_STATUS_LIST_LEN.saturating_sub(len);
                let (status, read, written) = decompress_with_limit(state, input, buf, position, room, flags);

                input = input.get(read..).unwrap_or_default();
                let end = position.saturating_add(written);
                match &mut sink {
                    Some(sink) => {
                        sink(len, buf.get(position..end).unwrap_or_default());
                        position = if end == buf.len() { 0 } else { end };
                    }
                    None => position = end,
                }
                len = len.saturating_add(written);
                match status {
                    TINFLStatus::Done if input.is_empty() && chunks.next().is_none() => return Ok(len),
                    // When the output is full, it may ask for more room before it sees that it needs none.
                    TINFLStatus::NeedsMoreInput | TINFLStatus::HasMoreOutput if input.is_empty() => break,
                    TINFLStatus::HasMoreOutput if len >= MAX_STATUS_LIST_LEN => {
                        return Err(Error::TooLarge(Part::StatusList));
                    }
                    TINFLStatus::HasMoreOutput if sink.is_some() => {}
                    TINFLStatus::HasMoreOutput => return Err(Error::BufferTooSmall),
                    _ => return Err(Error::Malformed(Part::StatusList)),
                }
            }
        }
        Err(Error::Malformed(Part::StatusList))
    }

    /// Resets the state. Not inlined, since the compiler may build the state on the stack first: it then takes that
    /// stack for this call only, and not in a caller's frame.
    #[inline(never)]
    fn restart(&mut self) -> &mut DecompressorOxide {
        let state = self.state.get_or_insert_with(|| Cell::new(DecompressorOxide::new())).get_mut();
        state.init();
        state
    }
}

/// Omits the state, which holds parts of the last list.
impl fmt::Debug for Inflater {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Inflater").finish_non_exhaustive()
    }
}

/// Number of bytes decoded from base64url at a time: small compared with the rest of the stack, and large compared
/// with the 14 bytes below which decompression is slow.
const CHUNK_LEN: usize = 192;
const CHUNK_TEXT_LEN: usize = 256;

/// Maximum length of a status list, decompressed, in bytes: 8 million tokens at one bit. It bounds the time, since one
/// byte can expand to 1,032 bytes, and the longest token to some 36 MiB.
pub const MAX_STATUS_LIST_LEN: usize = 1024 * 1024;
