"""The gateway on a network, in QEMU: `gateway --net` starts it, with an issuer and a time server on loopback.

The device reaches nothing but the host's loopback, which QEMU shows it as 10.0.2.2, and the host reaches it at a port of
its own loopback.
"""
import base64, contextlib, hashlib, http.server, json, os, pathlib, queue, secrets, signal, socket, struct, subprocess
import sys, tempfile, threading, time

HERE = pathlib.Path(__file__).resolve().parent
ROOT = HERE.parent.parent.parent
TARGET = "thumbv7em-none-eabi"
# Where the device looks for the provisioning page, which the factory writes (src/provision.rs).
PAGE = 0x3F0000
# The host's loopback, as QEMU's user network shows it to the device.
HOST = "10.0.2.2"
AUDIENCE = "urn:device:pump-7"
# Of the firmware (src/trust.rs): it accepts no time before.
BUILT_AT = 1_768_435_200
# How often a token may have the keys fetched again, in seconds.
KEY_RELOAD = 3
# From 1900, where NTP starts, to 1970.
NTP_EPOCH = 2_208_988_800
# The hardware address of the device (src/provision.rs).
DEVICE = bytes([2, 0, 0, 0, 0, 1])
# Seconds until the device ends by itself.
LONGEST = 3600
# Seconds to wait for a line of the device's log.
DEADLINE = 60


def build(measure):
    """Builds the image and the mint, and returns both."""
    target = measure.TARGET
    print("building the firmware and the mint, which takes some minutes the first time", file=sys.stderr, flush=True)
    subprocess.run(
        [ROOT / ".ci/bare-metal", TARGET, "build", "--quiet", "--locked", "--profile", "product",
         "--target-dir", target / "net"],
        cwd=HERE, check=True,
    )
    subprocess.run(
        ["cargo", "build", "--quiet", "--locked", "--package", "mint", "--target-dir", target / "net-host"],
        cwd=HERE, check=True,
    )
    return target / "net" / TARGET / "product" / "embedded-jwt-gateway", target / "net-host/debug/mint"


def base64url(data):
    return base64.urlsafe_b64encode(data).rstrip(b"=").decode()


class Mint:
    """Signs tokens with the published test keys."""

    def __init__(self, program):
        self.process = subprocess.Popen([program], stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True)
        self.jwks = json.loads(self.process.stdout.readline())
        self.lock = threading.Lock()

    def sign(self, alg, header, claims):
        with self.lock:
            self.process.stdin.write(json.dumps([alg, {"alg": alg, **header}, claims]) + "\n")
            self.process.stdin.flush()
            return self.process.stdout.readline().strip()

    def thumbprint(self, alg):
        """The SHA-256 thumbprint of a key (RFC 7638)."""
        members = {name: self.jwks[alg][name] for name in sorted(self.jwks[alg])}
        return base64url(hashlib.sha256(json.dumps(members, separators=(",", ":")).encode()).digest())

    def stop(self):
        self.process.stdin.close()
        self.process.wait()


class Issuer:
    """An issuer on loopback, whose key set can change. It makes RFC 9068 access tokens, and a client's proofs."""

    def __init__(self, mint):
        self.mint = mint
        self.fetches = 0
        # Seconds until it answers.
        self.delay = 0
        self.rotate("2026-01")
        issuer = self

        class Handler(http.server.BaseHTTPRequestHandler):
            def do_GET(self):
                issuer.fetches += 1
                time.sleep(issuer.delay)
                body = json.dumps({"keys": issuer.keys}).encode()
                # The device may have given up.
                with contextlib.suppress(OSError):
                    self.send_response(200)
                    self.send_header("Content-Type", "application/jwk-set+json")
                    self.send_header("Content-Length", str(len(body)))
                    self.end_headers()
                    self.wfile.write(body)

            def log_message(self, *_):
                pass

        self.server = http.server.ThreadingHTTPServer(("127.0.0.1", 0), Handler)
        threading.Thread(target=self.server.serve_forever, daemon=True).start()
        self.url = f"http://{HOST}:{self.server.server_address[1]}"

    def rotate(self, version):
        """From now on with keys of another name."""
        self.kids = {alg: f"{alg}-{version}" for alg in self.mint.jwks}
        self.keys = [jwk | {"use": "sig", "kid": self.kids[alg]} for alg, jwk in self.mint.jwks.items()]

    def claims(self, **changes):
        now = int(time.time())
        claims = {
            "iss": self.url, "sub": "user-42", "aud": AUDIENCE, "client_id": "pump-app", "jti": secrets.token_hex(8),
            "iat": now, "exp": now + 300, "scope": "pump:read pump:write",
        }
        return {name: value for name, value in (claims | changes).items() if value is not None}

    def token(self, alg="ES256", typ="at+jwt", kid=None, holder=None, **changes):
        """An access token, bound to the key of `holder`, an algorithm."""
        if holder:
            changes["cnf"] = {"jkt": self.mint.thumbprint(holder)}
        return self.mint.sign(alg, {"typ": typ, "kid": kid or self.kids[alg]}, self.claims(**changes))

    def proof(self, alg, method, url, token, **changes):
        """A client's DPoP proof for a request."""
        claims = {
            "jti": secrets.token_hex(8), "htm": method, "htu": url, "iat": int(time.time()),
            "ath": base64url(hashlib.sha256(token.encode()).digest()),
        }
        return self.mint.sign(alg, {"typ": "dpop+jwt", "jwk": self.mint.jwks[alg]}, claims | changes)

    def stop(self):
        self.server.shutdown()
        self.server.server_close()


class TimeServer:
    """An SNTP server on loopback (RFC 4330). While it has no time, it does not answer."""

    def __init__(self, now=time.time):
        self.now = now
        self.questions = 0
        self.timestamp = bytes(8)
        self.repeats_timestamp = True
        self.socket = socket.socket(socket.AF_INET, socket.SOCK_DGRAM)
        self.socket.bind(("127.0.0.1", 0))
        self.address = f"{HOST}:{self.socket.getsockname()[1]}"
        threading.Thread(target=self.serve, daemon=True).start()

    def serve(self):
        while True:
            try:
                question, client = self.socket.recvfrom(48)
            except OSError:
                return
            self.questions += 1
            if self.now is None or len(question) < 48:
                continue
            seconds = struct.pack(">II", (int(self.now()) + NTP_EPOCH) % 2**32, 0)
            self.timestamp = question[40:48]
            repeated = self.timestamp if self.repeats_timestamp else bytes(8)
            # Version 4, a server of the first stratum; the client's transmit time comes back as the originate time.
            answer = bytes([0x24, 1, 6, 0xEC]) + bytes(8) + b"LOCL" + seconds + repeated + seconds + seconds
            with contextlib.suppress(OSError):
                self.socket.sendto(answer, client)

    def stop(self):
        self.socket.close()


class Device:
    """The board in QEMU, with its network at a free port of loopback."""

    def __init__(self, image, issuer_name, jwks, time_server, folder, echo=False, speed=()):
        with socket.socket() as free:
            free.bind(("127.0.0.1", 0))
            self.port = free.getsockname()[1]
        self.url = f"http://127.0.0.1:{self.port}"
        self.seed = secrets.randbits(63)
        self.packets = pathlib.Path(folder) / "packets.pcap"
        page = pathlib.Path(folder) / "page"
        values = {
            "base-url": self.url, "issuer": issuer_name, "jwks": jwks, "key-reload": KEY_RELOAD,
            "time-server": time_server, "seed": self.seed,
        }
        page.write_bytes("".join(f"{name} {value}\n" for name, value in values.items()).encode() + b"\0")
        control = pathlib.Path(folder) / "qmp"
        self.process = subprocess.Popen(
            # If this program is killed, the device ends by itself.
            ["timeout", "--foreground", str(LONGEST), "qemu-system-arm", "-M", "mps2-an386", "-display", "none", "-monitor", "none", "-serial", "stdio",
             "-semihosting-config", "enable=on,target=native", *speed,
             "-nic", f"user,id=net,hostfwd=tcp:127.0.0.1:{self.port}-:80",
             "-object", f"filter-dump,id=dump,netdev=net,file={self.packets}",
             "-qmp", f"unix:{control},server=on,wait=off",
             "-device", f"loader,file={page},addr={PAGE},force-raw=on", "-kernel", image],
            stdin=subprocess.DEVNULL, stdout=subprocess.PIPE, text=True, start_new_session=True,
        )
        self.control = control
        self.log = []
        self.lines = queue.Queue()
        self.echo = echo
        threading.Thread(target=self.read, daemon=True).start()

    def read(self):
        for line in self.process.stdout:
            self.log.append(line.rstrip("\n"))
            self.lines.put(line.rstrip("\n"))
            if self.echo:
                print(line, end="", flush=True)

    def wait_for(self, text):
        """Waits for a line of the log that begins so, from the last one waited for on, and returns it."""
        deadline = time.monotonic() + DEADLINE
        while True:
            try:
                line = self.lines.get(timeout=max(0, deadline - time.monotonic()))
            except queue.Empty:
                raise SystemExit(f"the device does not say {text!r}, but {self.log[-5:]}") from None
            if line.startswith(text):
                return line

    def wait_until_started(self):
        """Waits until the device has the time and the keys."""
        for _ in range(2):
            self.wait_for(("the clock is set", "keys fetched"))

    def restart(self):
        """Resets the machine. Its RAM keeps what it holds, the part that stands for flash included."""
        with socket.socket(socket.AF_UNIX) as control:
            control.settimeout(DEADLINE)
            control.connect(str(self.control))
            replies = control.makefile()
            replies.readline()
            for command in ["qmp_capabilities", "system_reset"]:
                control.sendall(json.dumps({"execute": command}).encode() + b"\n")
                while "return" not in json.loads(replies.readline()):
                    pass
        self.wait_for("gateway ready")

    def outside(self):
        """The addresses but the host's to which the device has sent anything: IPv4 and ARP are all it has."""
        data = self.packets.read_bytes()
        at, found, sent = 24, set(), 0
        while at + 16 <= len(data):
            length = struct.unpack_from("<I", data, at + 8)[0]
            frame = data[at + 16 : at + 16 + length]
            at += 16 + length
            if frame[6:12] != DEVICE:
                continue
            sent += 1
            target = frame[30:34] if frame[12:14] == b"\x08\x00" else frame[38:42]
            if frame[12:14] not in (b"\x08\x00", b"\x08\x06") or target != socket.inet_aton(HOST):
                found.add(".".join(map(str, target)))
        if not sent:
            raise SystemExit(f"{self.packets}: the device has sent nothing")
        return found

    def stop(self):
        # The session has `timeout` and QEMU in it.
        if self.process.poll() is None:
            os.killpg(self.process.pid, signal.SIGKILL)
        self.process.wait()


@contextlib.contextmanager
def device(image, issuer, server, echo=False, **changes):
    """A new device, whose flash is empty."""
    with tempfile.TemporaryDirectory() as folder:
        values = {"time_server": server.address}
        if issuer:
            values |= {"issuer_name": issuer.url, "jwks": f"{issuer.url}/jwks"}
        board = Device(image, folder=folder, echo=echo, **(values | changes))
        try:
            board.wait_for("gateway ready")
            yield board
        finally:
            board.stop()


def main(measure, options):
    # As after Ctrl-C, the device and the servers are stopped.
    for number in [signal.SIGTERM, signal.SIGHUP]:
        signal.signal(number, lambda number, _: sys.exit(128 + number))
    measure.install_tools()
    if time.time() < BUILT_AT:
        sys.exit("the host's clock is before the time when the firmware was built")
    if options.test:
        import checks, interop
        interop.require_node()
    image, program = build(measure)
    if options.sizes:
        import sizes
        print(sizes.table(image))
        return 0
    mint = Mint(program)
    try:
        if options.test:
            return checks.run(image, mint)
        return serve(image, mint)
    finally:
        mint.stop()


def serve(image, mint):
    """Runs the device, and prints requests to paste, until Ctrl-C."""
    issuer, server = Issuer(mint), TimeServer()
    with device(image, issuer, server, echo=True) as board:
        board.wait_until_started()
        url = board.url
        reads, bound = issuer.token(scope="pump:read"), issuer.token(holder="EdDSA")
        proof = issuer.proof("EdDSA", "GET", f"{url}/pump", bound)
        print(f"""
# 200: a token that may read
curl -i {url}/pump -H 'Authorization: Bearer {reads}'
# 403: it may not write
curl -i -X POST {url}/pump -H 'Authorization: Bearer {reads}'
# 401: no token; a forged one
curl -i {url}/pump
curl -i {url}/pump -H 'Authorization: Bearer {reads[:-8]}AAAAAAAA'
# 200 within a minute, and 401 the second time: a token that is bound to a key, with a proof
curl -i {url}/pump -H 'Authorization: DPoP {bound}' -H 'DPoP: {proof}'
# the device's clock, and how long its network has stood still
curl {url}/status

The tokens are valid for five minutes. Ctrl-C ends the device; otherwise it ends after an hour. Below is its log.
""", flush=True)
        board.process.wait()
    return 0
