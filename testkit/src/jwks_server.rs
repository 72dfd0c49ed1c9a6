//! A server of key sets on the loopback interface.

use std::io::{self, BufRead as _, BufReader, Write as _};
use std::net::{Ipv4Addr, SocketAddr, TcpListener, TcpStream};
use std::sync::{Arc, Mutex};
use std::thread::JoinHandle;
use std::time::Duration;

/// Answers every request with the same key set, in the clear, on a free port of 127.0.0.1, until it is dropped. One
/// request at a time: it is for tests of the code that fetches keys.
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
                // A client that goes away is its own test's business.
                let _ = connection.and_then(|connection| answer(connection, &jwks));
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

fn answer(mut connection: TcpStream, jwks: &str) -> io::Result<()> {
    connection.set_read_timeout(Some(TIMEOUT))?;
    // The header of the request ends with an empty line.
    for line in BufReader::new(&connection).lines() {
        if line?.is_empty() {
            break;
        }
    }
    let len = jwks.len();
    write!(
        connection,
        "HTTP/1.1 200 OK\r\nContent-Type: application/jwk-set+json\r\nContent-Length: {len}\r\nConnection: close\r\n\r\n{jwks}"
    )
}

/// How long a client may take for each line of its request.
const TIMEOUT: Duration = Duration::from_secs(5);
