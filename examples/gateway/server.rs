//! The socket: accepts connections, with bounds on their number, time and memory.

use std::convert::Infallible;
use std::error::Error;
use std::net::SocketAddr;
use std::sync::Arc;
use std::time::Duration;

use hyper::server::conn::http1;
use hyper::service::service_fn;
use hyper_util::rt::{TokioIo, TokioTimer};
use tokio::net::{TcpListener, TcpStream};
use tokio::sync::Semaphore;
use tokio::time::sleep;

use crate::args::{Config, Issuer};
use crate::authorization::Rules;
use crate::keys::Keys;
use crate::pump::Pump;
use crate::replay::Replay;
use crate::service::Service;
use crate::{clock, demo, log};

pub struct Server {
    listener: TcpListener,
    address: SocketAddr,
    service: Arc<Service>,
    is_demo: bool,
}

impl Server {
    pub async fn start(config: Config) -> Result<Self, Box<dyn Error + Send + Sync>> {
        let is_demo = matches!(config.issuer, Issuer::Demo);
        let (issuer, jwks) = config.issuer.into_parts();
        let keys = Keys::fetched(jwks, config.times).await?;
        let listener = TcpListener::bind(config.listen).await.map_err(|error| format!("{}: {error}", config.listen))?;
        let address = listener.local_addr()?;
        let service = Service {
            rules: Rules { issuer, audience: config.audience, leeway: config.leeway },
            keys,
            replay: Replay::new(),
            pump: Pump::new(),
            base_url: config.base_url.unwrap_or_else(|| format!("http://{address}")),
        };
        Ok(Self { listener, address, service: Arc::new(service), is_demo })
    }

    /// The address that it listens on, and in the demo the requests to try.
    pub fn greeting(&self) -> String {
        let mut greeting = format!("gateway: listening on http://{}\n", self.address);
        if self.is_demo {
            greeting += &demo::requests(&self.service.base_url, &self.service.rules.audience, clock::now());
        }
        greeting
    }

    pub async fn run(self) -> Infallible {
        let service = Arc::clone(&self.service);
        tokio::spawn(async move { service.keys.refresh_forever().await });

        let permits = Arc::new(Semaphore::new(MAX_CONNECTIONS));
        loop {
            let permit = Arc::clone(&permits).acquire_owned().await;
            match self.listener.accept().await {
                Ok((stream, _)) => {
                    let service = Arc::clone(&self.service);
                    tokio::spawn(async move {
                        serve(stream, &service).await;
                        drop(permit);
                    });
                }
                // Most likely out of file descriptors: some will become free.
                Err(error) => {
                    log::line(format_args!("accept: {error}"));
                    sleep(PAUSE).await;
                }
            }
        }
    }
}

/// Serves a connection. A client that disconnects early is not logged.
async fn serve(stream: TcpStream, service: &Service) {
    let answer = service_fn(async |request| Ok::<_, Infallible>(service.answer(request).await));
    let _ = http1::Builder::new()
        .timer(TokioTimer::new())
        .header_read_timeout(HEADER_TIME_LIMIT)
        .max_header_size(MAX_HEADERS_LEN)
        .serve_connection(TokioIo::new(stream), answer)
        .await;
}

const MAX_CONNECTIONS: usize = 256;
/// Also the time that a connection may be idle.
const HEADER_TIME_LIMIT: Duration = Duration::from_secs(10);
/// For tokens of 16 KiB and their proofs, with room to spare.
const MAX_HEADERS_LEN: usize = 64 * 1024;
const PAUSE: Duration = Duration::from_millis(100);
