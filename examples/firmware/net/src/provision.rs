//! The provisioning page, which the factory writes at the end of the flash: text, with one `name value` in each line.

use core::net::{Ipv4Addr, SocketAddrV4};
use core::slice;
use core::time::Duration;

/// Where the page is; `gateway` gives it to QEMU.
const PAGE: *const u8 = 0x003f_0000 as *const u8;
const PAGE_LEN: usize = 1024;

pub struct Provision {
    /// The URL by which clients know this device, without a slash at the end: `htu` of their proofs begins with it.
    pub base_url: &'static str,
    /// The issuer whose keys are fetched, and where.
    pub issuer: &'static str,
    pub jwks: &'static str,
    /// Tokens cause at most one fetch in this time.
    pub key_reload: Duration,
    pub time_server: SocketAddrV4,
    /// Random, for the numbers that TCP starts with. A board that has a random number generator uses that.
    pub seed: u64,
}

impl Provision {
    /// Reads the page; `None` if it is damaged or incomplete.
    pub fn read() -> Option<Self> {
        // SAFETY: this is flash that nothing writes.
        let page = unsafe { slice::from_raw_parts(PAGE, PAGE_LEN) };
        let len = page.iter().position(|byte| matches!(byte, 0 | 0xff)).unwrap_or(PAGE_LEN);
        let text = str::from_utf8(page.get(..len)?).ok()?;
        let value = |name: &str| {
            text.lines()
                .find_map(|line| line.split_once(' ').filter(|(found, _)| *found == name).map(|(_, value)| value))
        };
        Some(Self {
            base_url: value("base-url")?,
            issuer: value("issuer")?,
            jwks: value("jwks")?,
            key_reload: Duration::from_secs(value("key-reload")?.parse().ok()?),
            time_server: value("time-server")?.parse().ok()?,
            seed: value("seed")?.parse().ok()?,
        })
    }
}

/// The address of the device in QEMU's user network, which has the host at 10.0.2.2. It has no gateway: nothing outside
/// of this network can be reached.
pub const ADDRESS: Ipv4Addr = Ipv4Addr::new(10, 0, 2, 15);
pub const PREFIX_LEN: u8 = 24;
/// A locally administered address.
pub const HARDWARE_ADDRESS: [u8; 6] = [0x02, 0, 0, 0, 0, 0x01];
