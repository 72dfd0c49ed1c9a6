"""Connections of the gateway on a network, as clients keep, break and abuse them, by raw sockets."""
import random, socket, struct, threading, time

import checks

# Of the firmware (src/http.rs).
MAX_HEAD_LEN = 4096
WORKERS = 4
REQUEST_TIME, IDLE_TIME = 5, 10


class Client(socket.socket):
    """A connection to the device."""

    def __init__(self, board):
        super().__init__()
        self.settimeout(20)
        self.connect(("127.0.0.1", board.port))
        self.file = self.makefile("rb")

    def close(self):
        self.file.close()
        super().close()

    def response(self):
        """The status of a response, and the names and values of its header; None if the connection has ended."""
        line = self.file.readline()
        if not line:
            return None
        header = {}
        while (field := self.file.readline().strip()):
            name, _, value = field.decode().partition(":")
            header[name.lower()] = value.strip()
        self.file.read(int(header.get("content-length", 0)))
        return int(line.split()[1]), header

    def is_closed(self):
        try:
            return self.file.read() == b""
        except ConnectionResetError:
            return True


def request(token, method="GET", path="/pump", *more):
    lines = [f"{method} {path} HTTP/1.1", "Host: pump", f"Authorization: Bearer {token}", *more, "", ""]
    return "\r\n".join(lines).encode()


def exchange(board, data):
    """Sends bytes on a connection of their own. Returns the statuses of all responses until the connection ends."""
    statuses = []
    with Client(board) as client:
        try:
            client.sendall(data)
            client.shutdown(socket.SHUT_WR)
            while (response := client.response()) is not None:
                statuses.append(response[0])
        except TimeoutError:
            statuses.append("silence")
        except OSError:
            statuses.append("reset")
    return statuses


def connections(check, image, issuer, server):
    """Connections that are kept, shared and used often."""
    with checks.device(image, issuer, server) as board:
        board.wait_until_started()
        token = issuer.token()
        good = request(token)
        with Client(board) as client:
            for _ in range(20):
                client.sendall(good)
                check("kept alive", client.response()[0], 200)
            client.sendall(good * 3)
            check("three at once", [client.response()[0] for _ in range(3)], [200, 200, 200])
            client.sendall(request("", "POST", "/pump", "Content-Length: 4") + b"1500" + good)
            check("a body is not a request", [client.response()[0] for _ in range(2)], [400, 200])
            client.sendall(request(token, "GET", "/pump", "Connection: close"))
            status, header = client.response()
            check("closes when asked", (status, header.get("connection"), client.is_closed()), (200, "close", True))
        check("HTTP/1.0", exchange(board, good.replace(b"HTTP/1.1", b"HTTP/1.0") + good), [200])
        with Client(board) as client:
            for at in range(0, len(good), 100):
                client.sendall(good[at : at + 100])
                time.sleep(0.01)
            check("in pieces", client.response()[0], 200)
        with Client(board) as first, Client(board) as second:
            first.sendall(good[:200])
            second.sendall(good)
            check("a second connection meanwhile", second.response()[0], 200)
            first.sendall(good[200:])
            check("and the first", first.response()[0], 200)
        results = []
        several = [threading.Thread(target=lambda: results.append(checks.read(board, token))) for _ in range(WORKERS)]
        [thread.start() for thread in several], [thread.join() for thread in several]
        check("as many at once as there are", results, [checks.OK] * WORKERS)
        answers, times = [], []
        for _ in range(500):
            start = time.monotonic()
            answers.append(checks.read(board, token))
            times.append(time.monotonic() - start)
        check("500 in a row", answers, [checks.OK] * 500)
        check("as fast at the end", min(times[-100:]) < 2 * min(times[:100]), True)
        print(f"500 requests with a signature each: {sum(times):.1f} s", flush=True)


def load(check, image, issuer, server):
    """Clients whose valid signatures keep the secure element busy do not keep others from writing to flash."""
    with checks.device(image, issuer, server) as board:
        board.wait_until_started()
        hour_ago = int(time.time()) - 3600
        expired = request(issuer.token(iat=hour_ago, exp=hour_ago + 300))
        end, answers = threading.Event(), []

        def keep_busy():
            with Client(board) as client:
                client.sendall(expired * 4)
                while not end.is_set() and (response := client.response()) is not None:
                    answers.append(response[0])
                    client.sendall(expired)

        busy = [threading.Thread(target=keep_busy, daemon=True) for _ in range(2)]
        [thread.start() for thread in busy]
        try:
            while len(answers) < 20:
                time.sleep(0.1)
            for count in range(5):
                session = issuer.token()
                check(f"logging out {count}", checks.call(board, "POST", "/logout", f"Bearer {session}"), checks.DONE)
                check(f"logged out {count}", checks.read(board, session), checks.INVALID_TOKEN)
            check("the load lasts", [thread.is_alive() for thread in busy], [True] * len(busy))
        finally:
            end.set()
        [thread.join() for thread in busy]
        check("the load is refused", set(answers), {401})


def fill(length):
    """A request with a token that no key verifies, of this length."""
    return request("a" * (length - len(request("")))) if length else b""


def broken_clients(check, image, issuer, server):
    """Clients that are slow, vanish, or talk nonsense. After each, the next request is answered."""
    noise = random.Random(19)
    with checks.device(image, issuer, server) as board:
        board.wait_until_started()
        token = issuer.token()
        good = request(token)
        head = good[:-2]
        chunked = head + b"Transfer-Encoding: chunked\r\n\r\n5\r\nhello\r\n0\r\n\r\n"
        length = lambda value: head + b"Content-Length: " + value + b"\r\n\r\n"
        for name, data, expected in [
            ("the longest head", fill(MAX_HEAD_LEN - 1), [401]),
            ("too long a head", fill(MAX_HEAD_LEN + 1), [431]),
            ("much too long a head", fill(40_000), [431]),
            ("too long a path", b"GET /" + b"a" * 5000, [431]),
            ("too many headers", head + b"X: y\r\n" * 40 + b"\r\n", [431]),
            ("nothing", b"", []),
            ("half a request", good[:100], []),
            ("an empty line", b"\r\n\r\n", []),
            ("garbage", bytes(range(128, 256)) * 4, [400]),
            ("zero bytes", bytes(100), [400]),
            ("TLS", bytes.fromhex("16030100a5010000a10303"), [400]),
            ("one word", b"GET\r\n\r\n", [400]),
            ("another protocol", b"SSH-2.0-OpenSSH_9.2\r\n\r\n", [400]),
            ("no host", good.replace(b"Host: pump\r\n", b""), [400]),
            ("an empty host", good.replace(b"Host: pump", b"Host: "), [400]),
            ("two hosts", head + b"Host: valve\r\n\r\n", [400]),
            ("two tokens", head + b"Authorization: Bearer abc\r\n\r\n", [400]),
            ("no colon", head + b"Colon\r\n\r\n", [400]),
            ("a zero byte in a name", head + b"X\0: y\r\n\r\n", [400]),
            ("a length that is none", length(b"5x") + good, [400]),
            ("a negative length", length(b"-1") + good, [400]),
            ("two lengths", head + b"Content-Length: 0\r\nContent-Length: 4\r\n\r\n" + good, [400]),
            ("too long a body", length(b"100000") + good, [413]),
            ("a length beyond numbers", length(b"9" * 40) + good, [413]),
            ("a body in chunks", chunked + good, [501]),
            ("a body that does not come", length(b"100"), []),
        ]:
            check(name, exchange(board, data), expected)
            check(f"after {name}", exchange(board, good), [200])
        for count in range(30):
            exchange(board, noise.randbytes(noise.randrange(1, 3000)))
            damaged = bytearray(good)
            for _ in range(noise.randrange(1, 4)):
                damaged[noise.randrange(len(damaged))] = noise.randrange(256)
            exchange(board, bytes(damaged))
            check(f"after noise {count}", exchange(board, good), [200])

        with Client(board) as client:
            client.sendall(good[:50])
            client.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0))
        check("after a reset", exchange(board, good), [200])
        for _ in range(10):
            with Client(board) as client:
                client.sendall(good)
        time.sleep(1)
        check("after clients that do not wait", exchange(board, good), [200])

        with Client(board) as slow:
            start = time.monotonic()
            served = 0
            try:
                while time.monotonic() - start < 2 * REQUEST_TIME:
                    slow.sendall(b"GET /pump HTTP/1.1\r\n"[:1] if served else b"GET /")
                    served += exchange(board, good) == [200]
                    time.sleep(0.2)
            except OSError:
                pass  # It is cut off.
            took = time.monotonic() - start
        check("a slow client is cut off", REQUEST_TIME - 1 < took < REQUEST_TIME + 3, True)
        check("and others are served meanwhile", served > 5, True)

        idle = [Client(board) for _ in range(WORKERS)]
        time.sleep(0.2)
        check("no room beside idle clients", exchange(board, good) in ([], ["reset"]), True)
        time.sleep(IDLE_TIME + 1)
        check("room again", exchange(board, good), [200])
        check("idle clients are closed", [client.is_closed() for client in idle], [True] * WORKERS)
        [client.close() for client in idle]
