//! A server of key sets on the loopback interface.

use std::io::{self, BufRead as _, BufReader, Read, Write};
use std::net::{Ipv4Addr, Shutdown, SocketAddr, TcpListener, TcpStream};
use std::sync::{Arc, Mutex, Weak};
use std::thread::{self, JoinHandle};
use std::time::{Duration, Instant};

/// Answers every request with the same key set, in the clear, on a free port of 127.0.0.1, until it is dropped:
/// this closes all connections and ends all threads. It is for tests of the code that fetches keys.
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
        let thread = thread::spawn(move || serve(&listener, &shared));
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

/// Answers each connection in a thread of its own, so that a slow client keeps no other waiting. Returns when there is no
/// key set any more and all these threads have ended.
fn serve(listener: &TcpListener, jwks: &Mutex<Option<String>>) {
    let mut open = Vec::<Weak<TcpStream>>::new();
    thread::scope(|threads| {
        for connection in listener.incoming() {
            let Some(jwks) = jwks.lock().unwrap().clone() else { break };
            let Ok(connection) = connection.map(Arc::new) else { continue };
            open.retain(|connection| connection.strong_count() > 0);
            open.push(Arc::downgrade(&connection));
            threads.spawn(move || answer(&connection, &jwks, Instant::now() + TIMEOUT));
        }
        for connection in open.iter().filter_map(Weak::upgrade) {
            // It fails if the client has closed the connection.
            let _ = connection.shutdown(Shutdown::Both);
        }
    });
}

fn answer(connection: &TcpStream, jwks: &str, deadline: Instant) -> io::Result<()> {
    let (mut request, mut line) = (BufReader::new(Timed { connection, deadline }), Vec::new());
    // The header of the request ends with an empty line.
    while request.read_until(b'\n', &mut line)? > 0 && !matches!(&*line, b"\r\n" | b"\n") {
        line.clear();
    }
    let len = jwks.len();
    write!(
        Timed { connection, deadline },
        "HTTP/1.1 200 OK\r\nContent-Type: application/jwk-set+json\r\nContent-Length: {len}\r\nConnection: close\r\n\r\n{jwks}"
    )?;
    connection.shutdown(Shutdown::Write)?;
    // A body that nobody reads would reset the connection.
    io::copy(&mut request, &mut io::sink()).map(drop)
}

/// A connection that fails from its deadline on, even if each byte arrives in time.
struct Timed<'c> {
    connection: &'c TcpStream,
    deadline: Instant,
}

impl Timed<'_> {
    fn time_left(&self) -> io::Result<Duration> {
        let left = self.deadline.saturating_duration_since(Instant::now());
        if left.is_zero() { Err(io::ErrorKind::TimedOut.into()) } else { Ok(left) }
    }
}

impl Read for Timed<'_> {
    fn read(&mut self, buf: &mut [u8]) -> io::Result<usize> {
        self.connection.set_read_timeout(Some(self.time_left()?))?;
        self.connection.read(buf)
    }
}

impl Write for Timed<'_> {
    fn write(&mut self, buf: &[u8]) -> io::Result<usize> {
        self.connection.set_write_timeout(Some(self.time_left()?))?;
        self.connection.write(buf)
    }

    fn flush(&mut self) -> io::Result<()> {
        self.connection.flush()
    }
}

/// How long a connection may last.
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
    fn slow_clients_keep_neither_others_nor_the_end_of_the_server_waiting() {
        let server = JwksServer::start("x".repeat(20_000_000)).unwrap();
        let (start, jwks) = (Instant::now(), Arc::clone(&server.jwks));
        let mut not_reading = TcpStream::connect(server.address()).unwrap();
        not_reading.write_all(b"GET / HTTP/1.1\r\n\r\n").unwrap();
        let mut silent = TcpStream::connect(server.address()).unwrap();
        assert!(get(&server, b"GET / HTTP/1.1\r\n\r\n").ends_with("xxx"));
        drop(server);
        assert_eq!(Arc::strong_count(&jwks), 1, "the server's thread has ended, and it waits for all others");
        let mut answer = Vec::new();
        assert_eq!(silent.read_to_end(&mut answer).unwrap(), 0);
        assert!(not_reading.read_to_end(&mut answer).is_err() || answer.len() < 20_000_000);
        assert!(start.elapsed() < TIMEOUT);
    }

    #[test]
    fn connection_ends_at_its_deadline_even_if_bytes_arrive() {
        for beginning in ["", "GET / HTTP/1.1\r\n\r\n"] {
            let listener = TcpListener::bind((Ipv4Addr::LOCALHOST, 0)).unwrap();
            let mut client = TcpStream::connect(listener.local_addr().unwrap()).unwrap();
            client.write_all(beginning.as_bytes()).unwrap();
            let (connection, _) = listener.accept().unwrap();
            let dribble = thread::spawn(move || {
                while client.write_all(b"x").is_ok() {
                    thread::sleep(Duration::from_millis(10));
                }
            });
            let start = Instant::now();
            let error = answer(&connection, "{}", start + Duration::from_millis(200)).unwrap_err();
            // Which of them a socket gives depends on the system.
            assert!(matches!(error.kind(), io::ErrorKind::TimedOut | io::ErrorKind::WouldBlock), "{error}");
            assert!(start.elapsed() < TIMEOUT);
            drop(connection);
            dribble.join().unwrap();
        }
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
