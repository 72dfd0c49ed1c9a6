"""Tokens of the real issuer of `tests/interop`, by HTTP to the device."""
import json, shutil, subprocess, sys, threading

from host import ROOT, HOST, TimeServer, device

FOLDER = ROOT / "tests/interop"
# Seconds for all clients, which take some ten.
DEADLINE = 300


def require_node():
    for program in ["node", "npm"]:
        if not shutil.which(program):
            sys.exit(f"{program} is needed: tokens of a real issuer are checked, too")


def run(check, image):
    """Starts the issuer, then the device that trusts it, and has the issuer's clients call the device."""
    subprocess.run(["npm", "ci", "--ignore-scripts", "--silent"], cwd=FOLDER, check=True)
    clients = subprocess.Popen(
        ["node", "device.mjs"], cwd=FOLDER, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True
    )
    server = TimeServer()
    deadline = threading.Timer(DEADLINE, clients.kill)
    deadline.start()
    try:
        first = clients.stdout.readline()
        if not first:
            sys.exit("the issuer does not start")
        issuer = json.loads(first)
        jwks = f"http://{HOST}:{issuer['port']}/jwks"
        with device(image, None, server, issuer_name=issuer["name"], jwks=jwks) as board:
            board.wait_until_started()
            clients.stdin.write(board.url + "\n")
            clients.stdin.flush()
            count = 0
            for line in clients.stdout:
                name, got, expected = json.loads(line)
                check(f"interop, {name}", got, expected)
                count += 1
            check("interop: the clients end well", clients.wait(), 0)
            check("interop: at least 20 checks", count >= 20, True)
            check("interop: nothing outside", board.outside(), set())
        print(f"interop: {count} checks with tokens of oidc-provider", flush=True)
    finally:
        deadline.cancel()
        clients.kill()
        clients.wait()
        server.stop()
