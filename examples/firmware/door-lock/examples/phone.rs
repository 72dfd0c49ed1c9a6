//! Plays the phones: starts the firmware in QEMU, sends requests over its serial line, and checks the answers.

use std::io::{BufRead as _, BufReader, Lines, Write as _};
use std::process::{Child, ChildStdin, ChildStdout, Command, ExitCode, Stdio};
use std::sync::{Arc, Mutex};
use std::time::{Duration, SystemTime, UNIX_EPOCH};

use door_lock::{AUDIENCE, DOOR, ISSUER, URI};
use embedded_jwt::UnixTime;
use embedded_jwt_testkit::{Alg, TestIssuer, TestToken, dpop_proof};

const USAGE: &str = "\
usage: cargo run --example phone [-- IMAGE]

Starts the firmware in QEMU, sends requests over its serial line, and checks the answers. Without an IMAGE, it is the one that
`cargo build --release --target thumbv7em-none-eabi` has built.";

/// Far longer than all requests take.
const DEADLINE: Duration = Duration::from_secs(120);

struct Board {
    qemu: Arc<Mutex<Child>>,
    requests: ChildStdin,
    answers: Lines<BufReader<ChildStdout>>,
    /// The clock of the phones and their issuer. It is after the build.
    now: UnixTime,
}

impl Board {
    fn start(image: &str) -> Self {
        let options = ["-M", "mps2-an386", "-display", "none", "-monitor", "none", "-serial", "stdio", "-kernel"];
        let mut command = Command::new("qemu-system-arm");
        let command = command.args(options).arg(image).stdin(Stdio::piped()).stdout(Stdio::piped());
        let mut qemu = command.spawn().expect("QEMU is installed");
        let (requests, answers) = (qemu.stdin.take().unwrap(), BufReader::new(qemu.stdout.take().unwrap()).lines());
        let qemu = Arc::new(Mutex::new(qemu));
        let late = Arc::clone(&qemu);
        std::thread::spawn(move || {
            std::thread::sleep(DEADLINE);
            late.lock().unwrap().kill()
        });
        let now = SystemTime::now().duration_since(UNIX_EPOCH).unwrap();
        Self { qemu, requests, answers, now: UnixTime::from_secs(now.as_secs() as i64) }
    }

    fn answer(&mut self) -> String {
        self.answers.next().expect("the board answers in time").unwrap()
    }

    fn send(&mut self, request: &str) -> String {
        self.requests.write_all(format!("{request}\n").as_bytes()).unwrap();
        self.answer()
    }

    /// Sends a request with a proof for a new nonce.
    fn prove(&mut self, request: &str, token: &TestToken) -> String {
        let nonce = self.send("NONCE").split_off("nonce ".len());
        let token = token.mint();
        let proof = dpop_proof(Alg::Es256, "POST", URI, &token).id(&nonce).claim("nonce", nonce).at(self.now).mint();
        self.send(&format!("{request} {token} {proof}"))
    }
}

impl Drop for Board {
    fn drop(&mut self) {
        let mut qemu = self.qemu.lock().unwrap();
        let _ = qemu.kill().and_then(|()| qemu.wait());
    }
}

fn main() -> ExitCode {
    let image = std::env::args().nth(1).unwrap_or_else(|| {
        let target = std::env::var("CARGO_TARGET_DIR").unwrap_or("target".into());
        format!("{target}/thumbv7em-none-eabi/release/door-lock")
    });
    if image == "--help" {
        println!("{USAGE}");
        return ExitCode::SUCCESS;
    }
    if !std::path::Path::new(&image).is_file() {
        eprintln!("{image}: no such file\n\n{USAGE}");
        return ExitCode::from(2);
    }
    let mut board = Board::start(&image);
    let now = board.now;
    let good = |id: &str| {
        let token = TestIssuer::new(ISSUER).access_token(AUDIENCE).scope("door:open").claim("door", DOOR);
        token.bound_to(Alg::Es256).id(id).at(now)
    };
    let command = good("command").scope("door:revoke").claim("sub", "janitor").claim("revoke", "user-42");
    let old = good("2").at(embedded_jwt_testkit::now());
    let (mut right, mut wrong) = (0, 0);
    let mut expect = |what: &str, got: String, expected: &str| {
        let fits = got.starts_with(expected);
        println!("{} {what}: {got}", if fits { "ok   " } else { "WRONG" });
        *if fits { &mut right } else { &mut wrong } += 1;
    };
    expect("the power comes on", board.answer(), "ready");
    expect("before the factory", board.prove("OPEN", &good("1")), "refused 0x2700");
    expect("in the factory", board.send("PROVISION"), "ok");
    expect("no token", board.send("OPEN"), "refused 0x0501");
    expect("a token", board.prove("OPEN", &good("1")), "ok");
    expect("the same again", board.prove("OPEN", &good("1")), "refused 0x1E00");
    expect("power cut", board.send("RESTART"), "ready");
    expect("the same after it", board.prove("OPEN", &good("1")), "refused 0x1E00");
    expect("forged", board.prove("OPEN", &good("2").forged()), "refused 0x0E00");
    expect("another door", board.prove("OPEN", &good("2").claim("door", "vault")), "refused 0x2900");
    expect("expired before the build", board.prove("OPEN", &old), "refused 0x1500");
    expect("too long", board.send(&"x".repeat(4000)), "refused 0x2000");
    expect("another token", board.prove("OPEN", &good("2")), "ok");
    expect("the phone is lost", board.prove("REVOKE", &command), "ok");
    expect("its next token", board.prove("OPEN", &good("3")), "refused 0x2100");
    expect("power cut", board.send("RESTART"), "ready");
    expect("still revoked", board.prove("OPEN", &good("3")), "refused 0x2100");
    println!("{right} of {} answers right", right + wrong);
    if wrong == 0 { ExitCode::SUCCESS } else { ExitCode::FAILURE }
}
