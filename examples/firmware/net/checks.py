"""Checks of the gateway on a network, by a real HTTP client: what it answers, and what it does in the background."""
import http.client, threading, time

import faults, interop, sizes
from host import BUILT_AT, KEY_RELOAD, Issuer, TimeServer, device

BEARER = 'Bearer realm="pump"'
DPOP = 'DPoP algs="ES256 EdDSA Ed25519", realm="pump"'
READ, WRITE = 'scope="pump:read"', 'scope="pump:write"'
OK, DONE = (200, []), (204, [])
NO_CREDENTIALS = 401, [f"{BEARER}, {READ}", f"{DPOP}, {READ}"]
INVALID_TOKEN = 401, [f'{BEARER}, error="invalid_token", {READ}']
INVALID_TO_WRITE = 401, [f'{BEARER}, error="invalid_token", {WRITE}']
INVALID_TO_LOG_OUT = 401, [f'{BEARER}, error="invalid_token"']
INSUFFICIENT_SCOPE = 403, [f'{BEARER}, error="insufficient_scope", {WRITE}']
INVALID_REQUEST = 400, [f'{BEARER}, error="invalid_request", {READ}']
INVALID_PROOF = 401, [f'{DPOP}, error="invalid_dpop_proof", {READ}']
INVALID_TOKEN_DPOP = 401, [f'{DPOP}, error="invalid_token", {READ}']
UNBOUND = 401, [f'{BEARER}, error="invalid_token", {READ}', f"{DPOP}, {READ}"]
TOO_MANY_REQUESTS = 429, []
# Seconds from a fetch that has failed to the next one (src/keys.rs).
KEY_RETRY = 5
# The most keys that the device has (src/keys.rs).
MAX_KEYS = 8
# The most that the floor rises with a time, in seconds (`DEFAULT_TIME_STEP`).
FLOOR_STEP = 24 * 60 * 60

# Instructions take 32 ns, as on a Cortex-M4 at some 31 MHz, so that the figures do not depend on the host.
CHIP_SPEED = ["-icount", "shift=5"]


class Checks:
    def __init__(self):
        self.right = self.wrong = 0

    def __call__(self, name, got, expected):
        if got == expected:
            self.right += 1
        else:
            self.wrong += 1
            print(f"WRONG {name}: {got!r}, expected {expected!r}", flush=True)


def run(image, mint):
    """Runs all checks, and returns the exit status."""
    check = Checks()
    parts = [
        requests, proofs, faults.connections, faults.load, faults.broken_clients, clock, eras, keys, restart, outside, costs,
    ]
    for part in parts:
        start, before = time.monotonic(), check.right + check.wrong
        issuer, server = Issuer(mint), TimeServer()
        part(check, image, issuer, server)
        issuer.stop(), server.stop()
        count = check.right + check.wrong - before
        print(f"{part.__name__}: {count} checks, {time.monotonic() - start:.0f} s", flush=True)
    interop.run(check, image)
    print(f"gateway on a network: {check.right} of {check.right + check.wrong} checks right")
    return 1 if check.wrong else 0


def call(board, method, path, authorization=None, proof=None, connection=None):
    """The status, and the values of `WWW-Authenticate`."""
    own = connection or http.client.HTTPConnection("127.0.0.1", board.port, timeout=20)
    headers = {"Authorization": authorization, "DPoP": proof}
    own.request(method, path, headers={name: value for name, value in headers.items() if value})
    response = own.getresponse()
    response.read()
    if not connection:
        own.close()
    return response.status, response.headers.get_all("WWW-Authenticate") or []


def read(board, token, **options):
    return call(board, "GET", "/pump", f"Bearer {token}", **options)


def allow(board, method, path):
    """The status, and the value of `Allow`."""
    own = http.client.HTTPConnection("127.0.0.1", board.port, timeout=20)
    own.request(method, path)
    response = own.getresponse()
    own.close()
    return response.status, response.headers["Allow"]


def status(board):
    """What the device says about itself."""
    own = http.client.HTTPConnection("127.0.0.1", board.port, timeout=20)
    own.request("GET", "/status")
    text = own.getresponse().read().decode()
    own.close()
    return dict(line.split("=") for line in text.split())


def requests(check, image, issuer, server):
    """Which tokens may do what."""
    local = {"iss": "https://idp.example.com"}
    with device(image, issuer, server) as board:
        board.wait_until_started()
        good = issuer.token()
        bearer = lambda token: f"Bearer {token}"
        for name, method, path, authorization, expected in [
            ("read with ES256", "GET", "/pump", bearer(good), OK),
            ("read with EdDSA", "GET", "/pump", bearer(issuer.token("EdDSA")), OK),
            ("write", "POST", "/pump", bearer(good), OK),
            ("a query", "GET", "/pump?unit=rpm", bearer(good), OK),
            ("an absolute target", "GET", f"http://127.0.0.1:{board.port}/pump?unit=rpm", bearer(good), OK),
            ("a query like a path", "GET", f"http://127.0.0.1:{board.port}?unit=/pump", bearer(good), (404, [])),
            ("a fragment like a path", "GET", f"http://127.0.0.1:{board.port}#/pump", bearer(good), (404, [])),
            ("no path", "GET", f"http://127.0.0.1:{board.port}", bearer(good), (404, [])),
            ("names in other cases", "GET", "/pump", f"bEARER {good}", OK),
            ("a long token", "GET", "/pump", bearer(issuer.token(note="x" * 1200)), OK),
            ("the other issuer", "GET", "/pump", bearer(issuer.token(kid="test-key", **local)), OK),
            ("the other issuer, EdDSA", "GET", "/pump", bearer(issuer.token("EdDSA", kid="test-key", **local)), OK),
            ("its name with a key of the first", "GET", "/pump", bearer(issuer.token(**local)), INVALID_TOKEN),
            ("the name of neither", "GET", "/pump", bearer(issuer.token(iss="https://other")), INVALID_TOKEN),
            ("write with a token to read", "POST", "/pump", bearer(issuer.token(scope="pump:read")), INSUFFICIENT_SCOPE),
            ("a scope that only begins so", "POST", "/pump", bearer(issuer.token(scope="pump:writer")), INSUFFICIENT_SCOPE),
            ("no scope", "POST", "/pump", bearer(issuer.token(scope=None)), INSUFFICIENT_SCOPE),
            ("expired", "GET", "/pump", bearer(issuer.token(iat=int(time.time()) - 400, exp=int(time.time()) - 100)), INVALID_TOKEN),
            ("of the future", "GET", "/pump", bearer(issuer.token(nbf=int(time.time()) + 100)), INVALID_TOKEN),
            ("too long a lifetime", "GET", "/pump", bearer(issuer.token(exp=int(time.time()) + 9000)), INVALID_TOKEN),
            ("another device's", "GET", "/pump", bearer(issuer.token(aud="urn:device:pump-8")), INVALID_TOKEN),
            ("an ID token", "GET", "/pump", bearer(issuer.token(typ="JWT")), INVALID_TOKEN),
            ("without a name", "GET", "/pump", bearer(issuer.token(jti=None)), INVALID_TOKEN),
            ("forged", "GET", "/pump", bearer(good[:-8] + "AAAAAAAA"), INVALID_TOKEN),
            ("cut off", "GET", "/pump", bearer(good[:-10]), INVALID_TOKEN),
            ("two segments", "GET", "/pump", bearer(good.rpartition(".")[0]), INVALID_TOKEN),
            ("no token", "GET", "/pump", None, NO_CREDENTIALS),
            ("another scheme", "GET", "/pump", "Basic Zm9v", NO_CREDENTIALS),
            ("two words", "GET", "/pump", "Bearer a b", INVALID_REQUEST),
            ("nothing after the scheme", "GET", "/pump", "Bearer", INVALID_REQUEST),
            ("another path", "GET", "/valves", bearer(good), (404, [])),
            ("another case", "GET", "/Pump", bearer(good), (404, [])),
            ("another method", "DELETE", "/pump", bearer(good), (405, [])),
            ("a valve that cannot be read", "GET", "/valve", bearer(good), (405, [])),
            ("the valve with a token to read", "POST", "/valve", bearer(issuer.token(scope="pump:read")), INSUFFICIENT_SCOPE),
            ("the valve, once", "POST", "/valve", bearer(good), OK),
            ("the valve, twice", "POST", "/valve", bearer(good), INVALID_TO_WRITE),
            ("good to read still", "GET", "/pump", bearer(good), OK),
            ("logging out", "POST", "/logout", bearer(good), DONE),
            ("logged out", "GET", "/pump", bearer(good), INVALID_TOKEN),
            ("logging out twice", "POST", "/logout", bearer(good), INVALID_TO_LOG_OUT),
            ("another session", "GET", "/pump", bearer(issuer.token()), OK),
        ]:
            check(name, call(board, method, path, authorization), expected)
        for method, path, allowed in [
            ("HEAD", "/status", "GET"), ("POST", "/status", "GET"), ("DELETE", "/pump", "GET, POST"), ("GET", "/valve", "POST"),
        ]:
            check(f"{method} {path} and what is allowed", allow(board, method, path), (405, allowed))
        check("nothing outside", board.outside(), set())


def proofs(check, image, issuer, server):
    """DPoP: the proof names what the client calls."""
    with device(image, issuer, server) as board:
        board.wait_until_started()
        url = f"{board.url}/pump"

        def present(token, proof, method="GET"):
            return call(board, method, "/pump", f"DPoP {token}", proof)

        for alg, other in [("ES256", "EdDSA"), ("EdDSA", "ES256")]:
            token = issuer.token(holder=alg)
            proof = lambda *args, **changes: issuer.proof(alg, *(args or ("GET", url, token)), **changes)
            first = proof()
            check(f"{alg}: a proof", present(token, first), OK)
            check(f"{alg}: the same proof", present(token, first), INVALID_PROOF)
            check(f"{alg}: another proof", present(token, proof()), OK)
            for name, wrong, expected in [
                ("no proof", None, INVALID_PROOF),
                ("for another method", proof("POST", url, token), INVALID_PROOF),
                ("for another path", proof("GET", f"{board.url}/valve", token), INVALID_PROOF),
                ("for another port", proof("GET", "http://127.0.0.1/pump", token), INVALID_PROOF),
                ("for another host", proof("GET", url.replace("127.0.0.1", "localhost"), token), INVALID_PROOF),
                ("for another token", proof("GET", url, issuer.token(holder=alg)), INVALID_PROOF),
                ("too old", proof(iat=int(time.time()) - 200), INVALID_PROOF),
                ("of the future", proof(iat=int(time.time()) + 100), INVALID_PROOF),
                ("without a name", proof(jti=""), INVALID_PROOF),
                ("the token itself", token, INVALID_PROOF),
                ("of another key", issuer.proof(other, "GET", url, token), INVALID_TOKEN_DPOP),
            ]:
                check(f"{alg}: {name}", present(token, wrong), expected)
            check(f"{alg}: without a proof", read(board, token), UNBOUND)
            unbound = issuer.token()
            free = issuer.proof(alg, "GET", url, unbound)
            check(f"{alg}: an unbound token", present(unbound, free), INVALID_TOKEN_DPOP)
        token = issuer.token(holder="ES256")
        for count in range(2):
            check(f"proof {count + 3} of a client", present(token, issuer.proof("ES256", "GET", url, token)), OK)
        check("more than its share", present(token, issuer.proof("ES256", "GET", url, token)), TOO_MANY_REQUESTS)


def clock(check, image, issuer, server):
    """The floor until the time server answers, and its time from then on."""
    server.now = None
    hour_ago = int(time.time()) - 3600
    with device(image, issuer, server) as board:
        board.wait_for("keys fetched")
        expired = issuer.token(iat=hour_ago, exp=hour_ago + 300)
        ancient = issuer.token(iat=BUILT_AT - 600, exp=BUILT_AT - 300)
        first_day = issuer.token(iat=BUILT_AT + 600, exp=BUILT_AT + 900)
        check("no clock", status(board)["clock"], "false")
        check("expired by the floor", read(board, ancient), INVALID_TOKEN)
        check("expired, but the time is unknown", read(board, expired), OK)
        check("expired long ago, but the time is unknown", read(board, first_day), OK)
        check("a fresh token, without a clock", read(board, issuer.token()), OK)
        bound = issuer.token(holder="EdDSA")
        proof = issuer.proof("EdDSA", "GET", f"{board.url}/pump", bound)
        check("a proof, without a clock", call(board, "GET", "/pump", f"DPoP {bound}", proof), (503, []))
        server.now = lambda: BUILT_AT - 1000
        board.wait_for("the time is refused")
        check("still no clock", status(board)["clock"], "false")
        server.now, server.repeats_timestamp, questions = time.time, False, server.questions
        time.sleep(10)
        check("further questions", server.questions >= questions + 2, True)
        check("no clock by an answer to another question", status(board)["clock"], "false")
        micros = int.from_bytes(server.timestamp[4:]) * 1_000_000 >> 32
        check("a question that nobody can guess", (micros - (board.seed >> 40)) % 1_000_000 < 10_000, True)
        server.repeats_timestamp = True
        board.wait_for("the clock is set")
        said = status(board)
        check("a clock", said["clock"], "true")
        check("that is right", abs(int(said["time"]) - time.time()) <= 2, True)
        check("expired by the clock", read(board, expired), INVALID_TOKEN)
        check("a fresh token, with a clock", read(board, issuer.token()), OK)
        time.sleep(3)
        check("it ticks", abs(int(status(board)["time"]) - time.time()) <= 2, True)
        server.now = None
        board.restart()
        said = status(board)
        check("no clock after a restart", said["clock"], "false")
        check("but the floor, a step higher", int(said["time"]), BUILT_AT + FLOOR_STEP)
        board.wait_for("keys fetched")
        check("expired by that floor", read(board, first_day), INVALID_TOKEN)
        floor = int(status(board)["time"])
        server.now = lambda: floor - 20
        board.wait_for("the clock is set")
        said = status(board)
        check("a time just before the floor", (said["clock"], int(said["time"]) - floor in range(5)), ("true", True))
        ahead = int(time.time()) + 5 * 365 * FLOOR_STEP
        for name, server.now in [("a time that is years ahead", lambda: ahead), ("the right time, after it", time.time)]:
            board.restart()
            board.wait_for("the clock is set")
            check(name, int(status(board)["time"]) - int(server.now()) in range(-5, 6), True)


def eras(check, image, issuer, server):
    """NTP counts from 0 again in 2036."""
    later = 2_208_988_800  # 2040-01-01
    server.now = lambda: later
    with device(image, issuer, server) as board:
        board.wait_until_started()
        check("after 2036", 0 <= int(status(board)["time"]) - later < 60, True)


def keys(check, image, issuer, server):
    """New keys are fetched when a token needs them, but not more often than the limit allows."""
    with device(image, issuer, server) as board:
        board.wait_until_started()
        check("one fetch at the start", issuer.fetches, 1)
        before = issuer.token()
        time.sleep(KEY_RELOAD + 0.5)
        issuer.rotate("2026-02")
        check("a new key", read(board, issuer.token()), OK)
        check("was fetched", issuer.fetches, 2)
        check("the old key, for a while", read(board, before), OK)
        start = time.monotonic()
        for count in range(20):
            check(f"unknown key {count}", read(board, issuer.token(kid=f"unknown-{count}")), INVALID_TOKEN)
        check("few fetches", issuer.fetches - 2 <= 1 + (time.monotonic() - start) // KEY_RELOAD, True)
        time.sleep(KEY_RELOAD + 0.5)
        fetches = issuer.fetches
        check("an unknown key later", read(board, issuer.token(kid="unknown")), INVALID_TOKEN)
        check("has them fetched again", issuer.fetches, fetches + 1)
        before = issuer.token()
        many = [f"many-{number}" for number in range(MAX_KEYS - 1)]
        issuer.keys = [issuer.mint.jwks["ES256"] | {"kid": kid} for kid in many]
        time.sleep(KEY_RELOAD + 0.5)
        check("too many keys for the overlap", read(board, issuer.token(kid=many[-1])), OK)
        check("replace the removed ones", read(board, before), INVALID_TOKEN)
        issuer.rotate("2026-03")
        time.sleep(KEY_RELOAD + 0.5)
        check("as few again", read(board, issuer.token()), OK)
        issuer.delay = 10
        time.sleep(KEY_RELOAD + 0.5)
        answers = []
        late = threading.Thread(target=lambda: answers.append(read(board, issuer.token(kid="x"))))
        late.start()
        start = time.monotonic()
        check("others meanwhile", [read(board, issuer.token()) for _ in range(5)], [OK] * 5)
        check("do not wait", late.is_alive() and time.monotonic() - start < 3, True)
        late.join()
        check("a slow issuer", answers, [INVALID_TOKEN])
        issuer.delay = 0
        issuer.keys = "none"
        time.sleep(KEY_RELOAD + 0.5)
        check("a broken key set", read(board, issuer.token(kid="unknown")), INVALID_TOKEN)
        check("leaves the keys", read(board, issuer.token()), OK)
        fetches = issuer.fetches
        issuer.rotate("2026-04")
        deadline = time.monotonic() + 2 * KEY_RETRY
        while issuer.fetches == fetches and time.monotonic() < deadline:
            time.sleep(0.1)
        check("keys are soon fetched, without a token", issuer.fetches, fetches + 1)


def restart(check, image, issuer, server):
    """What was confirmed is in flash."""
    with device(image, issuer, server) as board:
        board.wait_until_started()
        session, used, other, bound = issuer.token(), issuer.token(), issuer.token(), issuer.token(holder="EdDSA")
        proof = issuer.proof("EdDSA", "GET", f"{board.url}/pump", bound)
        bearer = f"Bearer {used}"
        check("logging out", call(board, "POST", "/logout", f"Bearer {session}"), DONE)
        check("the valve", call(board, "POST", "/valve", bearer), OK)
        check("a proof", call(board, "GET", "/pump", f"DPoP {bound}", proof), OK)
        board.restart()
        board.wait_until_started()
        check("logged out before", read(board, session), INVALID_TOKEN)
        check("the valve again", call(board, "POST", "/valve", bearer), INVALID_TO_WRITE)
        check("the proof again", call(board, "GET", "/pump", f"DPoP {bound}", proof), INVALID_PROOF)
        check("good to read still", read(board, used), OK)
        check("another session", read(board, other), OK)
        board.restart()
        board.wait_until_started()
        check("logged out before the last", read(board, session), INVALID_TOKEN)


def outside(check, image, issuer, server):
    """The device has no route out of its network."""
    # For documentation (RFC 5737): nobody's.
    jwks = "http://198.51.100.1/jwks"
    with device(image, issuer, server, jwks=jwks) as board:
        check("keys from outside", board.wait_for("keys not fetched"), "keys not fetched: no answer in time")
        check("nothing was sent there", board.outside(), set())
        local = issuer.token(iss="https://idp.example.com", kid="test-key")
        check("the other issuer's keys are built in", read(board, local), OK)


def costs(check, image, issuer, server):
    """How long the network stands still while signatures are verified; flash and RAM."""
    with device(image, issuer, server, speed=CHIP_SPEED) as board:
        board.wait_until_started()
        # The device's clock runs at the speed of its instructions, which is another one than the host's.
        tokens = [issuer.token(alg, iat=int(time.time()) + 30) for alg in ["ES256", "EdDSA"] * 3]
        bound = issuer.token(holder="ES256", iat=int(time.time()) + 30)
        proof = issuer.proof("ES256", "GET", f"{board.url}/pump", bound)
        status(board)
        answers = [read(board, token) for token in tokens]
        answers.append(call(board, "GET", "/pump", f"DPoP {bound}", proof))
        figures = {name: int(value) for name, value in status(board).items() if name not in ("clock", "time")}
        # The stack is deepest when a request arrives while another one's signature is verified.
        together = lambda: [answers.append(read(board, token)) for token in tokens * 3]
        several = [threading.Thread(target=together) for _ in range(2)]
        [thread.start() for thread in several], [thread.join() for thread in several]
        figures["stack"] = int(status(board)["stack"])
    check("verified", answers, [OK] * (7 * len(tokens) + 1))
    check("by the secure element", figures["verifications"], len(tokens) + 2)
    check("the network goes on", figures["gap_us"] * 10 < figures["verification_us"], True)
    flash, ram = sizes.total(image)
    for name, value, most in [
        ("flash", flash, sizes.MAX_FLASH), ("static RAM", ram, sizes.MAX_RAM), ("stack", figures["stack"], sizes.MAX_STACK),
    ]:
        check(f"{name} of {value:,} within {most:,}", value <= most, True)
    print(
        f"longest verification {figures['verification_us'] / 1000:.1f} ms, "
        f"longest gap of the network {figures['gap_us'] / 1000:.1f} ms, at 31 instructions in a microsecond; "
        f"{flash:,} bytes of flash, {ram:,} of static RAM, {figures['stack']:,} of stack",
        flush=True,
    )
