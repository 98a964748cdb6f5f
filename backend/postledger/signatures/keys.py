"""Keys: the bytes or the public key that a configured secret stands for, by the form that a profile names.

Classic mistakes are made here: some networks mean the text of a secret and others what its base64 says.
"""

import base64
import binascii
from collections.abc import Callable

from cryptography.exceptions import UnsupportedAlgorithm
from cryptography.hazmat.primitives.asymmetric.ec import SECP256R1, EllipticCurvePublicKey
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PublicKey
from cryptography.hazmat.primitives.serialization import load_der_public_key

from postledger.signatures.profile_schema import KeyForm, Mac

_WHSEC = "whsec_"
_WHPK = "whpk_"
_OF_PAIRS = (_WHPK, "whsk_")
_PEM_LINE = "-----"

KeyMaterial = bytes | EllipticCurvePublicKey | Ed25519PublicKey


def read_key(form: KeyForm, secret: str) -> KeyMaterial:
    """Read a secret into a key; ValueError, which never quotes it, where it is empty or not of that form."""
    if not secret.strip():
        raise ValueError("the secret is empty")
    key = _READERS[form](secret)
    if not key:
        raise ValueError("the secret is empty")
    return key


def check_form(form: KeyForm, mac: Mac) -> None:
    """Refuse a form of key that a MAC cannot use."""
    fits = {"ecdsa-p256-sha256": ("spki",), "ed25519": ("ed25519",)}.get(mac, ("utf8", "base64", "hex", "whsec"))
    if form not in fits:
        raise ValueError(f'key = "{form}" does not go with mac = "{mac}"; {" or ".join(fits)} does')


def decode_base64(text: str) -> bytes:
    """Decode base64; ValueError for whatever else it holds."""
    try:
        return base64.b64decode(text, validate=True)
    except binascii.Error as error:
        raise ValueError("it is not base64") from error


def decode_whsec(secret: str) -> bytes:
    """Decode the key in `whsec_<base64>`; ValueError where it is not base64."""
    try:
        return decode_base64(secret.removeprefix(_WHSEC))
    except ValueError as error:
        raise ValueError("what follows whsec_ is not base64") from error


def _read_whsec(secret: str) -> bytes:
    if secret.startswith(_OF_PAIRS):  # its text under an HMAC would let everybody sign who has read the public key
        raise ValueError(
            'it is a key of ed25519; that wants key = "ed25519", mac = "ed25519" and its public half, whpk_'
        )
    return decode_whsec(secret) if secret.startswith(_WHSEC) else _read_utf8(secret)


def _read_utf8(secret: str) -> bytes:
    try:
        return secret.encode()
    except UnicodeEncodeError as error:  # half of a surrogate pair, which TOML cannot write but a file of JSON can
        raise ValueError("it is not text") from error


def _read_hex(secret: str) -> bytes:
    try:
        return bytes.fromhex(secret)
    except ValueError:
        raise ValueError("it is not hex") from None


def _read_spki(secret: str) -> EllipticCurvePublicKey:
    lines = [line for line in secret.split() if line]
    text = "".join(lines) if _PEM_LINE not in secret else _read_pem(secret)
    try:
        key = load_der_public_key(decode_base64(text))
    except (ValueError, UnsupportedAlgorithm) as error:
        raise ValueError("it is not a public key (SubjectPublicKeyInfo, base64 or PEM)") from error
    if not isinstance(key, EllipticCurvePublicKey) or not isinstance(key.curve, SECP256R1):
        raise ValueError("it is not a public key of curve P-256")
    return key


def _read_pem(secret: str) -> str:
    return "".join(secret.partition("KEY-----")[2].partition("-----END")[0].split())


def _read_ed25519(secret: str) -> Ed25519PublicKey:
    try:
        return Ed25519PublicKey.from_public_bytes(decode_base64(secret.removeprefix(_WHPK)))
    except ValueError as error:
        raise ValueError("it is not an ed25519 public key (32 bytes in base64)") from error


_READERS: dict[KeyForm, Callable[[str], KeyMaterial]] = {
    "utf8": _read_utf8,
    "base64": decode_base64,
    "hex": _read_hex,
    "whsec": _read_whsec,
    "spki": _read_spki,
    "ed25519": _read_ed25519,
}
