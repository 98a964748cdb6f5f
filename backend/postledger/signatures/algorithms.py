"""The signature algorithms: checks whether a key made one of the sent signatures for a message.

MACs and hashes are encoded and compared with the text that was sent, in constant time. The sent text is not decoded,
because lax decoders accept more than one text for the same bytes.
"""

import base64
import binascii
import hashlib
import hmac
from collections.abc import Callable, Sequence

from cryptography.exceptions import InvalidSignature
from cryptography.hazmat.primitives.asymmetric.ec import ECDSA, EllipticCurvePublicKey
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PublicKey
from cryptography.hazmat.primitives.hashes import SHA256

from postledger.signatures.keys import KeyMaterial
from postledger.signatures.profile_schema import Encoding, Mac

Sign = Callable[[bytes, bytes], bytes]
"""Computes the signature as it is sent, from the key's bytes and the message."""
Match = Callable[[KeyMaterial, bytes, Sequence[bytes]], bool]
"""Returns whether a key made one of the signatures for a message. Every signature is compared."""

ASYMMETRIC: tuple[Mac, ...] = ("ecdsa-p256-sha256", "ed25519")
_LEAST_CHARACTERS = 8


def compile_sign(mac: Mac, encoding: Encoding, truncate: int) -> Sign:
    """Make the function that signs as the sender does; raises ValueError if that needs the sender's private key."""
    if mac in ASYMMETRIC:
        raise ValueError(f"{mac} needs the private key, which only the sender has")
    if mac.startswith("hmac") and encoding == "hex" and not truncate:  # the common case, with as few calls as possible
        name = mac.removeprefix("hmac-")
        return lambda key, message: hmac.digest(key, message, name).hex().encode()
    digest, encode = _DIGESTS[mac], ENCODERS[encoding]
    if not truncate:
        return lambda key, message: encode(digest(key, message))
    if truncate < _LEAST_CHARACTERS:
        raise ValueError(
            f"signature.truncate: a signature of {truncate} characters can be guessed; use {_LEAST_CHARACTERS} or more"
        )
    return lambda key, message: encode(digest(key, message))[:truncate]


def compile_match(mac: Mac, encoding: Encoding, truncate: int) -> Match:
    """Make the function that verifies with this algorithm."""
    if mac == "ecdsa-p256-sha256":
        return _compile_asymmetric(encoding, _verify_ecdsa)
    if mac == "ed25519":
        return _compile_asymmetric(encoding, _verify_ed25519)
    if mac == "token":
        return _match_token
    return _compare(compile_sign(mac, encoding, truncate))


def _compare(sign: Sign) -> Match:
    compare = hmac.compare_digest

    def match(key: KeyMaterial, message: bytes, signatures: Sequence[bytes]) -> bool:
        assert isinstance(key, bytes), "check_key_form allows only bytes for this algorithm"
        expected = sign(key, message)
        if len(signatures) == 1:
            return compare(expected, signatures[0])
        return any([compare(expected, signature) for signature in signatures])  # noqa: C419 - compares them all

    return match


def _match_token(key: KeyMaterial, _: bytes, signatures: Sequence[bytes]) -> bool:
    # Both digests have the same length, so the comparison time does not depend on the length of the token.
    expected = hashlib.sha256(key if isinstance(key, bytes) else b"").digest()
    return any([hmac.compare_digest(expected, hashlib.sha256(token).digest()) for token in signatures])  # noqa: C419


def _compile_asymmetric(encoding: Encoding, verify: Callable[[KeyMaterial, bytes, bytes], None]) -> Match:
    decode = _DECODERS[encoding]

    def match(key: KeyMaterial, message: bytes, signatures: Sequence[bytes]) -> bool:
        return any(_is_valid(key, message, signature) for signature in signatures)

    def _is_valid(key: KeyMaterial, message: bytes, signature: bytes) -> bool:
        try:
            verify(key, decode(signature), message)
        except (InvalidSignature, ValueError):
            return False
        return True

    return match


def _verify_ecdsa(key: KeyMaterial, signature: bytes, message: bytes) -> None:
    assert isinstance(key, EllipticCurvePublicKey), "check_key_form allows only this key for this algorithm"
    key.verify(signature, message, ECDSA(SHA256()))


def _verify_ed25519(key: KeyMaterial, signature: bytes, message: bytes) -> None:
    assert isinstance(key, Ed25519PublicKey), "check_key_form allows only this key for this algorithm"
    key.verify(signature, message)


def _hmac(name: str) -> Sign:
    return lambda key, message: hmac.digest(key, message, name)


def _hash(name: str) -> Sign:
    return lambda _, message: hashlib.new(name, message, usedforsecurity=False).digest()


def _hash_twice(_: bytes, message: bytes) -> bytes:
    return hashlib.sha256(hashlib.sha256(message).digest()).digest()


def _encode_hex(digest: bytes) -> bytes:
    return digest.hex().encode()


def _decode_base64url(text: bytes) -> bytes:
    if not set(text) <= _BASE64URL:  # the standard library's decoder ignores unknown characters
        raise ValueError("not base64url")
    return base64.urlsafe_b64decode(text + b"=" * (-len(text) % 4))


def _decode_base64(text: bytes) -> bytes:
    return base64.b64decode(text, validate=True)


_BASE64URL = frozenset(b"ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-_=")
_NAMES = ("md5", "sha1", "sha256", "sha384", "sha512")
_DIGESTS: dict[str, Sign] = {
    **{f"hmac-{name}": _hmac(name) for name in _NAMES},
    **{f"hash-{name}": _hash(name) for name in _NAMES},
    "hash2-sha256": _hash_twice,
    "token": lambda key, _: key,
}
ENCODERS: dict[Encoding, Callable[[bytes], bytes]] = {
    "hex": _encode_hex,
    "hex-upper": lambda digest: digest.hex().upper().encode(),
    "base64": base64.b64encode,
    "base64url": lambda digest: base64.urlsafe_b64encode(digest).rstrip(b"="),
}
_DECODERS: dict[Encoding, Callable[[bytes], bytes]] = {
    "hex": binascii.unhexlify,
    "hex-upper": binascii.unhexlify,
    "base64": _decode_base64,
    "base64url": _decode_base64url,
}
