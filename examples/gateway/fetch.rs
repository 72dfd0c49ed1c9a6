//! One HTTP GET without TLS, bounded in time and in size.

use std::error::Error;
use std::time::Duration;

use embedded_jwt::MAX_KEY_SET_LEN;
use http_body_util::{BodyExt, Empty, Limited};
use hyper::body::Bytes;
use hyper::client::conn::http1;
use hyper::header::{ACCEPT, HOST};
use hyper::{Request, StatusCode, Uri};
use hyper_util::rt::TokioIo;
use tokio::net::TcpStream;
use tokio::time::timeout;

/// Fetches a URL. Any status except 200 is an error, and so are redirects: the operator chooses the key set's address.
pub async fn get(url: &Uri) -> Result<Vec<u8>, Box<dyn Error + Send + Sync>> {
    timeout(TIME_LIMIT, exchange(url)).await.map_err(|_| "no answer in time")?
}

async fn exchange(url: &Uri) -> Result<Vec<u8>, Box<dyn Error + Send + Sync>> {
    let authority = url.authority().ok_or("no host")?;
    let path = url.path_and_query().map_or("/", |path| path.as_str());
    let address = format!("{}:{}", authority.host(), authority.port_u16().unwrap_or(80));

    let stream = TcpStream::connect(address).await?;
    let (mut sender, connection) = http1::handshake(TokioIo::new(stream)).await?;
    // The task ends when the sender is dropped.
    tokio::spawn(connection);
    let request = Request::get(path)
        .header(HOST, authority.as_str())
        .header(ACCEPT, "application/jwk-set+json, application/json")
        .body(Empty::<Bytes>::new())?;
    let response = sender.send_request(request).await?;
    if response.status() != StatusCode::OK {
        return Err(format!("status {}", response.status()).into());
    }
    Ok(Limited::new(response.into_body(), MAX_KEY_SET_LEN).collect().await?.to_bytes().into())
}

const TIME_LIMIT: Duration = Duration::from_secs(5);
