"""The key that signs checkpoints, what is signed, and whether a signature holds."""

import hashlib
from pathlib import Path
from typing import NamedTuple

from cryptography.exceptions import InvalidSignature
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey, Ed25519PublicKey
from cryptography.hazmat.primitives.serialization import load_pem_private_key

from app.domain.chain import digest
from app.kit.sealing import Sealer
from app.kit.settings import Settings, SettingsError

__all__ = ["PACK", "PREFIX", "Signer", "holds", "key_id", "record_hash", "signer_of"]

PREFIX = b"shixian/checkpoint/1"
PACK = b"shixian/proof/1"


class Signer(NamedTuple):
    """The private key with the name of its public one."""

    id: str
    public_key: bytes
    private: Ed25519PrivateKey

    def sign(self, body: bytes, purpose: bytes = PREFIX) -> bytes:
        """The signature of a checkpoint's body, or of what else `purpose` names."""
        return self.private.sign(signed(body, purpose))


def signed(body: bytes, purpose: bytes = PREFIX) -> bytes:
    """What is signed: a signature of a checkpoint is good for nothing else."""
    return purpose + b"\n" + body


def record_hash(body: bytes) -> bytes:
    """The hash of a checkpoint: the 64 digits that are printed, and that the next one names."""
    return digest(PREFIX, body)


def key_id(public_key: bytes) -> str:
    """The name of a public key: the first 16 digits of its SHA-256."""
    return hashlib.sha256(public_key).hexdigest()[:16]


def signer_of(settings: Settings, sealer: Sealer) -> Signer:
    """The key of the settings' PEM file, else one derived from the server's secret: one of all its processes alike."""
    if settings.signing_key_file is None:
        private = Ed25519PrivateKey.from_private_bytes(sealer.mac("signing_key", b"ed25519"))
    else:
        private = key_in(Path(settings.signing_key_file))
    public_key = private.public_key().public_bytes_raw()
    return Signer(key_id(public_key), public_key, private)


def key_in(path: Path) -> Ed25519PrivateKey:
    """The private key in a PEM file, as `openssl genpkey -algorithm ed25519` writes it."""
    try:
        key = load_pem_private_key(path.read_bytes(), password=None)
    except (OSError, ValueError, TypeError) as error:
        raise SettingsError(f"SHIXIAN_SIGNING_KEY_FILE: {path} holds no private key that can be read") from error
    if not isinstance(key, Ed25519PrivateKey):
        raise SettingsError(f"SHIXIAN_SIGNING_KEY_FILE: the key in {path} is not one of Ed25519")
    return key


def holds(public_key: bytes, body: bytes, signature: bytes) -> bool:
    """Whether a signature is that of the body under a public key."""
    try:
        Ed25519PublicKey.from_public_bytes(public_key).verify(signature, signed(body))
    except (InvalidSignature, ValueError):
        return False
    return True
