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

/// The memory in which status lists are decompressed one after the other, about 10.5 KiB: no list is affected by what
/// an earlier one has left.
///
/// A new one is all zeros, so that it can be a `static`, in a mutex or cell of your choice, without a copy in flash.
/// Its first use takes another 10.5 KiB of stack for a moment where the compiler is told to save flash (`opt-level` "s"
/// or "z", but not 3): let that be where there is room.
#[derive(Default)]
pub struct Inflater {
    /// The `Cell` hides from the compiler which bytes no state has: it would make `None` of those, and not of zeros.
    state: Option<Cell<DecompressorOxide>>,
}

/// Takes the next piece of a list, and the number of bytes before it.
type Sink<'s> = &'s mut dyn FnMut(usize, &[u8]);

impl Inflater {
    /// How far back a list may refer to what was decoded before, in bytes
    /// ([RFC 1951 section 2](https://www.rfc-editor.org/rfc/rfc1951#section-2)).
    pub const WINDOW_LEN: usize = 32 * 1024;

    /// Without a list.
    pub const fn new() -> Self {
        Self { state: None }
    }

    /// Decodes a ZLIB stream in base64url to its end, and returns the length of what was in it. It goes into `buf` as a
    /// whole, or to `sink` piece by piece: then `buf` is the window.
    pub(super) fn inflate(
        &mut self,
        text: JsonStr<'_>,
        buf: &mut [u8],
        mut sink: Option<Sink<'_>>,
    ) -> Result<usize, Error> {
        let text = text.as_str().ok_or(Error::Malformed(Part::StatusList))?;
        let state = self.restart();
        let mut decoded = [0; CHUNK_LEN];
        let mut place = 0_usize;
        let mut len = 0_usize;
        let mut chunks = text.as_bytes().chunks(CHUNK_TEXT_LEN);
        while let Some(chunk) = chunks.next() {
            let chunk_len = base64url::decode(chunk, &mut decoded, Part::StatusList)?;
            let mut input = decoded.get(..chunk_len).unwrap_or_default();
            loop {
                // While nothing was overwritten yet, a reference to what was before the list is noticed.
                let is_contiguous = sink.is_none() || len < buf.len();
                let wrapping = if is_contiguous { TINFL_FLAG_USING_NON_WRAPPING_OUTPUT_BUF } else { 0 };
                let flags = TINFL_FLAG_PARSE_ZLIB_HEADER | TINFL_FLAG_HAS_MORE_INPUT | wrapping;
                let room = MAX_STATUS_LIST_LEN.saturating_sub(len);
                let (status, read, written) = decompress_with_limit(state, input, buf, place, room, flags);

                input = input.get(read..).unwrap_or_default();
                let end = place.saturating_add(written);
                match &mut sink {
                    Some(sink) => {
                        sink(len, buf.get(place..end).unwrap_or_default());
                        place = if end == buf.len() { 0 } else { end };
                    }
                    None => place = end,
                }
                len = len.saturating_add(written);
                match status {
                    TINFLStatus::Done if input.is_empty() && chunks.next().is_none() => return Ok(len),
                    // Without room it may ask for some before it has seen that it needs none.
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

    /// By itself, since the compiler may build the state on the stack first: so that it takes it from no caller's frame
    /// for longer than this.
    #[inline(never)]
    fn restart(&mut self) -> &mut DecompressorOxide {
        let state = self.state.get_or_insert_with(|| Cell::new(DecompressorOxide::new())).get_mut();
        state.init();
        state
    }
}

/// Without what is left of the last list.
impl fmt::Debug for Inflater {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Inflater").finish_non_exhaustive()
    }
}

/// Decoded at a time: small beside the rest of the stack, and large beside the 14 bytes below which decompression is
/// slow.
const CHUNK_LEN: usize = 192;
const CHUNK_TEXT_LEN: usize = 256;

/// Longest status list, decompressed, in bytes: 8 million tokens at one bit. It bounds the time, since one byte can
/// become 1,032 of them, and the longest token some 36 MiB.
pub const MAX_STATUS_LIST_LEN: usize = 1024 * 1024;
