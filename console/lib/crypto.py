"""Encryption of secrets at rest: AES-256-GCM (NIST SP 800-38D), bound to what the secret belongs to."""

import base64
import hashlib
import hmac
import os

from cryptography.exceptions import InvalidTag
from cryptography.hazmat.primitives.ciphers.aead import AESGCM


class WrongKey(Exception):
    """The ciphertext was made with another key, for another owner, or was changed."""


def is_key(secret: str) -> bool:
    """Whether `secret` is what production needs: 32 bytes in base64."""
    return _decoded(secret) is not None


def _decoded(secret: str) -> bytes | None:
    try:
        raw = base64.b64decode(secret, validate=True)
    except ValueError:
        return None
    return raw if len(raw) == 32 else None


def _key(secret: str) -> bytes:
    """The key itself, or one derived from the demo's secret."""
    return _decoded(secret) or hashlib.sha256(secret.encode()).digest()


def encrypt(text: str, *, secret: str, owner: str) -> bytes:
    """12-byte nonce followed by ciphertext and tag; `owner` (for example "carrier:7") must be the same to decrypt."""
    nonce = os.urandom(12)
    return nonce + AESGCM(_key(secret)).encrypt(nonce, text.encode(), owner.encode())


def decrypt(data: bytes, *, secret: str, owner: str) -> str:
    try:
        return AESGCM(_key(secret)).decrypt(bytes(data[:12]), bytes(data[12:]), owner.encode()).decode()
    except InvalidTag as error:
        raise WrongKey(owner) from error


def mac(data: bytes, *, secret: str, purpose: str) -> bytes:
    """HMAC-SHA256 of `data` under a key of its own for `purpose`, derived from the secret."""
    key = hmac.digest(_key(secret), purpose.encode(), "sha256")
    return hmac.digest(key, data, "sha256")
