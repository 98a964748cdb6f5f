"""Decodes a configured secret into a key, in the format that the profile names.

Some networks use the text of the secret as the key, others its decoded base64. To confuse them is a common mistake.
"""

import base64
from collections.abc import Callable

from cryptography.exceptions import UnsupportedAlgorithm
from cryptography.hazmat.primitives.asymmetric.ec import SECP256R1, EllipticCurvePublicKey
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PublicKey
from cryptography.hazmat.primitives.serialization import load_der_public_key

from postledger.signatures.profile_schema import KeyForm, Mac

_WHSEC = "whsec_"
_WHPK = "whpk_"
_ED25519_PREFIXES = (_WHPK, "whsk_")
_PEM_LINE = "-----"
_STANDARD_ALPHABET = str.maketrans("-_", "+/")

KeyMaterial = bytes | EllipticCurvePublicKey | Ed25519PublicKey


def read_key(form: KeyForm, secret: str) -> KeyMaterial:
    """Decode a secret into a key. Raises ValueError, which never quotes the secret, if it is empty or malformed."""
    if not secret.strip():
        raise ValueError("the secret is empty")
    key = _READERS[form](secret)
    if not key:
        raise ValueError("the secret is empty")
    return key


def check_key_form(form: KeyForm, mac: Mac) -> None:
    """Refuse a key format that an algorithm cannot use; raises ValueError."""
    formats = {"ecdsa-p256-sha256": ("spki",), "ed25519": ("ed25519",)}.get(mac, ("utf8", "base64", "hex", "whsec"))
    if form not in formats:
        choices = " or ".join(f'"{one}"' for one in formats)
        raise ValueError(f'key: "{form}" cannot be used with mac = "{mac}"; use {choices}')


def decode_base64(text: str) -> bytes:
    """Decode base64; raises ValueError for any other character."""
    try:
        return base64.b64decode(text, validate=True)
    except ValueError as error:
        raise ValueError("it is not base64") from error


def is_lenient_base64(form: KeyForm, secret: str) -> bool:
    """Return whether a secret is base64 only for a lenient decoder: its URL-safe alphabet, white space, no padding."""
    text = secret.removeprefix(_WHSEC) if form == "whsec" else secret
    if form not in ("base64", "whsec") or (form == "whsec" and text == secret):
        return False
    try:
        decode_base64(text)
    except ValueError:
        return True
    return False


def _decode_leniently(text: str) -> bytes:
    """Decode base64 as Node.js does. A partner's secret in another alphabet is accepted; `apply` warns of it."""
    bare = "".join(text.split()).translate(_STANDARD_ALPHABET).rstrip("=")
    return decode_base64(bare + "=" * (-len(bare) % 4))


def decode_whsec(secret: str) -> bytes:
    """Decode the key in `whsec_<base64>`; raises ValueError."""
    try:
        return _decode_leniently(secret.removeprefix(_WHSEC))
    except ValueError as error:
        raise ValueError("the text after whsec_ is not base64") from error


def _read_whsec(secret: str) -> bytes:
    if secret.startswith(_ED25519_PREFIXES):  # used as HMAC key text, a public key would let anyone sign
        raise ValueError('it is an ed25519 key; use key = "ed25519", mac = "ed25519" and the public key (whpk_…)')
    return decode_whsec(secret) if secret.startswith(_WHSEC) else _read_utf8(secret)


def _read_utf8(secret: str) -> bytes:
    try:
        return secret.encode()
    except UnicodeEncodeError as error:  # a lone surrogate: TOML cannot contain one, but a JSON file can
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
        raise ValueError("it is not a P-256 public key")
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
    "base64": _decode_leniently,
    "hex": _read_hex,
    "whsec": _read_whsec,
    "spki": _read_spki,
    "ed25519": _read_ed25519,
}
