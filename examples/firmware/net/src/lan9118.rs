//! A driver of the Ethernet controller LAN9118 of SMSC, without DMA: each frame is copied through its FIFOs. Registers
//! are named as in its datasheet (chapter 5).

use core::ptr::{read_volatile, write_volatile};
use core::task::Context;

use embassy_net_driver::{Capabilities, Driver, HardwareAddress, LinkState, RxToken, TxToken};
use embassy_sync::waitqueue::AtomicWaker;

/// Where the boards `mps2` have it.
const BASE: usize = 0x4020_0000;
/// Its interrupt.
pub const INTERRUPT: u16 = 13;

/// The offsets of the registers.
const RX_DATA_FIFO: usize = 0x00;
const TX_DATA_FIFO: usize = 0x20;
const RX_STATUS_FIFO: usize = 0x40;
const TX_STATUS_FIFO: usize = 0x48;
const IRQ_CFG: usize = 0x54;
const INT_STS: usize = 0x58;
const INT_EN: usize = 0x5c;
const FIFO_INT: usize = 0x68;
const RX_CFG: usize = 0x6c;
const TX_CFG: usize = 0x70;
const HW_CFG: usize = 0x74;
const RX_DP_CTRL: usize = 0x78;
const RX_FIFO_INF: usize = 0x7c;
const TX_FIFO_INF: usize = 0x80;
const MAC_CSR_CMD: usize = 0xa4;
const MAC_CSR_DATA: usize = 0xa8;

/// `HW_CFG`: resets the chip until it reads as 0.
const SOFT_RESET: u32 = 1;
/// `IRQ_CFG`: the interrupt is enabled, active high, and driven both ways.
const IRQ_ENABLE: u32 = 1 << 8 | 1 << 4 | 1;
/// `INT_STS`, `INT_EN`: more frames are waiting than the level in `FIFO_INT`, which is 0.
const RX_STATUS_LEVEL: u32 = 1 << 3;
/// `TX_CFG`: the transmitter is on.
const TX_ON: u32 = 1 << 1;
/// `RX_DP_CTRL`: drops the first frame in the FIFO, until it reads as 0.
const RX_FAST_FORWARD: u32 = 1 << 31;
/// `MAC_CSR_CMD`: starts an access to a register of the MAC, until it reads as 0.
const CSR_BUSY: u32 = 1 << 31;
/// `RX_STATUS_FIFO`: the frame is damaged.
const RX_ERROR: u32 = 1 << 15;
/// Command A of a frame to send: it is the first and the last segment.
const WHOLE_FRAME: u32 = 1 << 13 | 1 << 12;

/// The registers of the MAC, and the bits of `MAC_CR` that turn the transmitter and the receiver on.
const MAC_CR: u32 = 1;
const ADDRH: u32 = 2;
const ADDRL: u32 = 3;
const MAC_ON: u32 = 1 << 3 | 1 << 2;

/// The longest frame, without its checksum.
const MAX_FRAME_LEN: usize = 1514;
/// The checksum of a frame, which is received with it.
const CHECKSUM_LEN: usize = 4;

pub struct Lan9118 {
    address: [u8; 6],
}

static WAKER: AtomicWaker = AtomicWaker::new();

/// Call this in the interrupt handler.
pub fn on_interrupt() {
    write(INT_STS, RX_STATUS_LEVEL);
    WAKER.wake();
}

impl Lan9118 {
    /// Starts the chip. Unmask [`INTERRUPT`] only afterwards: before the polarity is set, the line is active at rest.
    pub fn start(address: [u8; 6]) -> Self {
        write(HW_CFG, SOFT_RESET);
        wait_while(HW_CFG, SOFT_RESET);
        let [a, b, c, d, e, f] = address;
        write_mac(ADDRL, u32::from_le_bytes([a, b, c, d]));
        write_mac(ADDRH, u32::from_le_bytes([e, f, 0, 0]));
        write(RX_CFG, 0);
        write(TX_CFG, TX_ON);
        write_mac(MAC_CR, MAC_ON);
        write(FIFO_INT, 0);
        write(INT_STS, u32::MAX);
        write(INT_EN, RX_STATUS_LEVEL);
        write(IRQ_CFG, IRQ_ENABLE);
        Self { address }
    }
}

impl Driver for Lan9118 {
    type RxToken<'a> = Received;
    type TxToken<'a> = Transmit;

    fn receive(&mut self, cx: &mut Context<'_>) -> Option<(Received, Transmit)> {
        // First, so that no frame is missed that comes in between.
        WAKER.register(cx.waker());
        while read(RX_FIFO_INF) >> 16 & 0xff > 0 {
            let status = read(RX_STATUS_FIFO);
            let len = (status >> 16 & 0x3fff) as usize;
            let Some(frame) = len.checked_sub(CHECKSUM_LEN).filter(|len| *len <= MAX_FRAME_LEN) else {
                skip();
                continue;
            };
            if status & RX_ERROR != 0 {
                skip();
                continue;
            }
            return Some((Received { len: frame }, Transmit));
        }
        None
    }

    fn transmit(&mut self, cx: &mut Context<'_>) -> Option<Transmit> {
        WAKER.register(cx.waker());
        // In QEMU, a frame leaves the FIFO as soon as it is written.
        let free = (read(TX_FIFO_INF) & 0xffff) as usize;
        (free >= MAX_FRAME_LEN + COMMANDS_LEN).then_some(Transmit)
    }

    fn link_state(&mut self, _: &mut Context<'_>) -> LinkState {
        LinkState::Up
    }

    fn capabilities(&self) -> Capabilities {
        let mut capabilities = Capabilities::default();
        capabilities.max_transmission_unit = MAX_FRAME_LEN;
        capabilities.max_burst_size = Some(1);
        capabilities
    }

    fn hardware_address(&self) -> HardwareAddress {
        HardwareAddress::Ethernet(self.address)
    }
}

/// The two command words before a frame, and the padding of its last word.
const COMMANDS_LEN: usize = 12;

/// A frame of this length is the first in the FIFO.
pub struct Received {
    len: usize,
}

impl RxToken for Received {
    fn consume<R, F: FnOnce(&mut [u8]) -> R>(self, f: F) -> R {
        let mut frame = [0; MAX_FRAME_LEN + CHECKSUM_LEN + 3];
        let words = (self.len + CHECKSUM_LEN).div_ceil(4);
        for word in frame.chunks_exact_mut(4).take(words) {
            word.copy_from_slice(&read(RX_DATA_FIFO).to_le_bytes());
        }
        f(frame.get_mut(..self.len).unwrap_or_default())
    }
}

/// There is room for a frame.
pub struct Transmit;

impl TxToken for Transmit {
    fn consume<R, F: FnOnce(&mut [u8]) -> R>(self, len: usize, f: F) -> R {
        let mut frame = [0; MAX_FRAME_LEN + 3];
        let result = f(frame.get_mut(..len).unwrap_or_default());
        let len_field = len as u32;
        write(TX_DATA_FIFO, WHOLE_FRAME | len_field);
        write(TX_DATA_FIFO, len_field << 16 | len_field);
        for word in frame.chunks(4).take(len.div_ceil(4)) {
            let mut bytes = [0; 4];
            bytes.iter_mut().zip(word).for_each(|(to, from)| *to = *from);
            write(TX_DATA_FIFO, u32::from_le_bytes(bytes));
        }
        // The chip stops if nobody reads the status of sent frames.
        for _ in 0..read(TX_FIFO_INF) >> 16 & 0xff {
            read(TX_STATUS_FIFO);
        }
        result
    }
}

/// Drops the first frame in the FIFO.
fn skip() {
    write(RX_DP_CTRL, RX_FAST_FORWARD);
    wait_while(RX_DP_CTRL, RX_FAST_FORWARD);
}

fn write_mac(register: u32, value: u32) {
    wait_while(MAC_CSR_CMD, CSR_BUSY);
    write(MAC_CSR_DATA, value);
    write(MAC_CSR_CMD, CSR_BUSY | register);
    wait_while(MAC_CSR_CMD, CSR_BUSY);
}

/// Waits until the bit is 0, which takes the chip microseconds.
fn wait_while(register: usize, bit: u32) {
    for _ in 0..MAX_POLLS {
        if read(register) & bit == 0 {
            return;
        }
    }
}

/// A chip that has not answered by then is broken: no frames will come.
const MAX_POLLS: u32 = 1_000_000;

fn read(register: usize) -> u32 {
    // SAFETY: this is a register of the chip, which this module alone uses.
    unsafe { read_volatile((BASE + register) as *const u32) }
}

fn write(register: usize, value: u32) {
    // SAFETY: as in `read`.
    unsafe { write_volatile((BASE + register) as *mut u32, value) }
}
