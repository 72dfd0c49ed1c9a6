//! The time of day, from a server on the network (SNTP, RFC 4330).
//!
//! **SNTP is not authenticated.** Until a server answers, the time floor replaces the clock. No answer sets the clock to a
//! time before the floor, sets a running clock back by more than the leeway, or raises the floor by more than its step. But
//! an attacker on the network can set the clock ahead, until the next start: where this matters, use a signed time.

use core::net::SocketAddr;

use embassy_net::Stack;
use embassy_net::udp::{PacketMetadata, UdpSocket};
use embassy_time::{Duration, Instant, Timer, with_timeout};
use embedded_jwt::UnixTime;
use sntpc::{NtpContext, NtpTimestampGenerator, get_time};
use sntpc_net_embassy::UdpSocketWrapper;

use crate::provision::Provision;
use crate::{log, state};

/// Clocks drift by some seconds a day; the policies allow a minute.
const REFRESH: Duration = Duration::from_secs(60 * 60);
const RETRY: Duration = Duration::from_secs(2);
const TIME_LIMIT: Duration = Duration::from_secs(2);
/// RFC 4330 section 4.
const NTP_LEN: usize = 48;

#[embassy_executor::task]
pub async fn ask_forever(stack: Stack<'static>, provision: &'static Provision) {
    loop {
        let is_set = match with_timeout(TIME_LIMIT, ask(stack, provision)).await {
            Ok(Some(time)) => set(time).await,
            Ok(None) | Err(_) => false,
        };
        Timer::after(if is_set { REFRESH } else { RETRY }).await;
    }
}

async fn set(time: UnixTime) -> bool {
    let is_set = state::lock().await.as_mut().is_some_and(|state| state.set_clock(time));
    log!("{}", if is_set { "the clock is set" } else { "the time is refused: it is too early" });
    is_set && state::save().await
}

async fn ask(stack: Stack<'static>, provision: &Provision) -> Option<UnixTime> {
    let (mut rx_meta, mut tx_meta) = ([PacketMetadata::EMPTY; 2], [PacketMetadata::EMPTY; 2]);
    let (mut rx, mut tx) = ([0; 2 * NTP_LEN], [0; 2 * NTP_LEN]);
    let mut socket = UdpSocket::new(stack, &mut rx_meta, &mut rx, &mut tx_meta, &mut tx);
    socket.bind(0).ok()?;
    let floor = state::lock().await.as_ref()?.memory.now().earliest().as_secs();
    let clock = SinceFloor {
        floor: u64::try_from(floor).ok()?,
        at: Instant::now(),
        random_micros: (provision.seed >> 40) % 1_000_000,
        micros: 0,
    };
    let server = SocketAddr::V4(provision.time_server);
    let answer = get_time(server, &UdpSocketWrapper::new(socket), NtpContext::new(clock)).await.ok()?;
    Some(UnixTime::from_secs(i64::try_from(answer.sec()).ok()?))
}

/// The floor, plus the time since the request. It selects the era of the answer: with a clock that starts in 1970, an
/// answer after 2036 would be read as a time 136 years earlier.
#[derive(Clone, Copy)]
struct SinceFloor {
    floor: u64,
    at: Instant,
    /// Part of the timestamp that an answer must repeat, so that somebody who does not see the request cannot answer it.
    random_micros: u64,
    micros: u64,
}

impl NtpTimestampGenerator for SinceFloor {
    fn init(&mut self) {
        self.micros = self.random_micros + self.at.elapsed().as_micros();
    }

    fn timestamp_sec(&self) -> u64 {
        self.floor + self.micros / 1_000_000
    }

    fn timestamp_subsec_micros(&self) -> u32 {
        (self.micros % 1_000_000) as u32
    }
}
