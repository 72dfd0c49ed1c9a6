//! The gateway on a network: an HTTP server for clients with access tokens, without an allocator.
//!
//! All of the network runs in interrupts: frames, TCP, HTTP connections, SNTP and keys. They preempt the main loop, which
//! does the slow work: the arithmetic of signatures, and writing to flash.
#![no_std]
#![no_main]

mod clock;
mod http;
mod keys;
mod lan9118;
mod lock;
mod log;
mod provision;
mod routes;
mod secure_element;
mod state;
mod status;
mod time_driver;

use cortex_m::interrupt::{self, InterruptNumber};
use cortex_m::peripheral::NVIC;
use cortex_m_rt::{entry, exception};
use embassy_executor::{InterruptExecutor, SpawnError, SpawnToken, Spawner};
use embassy_net::tcp::TcpSocket;
use embassy_net::{Config, Ipv4Cidr, Runner, Stack, StackResources, StaticConfigV4};
use embassy_time::{Duration, with_timeout};
use embedded_jwt_firmware::board;
use heapless::Vec;
use static_cell::StaticCell;

use http::{MAX_HEAD_LEN, WORKERS};
use lan9118::Lan9118;
use provision::Provision;

static EXECUTOR: InterruptExecutor = InterruptExecutor::new();
/// An interrupt that the board does not use. Software raises it, to run the tasks of the network.
const TASKS: Irq = Irq(31);
const NETWORK: Irq = Irq(lan9118::INTERRUPT);
/// Below the network chip and SysTick, which have the highest priority.
const TASKS_PRIORITY: u8 = 0x80;

#[entry]
fn main() -> ! {
    status::watch_stack();
    let mut peripherals = cortex_m::Peripherals::take().unwrap_or_else(|| stop("no peripherals"));
    board::start_serial();
    time_driver::start(peripherals.SYST);
    let provision = Provision::read().unwrap_or_else(|| stop("the device is not provisioned"));
    if !secure_element::is_sound() {
        stop("a signature backend is broken");
    }
    state::restore();

    static PROVISION: StaticCell<Provision> = StaticCell::new();
    let provision = PROVISION.init(provision);
    // SAFETY: the interrupts' handlers are below, and no critical section depends on their priority.
    unsafe { peripherals.NVIC.set_priority(TASKS, TASKS_PRIORITY) };
    let spawner = EXECUTOR.start(TASKS);
    match start(provision) {
        Ok(task) => spawner.spawn(task),
        Err(_) => stop("no room for the first task"),
    }
    loop {
        // Both run each time: the flash has its turn while there are signatures to verify.
        if secure_element::work() | state::work() {
            continue;
        }
        // With interrupts disabled, none comes between the last check and the sleep. A pending one ends the sleep.
        interrupt::disable();
        if !secure_element::has_work() && !state::has_work() {
            cortex_m::asm::wfi();
        }
        // SAFETY: this is not in a critical section.
        unsafe { interrupt::enable() };
    }
}

/// The first task: starts the network, and the other tasks.
#[embassy_executor::task]
async fn start(provision: &'static Provision) {
    // SAFETY: this task runs on an executor of this crate's version of embassy.
    let spawner = unsafe { Spawner::for_current_executor() }.await;
    let chip = Lan9118::start(provision::HARDWARE_ADDRESS);
    // SAFETY: its handler is below; the chip has set the polarity of its interrupt.
    unsafe { NVIC::unmask(NETWORK) };

    static RESOURCES: StaticCell<StackResources<SOCKETS>> = StaticCell::new();
    let address = Ipv4Cidr::new(provision::ADDRESS, provision::PREFIX_LEN);
    let config = Config::ipv4_static(StaticConfigV4 { address, gateway: None, dns_servers: Vec::new() });
    let (stack, runner) = embassy_net::new(chip, config, RESOURCES.init(StackResources::new()), provision.seed);

    spawn(spawner, run_network(runner));
    spawn(spawner, status::watch_gap());
    spawn(spawner, clock::ask_forever(stack, provision));
    spawn(spawner, keys::fetch_forever(stack, provision));
    for _ in 0..WORKERS {
        spawn(spawner, work(stack, provision));
    }
    log!("gateway ready");
}

fn spawn<S>(spawner: Spawner, task: Result<SpawnToken<S>, SpawnError>) {
    match task {
        Ok(task) => spawner.spawn(task),
        Err(_) => stop("no room for a task"),
    }
}

/// A socket for each connection, for the time and for the keys.
const SOCKETS: usize = WORKERS + 2;

#[embassy_executor::task]
async fn run_network(mut runner: Runner<'static, Lan9118>) {
    runner.run().await;
}

/// Serves one connection after the other.
#[embassy_executor::task(pool_size = WORKERS)]
async fn work(stack: Stack<'static>, provision: &'static Provision) {
    let (mut rx, mut tx, mut buf) = ([0; RX_LEN], [0; TX_LEN], [0; MAX_HEAD_LEN]);
    loop {
        let mut socket = TcpSocket::new(stack, &mut rx, &mut tx);
        socket.set_timeout(Some(SOCKET_TIME));
        if socket.accept(PORT).await.is_ok() {
            http::serve(&mut socket, &mut buf, async |request| routes::answer(request, provision).await).await;
            socket.close();
            http::drain(&mut socket, &mut buf).await;
        }
        socket.abort();
        // A peer that cannot be reached never gets the reset, which `flush` waits for.
        let _ = with_timeout(RESET_TIME, socket.flush()).await;
    }
}

const PORT: u16 = 80;
const RX_LEN: usize = 1536;
const TX_LEN: usize = 1024;
/// A client that does not acknowledge anything for this time is gone.
const SOCKET_TIME: Duration = Duration::from_secs(10);
/// The time for the reset at the end of a connection, which may have to ask for the client's hardware address first.
const RESET_TIME: Duration = Duration::from_secs(1);

#[exception]
fn SysTick() {
    time_driver::on_tick();
}

/// Without a crate for the chip, all interrupts come here.
#[exception]
unsafe fn DefaultHandler(number: i16) {
    match Irq(number as u16) {
        NETWORK => lan9118::on_interrupt(),
        // SAFETY: this is the executor's interrupt, which `start` enables.
        TASKS => unsafe { EXECUTOR.on_interrupt() },
        _ => stop("an unknown interrupt"),
    }
}

#[derive(Clone, Copy, PartialEq, Eq)]
struct Irq(u16);

// SAFETY: the number belongs to an interrupt of the board, and never changes.
unsafe impl InterruptNumber for Irq {
    fn number(self) -> u16 {
        self.0
    }
}

fn stop(why: &str) -> ! {
    log!("{why}");
    board::exit(false)
}
