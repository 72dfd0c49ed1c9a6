"""Flash and static RAM of the gateway on a network, by part: from the names of the linker's symbols.

A function that was inlined counts for its caller, so that the parts are right within some percent; the sum is exact.
"""
import re, subprocess

# The first part that has one of these words in the name of a symbol.
PARTS = {
    "this crate, with JSON and base64": ["<embedded_jwt::", " embedded_jwt::", "<&embedded_jwt::", "base64ct"],
    "curves and hashes": [
        "p256", "primeorder", "elliptic_curve", "ecdsa", "crypto_bigint", "curve25519", "ed25519", "sha2", "ff::",
    ],
    "state in flash": ["sequential_storage", "embedded_jwt_firmware::memory", "gateway::state", "embedded_jwt_firmware::flash"],
    "HTTP client, for the keys": ["reqwless", "nourl", "gateway::keys", "__fetch_forever", "httparse::Response"],
    "SNTP client": ["sntpc", "gateway::clock", "__ask_forever"],
    "HTTP server, four connections": ["httparse", "gateway::http", "__work_task", "gateway::work"],
    "network: IP, TCP, UDP, driver": ["smoltcp", "embassy_net", "gateway::lan9118", "__run_network", "RESOURCES", "managed"],
    "executor and timer": ["embassy", "gateway::time_driver", "cordyceps"],
    "decision, secure element, start": ["embedded_jwt_gateway", "embedded_jwt_firmware", "cortex_m"],
}
REST = "core, constants, vector table"
# In bytes, some percent above the measured figures.
MAX_FLASH, MAX_RAM, MAX_STACK = 236_000, 72_000, 34_000


def total(image):
    """Bytes of flash and of static RAM, from the sections that are loaded or zeroed."""
    flash = ram = 0
    sections = subprocess.run(["readelf", "-SW", image], check=True, capture_output=True, text=True).stdout
    for name, kind, length, flags in re.findall(
        r"\] (\.\S+)\s+(\S+)\s+[0-9a-f]+ [0-9a-f]+ ([0-9a-f]+) [0-9a-f]+\s+([A-Zop]*)", sections
    ):
        if "A" in flags:
            flash += int(length, 16) if kind != "NOBITS" else 0
            ram += int(length, 16) if name in (".data", ".bss") else 0
    return flash, ram


def by_part(image):
    """Flash and RAM of each part. Initialized data counts as both, as in the image."""
    sums = {part: [0, 0] for part in [*PARTS, REST]}
    names = subprocess.run(["llvm-nm", "-S", "-C", image], check=True, capture_output=True, text=True).stdout
    for size, kind, name in re.findall(r"^[0-9a-f]+ ([0-9a-f]+) (\w) (.*)$", names, re.M):
        found = (part for part, words in PARTS.items() if any(word in f" {name}" for word in words))
        part = next(found, REST)
        sums[part][0] += int(size, 16) if kind in "tTrRdD" else 0
        sums[part][1] += int(size, 16) if kind in "dDbB" else 0
    for column, whole in enumerate(total(image)):
        sums[REST][column] += whole - sum(figures[column] for figures in sums.values())
    return sums


def table(image):
    lines = ["| part | flash | static RAM |", "|---|---|---|"]
    lines += [f"| {part} | {flash:,} | {ram:,} |" for part, (flash, ram) in by_part(image).items()]
    flash, ram = total(image)
    return "\n".join([*lines, f"| **all** | **{flash:,}** | **{ram:,}** |"])
