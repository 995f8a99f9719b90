"""A security key in software: answers what a browser would give for one (WebAuthn level 2, "none" attestation)."""

from __future__ import annotations

import hashlib
import json
import os
import struct
from typing import Any

from allauth.mfa.models import Authenticator
from cryptography.hazmat.primitives import hashes
from cryptography.hazmat.primitives.asymmetric import ec
from fido2 import cbor
from fido2.cose import ES256
from fido2.utils import websafe_encode

from accounts.models import User

ORIGIN = "http://localhost:8000"
PRESENT, HAS_CREDENTIAL = 0x01, 0x40


class SoftKey:
    def __init__(self, *, host: str = "localhost", origin: str = ORIGIN) -> None:
        self.private = ec.generate_private_key(ec.SECP256R1())
        self.id = os.urandom(32)
        self.host, self.origin = host, origin

    def create(self, options: dict[str, Any]) -> dict[str, Any]:
        """The answer to navigator.credentials.create."""
        public = cbor.encode(ES256.from_cryptography_key(self.private.public_key()))
        made = b"\0" * 16 + struct.pack(">H", len(self.id)) + self.id + public
        attestation = {"fmt": "none", "attStmt": {}, "authData": self._data(PRESENT | HAS_CREDENTIAL) + made}
        return self._answer(
            clientDataJSON=self._client("webauthn.create", options), attestationObject=cbor.encode(attestation)
        )

    def get(self, options: dict[str, Any]) -> dict[str, Any]:
        """The answer to navigator.credentials.get."""
        client, data = self._client("webauthn.get", options), self._data(PRESENT)
        signature = self.private.sign(data + hashlib.sha256(client).digest(), ec.ECDSA(hashes.SHA256()))
        return self._answer(clientDataJSON=client, authenticatorData=data, signature=signature)

    def _data(self, flags: int) -> bytes:
        return hashlib.sha256(self.host.encode()).digest() + struct.pack(">BI", flags, 0)

    def _client(self, kind: str, options: dict[str, Any]) -> bytes:
        said = {"type": kind, "challenge": options["publicKey"]["challenge"], "origin": self.origin}
        return json.dumps(said).encode()

    def _answer(self, **parts: bytes) -> dict[str, Any]:
        return {
            "id": websafe_encode(self.id),
            "rawId": websafe_encode(self.id),
            "type": "public-key",
            "response": {name: websafe_encode(value) for name, value in parts.items()},
            "clientExtensionResults": {},
        }


def add_key(person: User, *, name: str = "Blue key") -> tuple[Authenticator, SoftKey]:
    """`person` has this key as a second factor."""
    key = SoftKey()
    credential = key.create({"publicKey": {"challenge": websafe_encode(os.urandom(32))}})
    kind = Authenticator.Type.WEBAUTHN
    return Authenticator.objects.create(user=person, type=kind, data={"name": name, "credential": credential}), key
