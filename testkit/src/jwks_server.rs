//! A server of key sets on the loopback interface.

use std::io::{self, BufRead as _, BufReader, Write as _};
use std::net::{Ipv4Addr, Shutdown, SocketAddr, TcpListener, TcpStream};
use std::sync::{Arc, Mutex};
use std::thread::JoinHandle;
use std::time::Duration;

/// Answers every request with the same key set, in the clear, on a free port of 127.0.0.1, until it is dropped. It is
/// for tests of the code that fetches keys.
///
/// ```
/// use std::io::{Read as _, Write as _};
///
/// use embedded_jwt_testkit::{JwksServer, TestIssuer};
///
/// let server = JwksServer::start(TestIssuer::new("https://idp.example.com").jwks())?;
/// let mut connection = std::net::TcpStream::connect(server.address())?;
/// connection.write_all(b"GET /jwks.json HTTP/1.1\r\nHost: localhost\r\n\r\n")?;
/// let mut answer = String::new();
/// connection.read_to_string(&mut answer)?;
/// assert!(answer.starts_with("HTTP/1.1 200 OK\r\n") && answer.contains("\"keys\""));
/// # Ok::<(), std::io::Error>(())
/// ```
#[derive(Debug)]
pub struct JwksServer {
    address: SocketAddr,
    jwks: Arc<Mutex<Option<String>>>,
    thread: Option<JoinHandle<()>>,
}

impl JwksServer {
    /// Starts a server of this key set.
    ///
    /// # Errors
    ///
    /// No port of the loopback interface can be listened on.
    pub fn start(jwks: String) -> io::Result<Self> {
        let listener = TcpListener::bind((Ipv4Addr::LOCALHOST, 0))?;
        let address = listener.local_addr()?;
        let jwks = Arc::new(Mutex::new(Some(jwks)));
        let shared = Arc::clone(&jwks);
        let thread = std::thread::spawn(move || {
            for connection in listener.incoming() {
                let Some(jwks) = shared.lock().unwrap().clone() else { return };
                // A slow client keeps neither others nor the end of the server waiting.
                std::thread::spawn(move || connection.and_then(|connection| answer(&connection, &jwks)));
            }
        });
        Ok(Self { address, jwks, thread: Some(thread) })
    }

    /// The address of the server.
    pub fn address(&self) -> SocketAddr {
        self.address
    }

    /// The URI of the key set.
    pub fn uri(&self) -> String {
        format!("http://{}/jwks.json", self.address)
    }

    /// Answers with this key set from now on, as after a rotation.
    pub fn replace(&self, jwks: String) {
        *self.jwks.lock().unwrap() = Some(jwks);
    }
}

impl Drop for JwksServer {
    fn drop(&mut self) {
        // The thread sees that there is no key set any more when the next connection wakes it.
        *self.jwks.lock().unwrap() = None;
        if TcpStream::connect(self.address).is_ok() {
            let _ = self.thread.take().map(JoinHandle::join);
        }
    }
}

fn answer(mut connection: &TcpStream, jwks: &str) -> io::Result<()> {
    connection.set_read_timeout(Some(TIMEOUT))?;
    connection.set_write_timeout(Some(TIMEOUT))?;
    let (mut request, mut line) = (BufReader::new(connection), Vec::new());
    // The header of the request ends with an empty line.
    while request.read_until(b'\n', &mut line)? > 0 && !matches!(&*line, b"\r\n" | b"\n") {
        line.clear();
    }
    let len = jwks.len();
    write!(
        connection,
        "HTTP/1.1 200 OK\r\nContent-Type: application/jwk-set+json\r\nContent-Length: {len}\r\nConnection: close\r\n\r\n{jwks}"
    )?;
    connection.shutdown(Shutdown::Write)?;
    // A body that nobody reads would reset the connection.
    io::copy(&mut request, &mut io::sink()).map(drop)
}

/// How long a client may take for each part of its request, and of the answer.
const TIMEOUT: Duration = Duration::from_secs(5);

#[cfg(test)]
mod tests {
    use std::io::Read as _;
    use std::time::Instant;

    use super::*;

    fn get(server: &JwksServer, request: &[u8]) -> String {
        let mut connection = TcpStream::connect(server.address()).unwrap();
        connection.write_all(request).unwrap();
        let mut answer = String::new();
        connection.read_to_string(&mut answer).unwrap();
        answer
    }

    #[test]
    fn slow_client_keeps_nobody_waiting() {
        let server = JwksServer::start("x".repeat(20_000_000)).unwrap();
        let start = Instant::now();
        let mut not_reading = TcpStream::connect(server.address()).unwrap();
        not_reading.write_all(b"GET / HTTP/1.1\r\n\r\n").unwrap();
        let _silent = TcpStream::connect(server.address()).unwrap();
        assert!(get(&server, b"GET / HTTP/1.1\r\n\r\n").ends_with("xxx"));
        drop(server);
        assert!(start.elapsed() < TIMEOUT);
    }

    #[test]
    fn every_request_is_answered() {
        let server = JwksServer::start("{}".into()).unwrap();
        let body = [b"POST / HTTP/1.1\r\n\r\n", &[b'x'; 100_000][..]].concat();
        for request in [&b"GET / HTTP/1.1\r\nX: \xff\r\n\r\n"[..], &body] {
            assert!(get(&server, request).ends_with("\r\n\r\n{}"));
        }
    }
}
