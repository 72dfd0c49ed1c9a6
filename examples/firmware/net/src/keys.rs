//! The issuer's keys: fetched by HTTP at the start, at intervals, and when a token shows that they are out of date.

use core::convert::Infallible;
use core::net::{IpAddr, Ipv4Addr};

use embassy_futures::select::select;
use embassy_net::Stack;
use embassy_net::tcp::client::{TcpClient, TcpClientState};
use embassy_sync::blocking_mutex::raw::CriticalSectionRawMutex;
use embassy_sync::signal::Signal;
use embassy_sync::watch::Watch;
use embassy_time::{Duration, Instant, Timer, with_timeout};
use embedded_jwt::{Error, KeySet, UnixTime};
use embedded_nal_async::{AddrType, Dns};
use reqwless::client::HttpClient;
use reqwless::request::Method;

use crate::http::WORKERS;
use crate::lock::{Guard, Lock};
use crate::provision::Provision;
use crate::{log, state};

/// Twice as many as issuers publish, since old and new keys overlap in a rotation. If both do not fit, old ones are dropped.
pub type Keys = KeySet<8>;

/// A key that the issuer has withdrawn is trusted for about this time and the overlap, or until the issuer answers again.
const REFRESH: Duration = Duration::from_secs(60 * 60);
/// Removed keys are kept for tokens that are still in use.
const OVERLAP: Duration = Duration::from_secs(5 * 60);
/// The wait after a failed fetch.
const RETRY: Duration = Duration::from_secs(5);
const TIME_LIMIT: Duration = Duration::from_secs(3);
/// The buffer for the head and the body of the response.
const MAX_RESPONSE_LEN: usize = 4096;

static KEYS: Lock<Keys> = Lock::new(Keys::new());
static WANTED: Signal<CriticalSectionRawMutex, ()> = Signal::new();
/// The number of fetches that have succeeded, and the time of the last attempt.
static ATTEMPTS: Watch<CriticalSectionRawMutex, Attempt, WORKERS> = Watch::new_with(Attempt { version: 0, at: None });

#[derive(Clone, Copy)]
struct Attempt {
    version: u32,
    at: Option<Instant>,
}

/// The keys. They stay locked while a signature is verified: there is one secure element anyway.
pub async fn lock() -> (Guard<'static, Keys>, u32) {
    let keys = KEYS.lock().await;
    (keys, ATTEMPTS.try_get().map_or(0, |attempt| attempt.version))
}

/// Whether there are newer keys than `version`. Has them fetched, but tokens cause at most one fetch in `key_reload`,
/// since anyone can send a token that no key verifies.
pub async fn has_newer_than(version: u32, provision: &Provision) -> bool {
    let Some(mut attempts) = ATTEMPTS.receiver() else { return false };
    let last = attempts.get().await;
    if last.version != version {
        return true;
    }
    if is_too_early(last, provision) {
        return false;
    }
    WANTED.signal(());
    let attempt = with_timeout(TIME_LIMIT + RETRY, attempts.changed()).await;
    attempt.is_ok_and(|attempt| attempt.version != version)
}

fn is_too_early(last: Attempt, provision: &Provision) -> bool {
    let reload = Duration::try_from(provision.key_reload).unwrap_or(Duration::MAX);
    last.at.is_some_and(|at| at.elapsed() < reload)
}

#[embassy_executor::task]
pub async fn fetch_forever(stack: Stack<'static>, provision: &'static Provision) {
    let attempts = ATTEMPTS.sender();
    let mut last = Attempt { version: 0, at: None };
    loop {
        let mut drops_removed = false;
        let outcome = loop {
            match with_timeout(TIME_LIMIT, fetch(stack, provision, drops_removed)).await {
                // Fetched again, since the keys were rewritten as they were parsed.
                Ok(Err(NO_ROOM)) if !drops_removed => drops_removed = true,
                outcome => break outcome.unwrap_or(Err("no answer in time")),
            }
        };
        match outcome {
            Ok(len) => log!("keys fetched: {len}"),
            Err(why) => log!("keys not fetched: {why}"),
        }
        let is_fetched = outcome.is_ok();
        last = Attempt { version: last.version + u32::from(is_fetched), at: Some(Instant::now()) };
        attempts.send(last);
        let interval = if is_fetched { REFRESH } else { RETRY };
        let due = Timer::at(Instant::now() + interval);
        select(due, async {
            loop {
                WANTED.wait().await;
                // Two requests may want keys at the same time.
                if !is_too_early(last, provision) {
                    return;
                }
            }
        })
        .await;
    }
}

/// Fetches the keys, and returns how many there are. Removed keys are kept for the overlap, unless it `drops_removed` ones
/// because there is [`NO_ROOM`] for both.
async fn fetch(stack: Stack<'static>, provision: &Provision, drops_removed: bool) -> Result<usize, &'static str> {
    let pool = TcpClientState::<1, 512, 1024>::new();
    let tcp = TcpClient::new(stack, &pool);
    let mut client = HttpClient::new(&tcp, &Addresses);
    let mut buf = [0; MAX_RESPONSE_LEN];
    let mut request = client.request(Method::GET, provision.jwks).await.map_err(|_| "the issuer cannot be reached")?;
    let response = request.send(&mut buf).await.map_err(|_| "no HTTP response")?;
    if !response.status.is_successful() {
        return Err("the issuer refuses");
    }
    let json = response.body().read_to_end().await.map_err(|_| "the key set is cut off, or too long")?;
    let now = state::lock().await.as_ref().ok_or("no state")?.memory.now();
    let until = UnixTime::from_secs(now.earliest().as_secs()).plus(OVERLAP.into());
    let mut keys = KEYS.lock().await;
    let outcome = if drops_removed { keys.replace_from_jwks(json) } else { keys.rotate_from_jwks(json, until, now) };
    match outcome {
        Ok(()) => Ok(keys.len()),
        Err(Error::TooManyKeys) => Err(NO_ROOM),
        Err(_) => Err("the key set is refused"),
    }
}

const NO_ROOM: &str = "too many keys";

/// The device asks no DNS server: URLs have addresses.
struct Addresses;

impl Dns for Addresses {
    type Error = Infallible;

    async fn get_host_by_name(&self, host: &str, _: AddrType) -> Result<IpAddr, Infallible> {
        Ok(host.parse().unwrap_or(IpAddr::V4(Ipv4Addr::UNSPECIFIED)))
    }

    async fn get_host_by_address(&self, _: IpAddr, _: &mut [u8]) -> Result<usize, Infallible> {
        Ok(0)
    }
}
