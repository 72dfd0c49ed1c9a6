"""Prints status lists of PyPI's token-status-list, one of each width, as JSON. The two arguments are `iss` and `sub`."""

import base64
import json
import sys

from cryptography.hazmat.primitives.asymmetric import ec, utils
from cryptography.hazmat.primitives.hashes import SHA256
from token_status_list import IssuerStatusList

ISSUER, URI = sys.argv[1:]
KEY = ec.generate_private_key(ec.SECP256R1())


def base64url(data):
    return base64.urlsafe_b64encode(data).rstrip(b"=").decode()


def sign(message):
    r, s = utils.decode_dss_signature(KEY.sign(message, ec.ECDSA(SHA256())))
    return r.to_bytes(32, "big") + s.to_bytes(32, "big")


def status_list(bits):
    # Every value, several times, and an end within a byte.
    statuses = [(index * 7 + index // 64) % (1 << bits) for index in range(1003)]
    issued = IssuerStatusList.new(bits, len(statuses), strategy="linear")
    for index, status in enumerate(statuses):
        issued[index] = status
    token = issued.sign_jwt(sign, alg="ES256", kid="py", iss=ISSUER, sub=URI, ttl=600)
    # The library writes the signature as Python prints bytes: b'...'.
    rest, signature = token.rsplit(".", 1)
    repaired = signature.removeprefix("b'").removesuffix("'")
    return {"bits": bits, "statuses": statuses, "raw": token, "token": f"{rest}.{repaired}"}


public = KEY.public_key().public_numbers()
jwk = {"kty": "EC", "crv": "P-256", "kid": "py", "use": "sig"}
jwk |= {name: base64url(getattr(public, name).to_bytes(32, "big")) for name in ("x", "y")}
json.dump({"jwks": {"keys": [jwk]}, "lists": [status_list(bits) for bits in (1, 2, 4, 8)]}, sys.stdout)
