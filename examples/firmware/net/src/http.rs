//! HTTP/1.1 on one connection: reads requests, as strictly as their length must be read, and writes responses. A request
//! whose length is in doubt ends the connection, so that no part of it is taken for the next request.

use core::fmt::Write as _;

use embassy_time::{Duration, Instant, TimeoutError, with_deadline, with_timeout};
use embedded_io_async::{Read, Write};
use heapless::{String, Vec};
use httparse::{EMPTY_HEADER, Header, Status};

/// Connections at a time. More are refused until one ends.
pub const WORKERS: usize = 4;
/// The longest request, without its body: a token of 2 KiB, a proof of 1 KiB, and the other headers of clients.
pub const MAX_HEAD_LEN: usize = 4096;
const MAX_HEADERS: usize = 32;
/// No route reads a body. A short body, which fits the buffer after the head, is skipped.
const MAX_BODY_LEN: usize = 1024;
/// The time from the first byte of a request to its last: a slow client can keep a connection from the others no
/// longer.
const REQUEST_TIME: Duration = Duration::from_secs(5);
/// The time without a request.
const IDLE_TIME: Duration = Duration::from_secs(10);
const WRITE_TIME: Duration = Duration::from_secs(5);
/// How much, and how long, to read after the last response, so that the client can read it before the connection is reset.
const MAX_DRAIN_LEN: usize = 64 * 1024;
const DRAIN_TIME: Duration = Duration::from_secs(1);

pub struct Request<'r> {
    pub method: &'r str,
    /// Without the query.
    pub path: &'r str,
    headers: &'r [Header<'r>],
}

pub struct Several;

impl<'r> Request<'r> {
    /// The header's value, if there is one. Several are an error: a server must not guess which was meant.
    pub fn header(&self, name: &str) -> Result<Option<&'r [u8]>, Several> {
        let mut values = self.headers.iter().filter(|header| header.name.eq_ignore_ascii_case(name));
        match (values.next(), values.next()) {
            (_, Some(_)) => Err(Several),
            (value, None) => Ok(value.map(|header| header.value)),
        }
    }
}

pub struct Response {
    pub status: u16,
    pub body: String<512>,
    /// The values of `WWW-Authenticate`.
    pub challenges: Vec<String<160>, 2>,
    /// The value of `Allow`.
    pub allow: Option<&'static str>,
}

impl Response {
    pub const fn empty(status: u16) -> Self {
        Self { status, body: String::new(), challenges: Vec::new(), allow: None }
    }
}

/// A connection ends: the client has closed it, is too slow, or cannot be understood.
struct End;

impl From<TimeoutError> for End {
    fn from(_: TimeoutError) -> Self {
        Self
    }
}

/// Reads the rest of the client's data, after the connection was closed on this side: a reset could destroy the last
/// response before the client has read it.
pub async fn drain<S: Read>(socket: &mut S, buf: &mut [u8]) {
    let mut left = MAX_DRAIN_LEN;
    // A client that goes on sending after this time is reset.
    let _ = with_timeout(DRAIN_TIME, async {
        while let Ok(len @ 1..) = socket.read(buf).await {
            left = left.saturating_sub(len);
            if left == 0 {
                break;
            }
        }
    })
    .await;
}

/// Answers the requests of a connection, one after the other.
pub async fn serve<S: Read + Write>(
    socket: &mut S,
    buf: &mut [u8; MAX_HEAD_LEN],
    answer: impl AsyncFn(&Request<'_>) -> Response,
) {
    let mut len = 0;
    while let Ok((used, true)) = serve_one(socket, buf, &mut len, &answer).await {
        buf.copy_within(used..len, 0);
        len -= used;
    }
}

/// Answers one request. Returns how many bytes it took, and whether another one may follow. `len` bytes of the buffer are
/// already read.
async fn serve_one<S: Read + Write>(
    socket: &mut S,
    buf: &mut [u8; MAX_HEAD_LEN],
    len: &mut usize,
    answer: &impl AsyncFn(&Request<'_>) -> Response,
) -> Result<(usize, bool), End> {
    if *len == 0 {
        *len = with_timeout(IDLE_TIME, read(socket, buf)).await??;
    }
    let deadline = Instant::now() + REQUEST_TIME;
    // The whole request is read, with its body, before it is acted on.
    let head = loop {
        match head_of(&buf[..*len]) {
            Ok(Some(head)) if head.len + head.body_len <= *len => break head,
            Ok(Some(head)) if head.len + head.body_len > buf.len() => return refuse(socket, 413).await,
            Ok(None) if *len == buf.len() => return refuse(socket, 431).await,
            Ok(_) => *len += with_deadline(deadline, read(socket, &mut buf[*len..])).await??,
            Err(status) => return refuse(socket, status).await,
        }
    };

    let mut headers = [EMPTY_HEADER; MAX_HEADERS];
    let mut request = httparse::Request::new(&mut headers);
    let (Ok(_), Some(method), Some(target)) = (request.parse(&buf[..*len]), request.method, request.path) else {
        return Err(End);
    };
    let response = answer(&Request { method, path: path_of(target), headers: request.headers }).await;
    write(socket, &response, head.may_continue).await?;
    Ok((head.len + head.body_len, head.may_continue))
}

/// The path of a request target: of `/pump?unit=rpm`, or of `http://pump-7.local/pump`, which every server must accept (RFC
/// 9112 section 3.2.2). It is empty if the target has none, such as `http://pump-7.local?unit=/pump`: the host ends at the
/// first of these characters (RFC 3986 section 3.2).
fn path_of(target: &str) -> &str {
    let path = match target.strip_prefix("http://") {
        Some(rest) => rest.find(['/', '?', '#']).and_then(|at| rest.get(at..)).unwrap_or_default(),
        None => target,
    };
    path.split('?').next().filter(|path| path.starts_with('/')).unwrap_or_default()
}

struct Head {
    len: usize,
    body_len: usize,
    may_continue: bool,
}

/// Reads the head of a request as far as its length and the connection depend on it. `None` if it is not complete; an
/// error is the status of the refusal.
fn head_of(text: &[u8]) -> Result<Option<Head>, u16> {
    let mut headers = [EMPTY_HEADER; MAX_HEADERS];
    let mut request = httparse::Request::new(&mut headers);
    let len = match request.parse(text) {
        Ok(Status::Complete(len)) => len,
        Ok(Status::Partial) => return Ok(None),
        Err(httparse::Error::TooManyHeaders) => return Err(431),
        Err(_) => return Err(400),
    };
    let version = request.version.unwrap_or_default();
    let request = Request { method: "", path: "", headers: request.headers };
    let header = |name| request.header(name).map_err(|Several| 400_u16);
    // RFC 9112 section 3.2: exactly one, in HTTP/1.1. It is not empty, since an `http` URL always has a host.
    let host = header("host")?;
    if host.map_or(version == 1, |host| host.trim_ascii().is_empty()) {
        return Err(400);
    }
    // RFC 9112 section 6.1: a server may refuse every transfer coding.
    if request.headers.iter().any(|header| header.name.eq_ignore_ascii_case("transfer-encoding")) {
        return Err(501);
    }
    let body_len = match header("content-length")? {
        None => 0,
        Some(digits) if !digits.is_empty() && digits.iter().all(u8::is_ascii_digit) => {
            str::from_utf8(digits).ok().and_then(|digits| digits.parse().ok()).ok_or(413_u16)?
        }
        Some(_) => return Err(400),
    };
    if body_len > MAX_BODY_LEN {
        return Err(413);
    }
    let closes = |header: &Header<'_>| {
        let mut options = header.value.split(|byte| *byte == b',');
        header.name.eq_ignore_ascii_case("connection")
            && options.any(|option| option.trim_ascii().eq_ignore_ascii_case(b"close"))
    };
    let may_continue = version == 1 && !request.headers.iter().any(closes);
    Ok(Some(Head { len, body_len, may_continue }))
}

async fn refuse<S: Read + Write>(socket: &mut S, status: u16) -> Result<(usize, bool), End> {
    write(socket, &Response::empty(status), false).await?;
    Ok((0, false))
}

/// Reads some bytes: at least one, or the connection has ended.
async fn read<S: Read>(socket: &mut S, buf: &mut [u8]) -> Result<usize, End> {
    match socket.read(buf).await.map_err(|_| End)? {
        0 => Err(End),
        len => Ok(len),
    }
}

async fn write<S: Write>(socket: &mut S, response: &Response, may_continue: bool) -> Result<(), End> {
    let mut text = String::<1024>::new();
    let Response { status, body, challenges, allow } = response;
    write!(text, "HTTP/1.1 {status} {}\r\n", reason(*status)).map_err(|_| End)?;
    for challenge in challenges {
        write!(text, "WWW-Authenticate: {challenge}\r\n").map_err(|_| End)?;
    }
    if let Some(methods) = allow {
        write!(text, "Allow: {methods}\r\n").map_err(|_| End)?;
    }
    if !may_continue {
        text.push_str("Connection: close\r\n").map_err(|_| End)?;
    }
    // RFC 9110 section 8.6: not with 204.
    if *status != 204 {
        write!(text, "Content-Type: text/plain\r\nContent-Length: {}\r\n", body.len()).map_err(|_| End)?;
    }
    write!(text, "\r\n{body}").map_err(|_| End)?;
    with_timeout(WRITE_TIME, async {
        socket.write_all(text.as_bytes()).await.map_err(|_| End)?;
        socket.flush().await.map_err(|_| End)
    })
    .await?
}

fn reason(status: u16) -> &'static str {
    match status {
        200 => "OK",
        204 => "No Content",
        400 => "Bad Request",
        401 => "Unauthorized",
        403 => "Forbidden",
        404 => "Not Found",
        405 => "Method Not Allowed",
        413 => "Content Too Large",
        429 => "Too Many Requests",
        431 => "Request Header Fields Too Large",
        500 => "Internal Server Error",
        501 => "Not Implemented",
        503 => "Service Unavailable",
        _ => "",
    }
}
