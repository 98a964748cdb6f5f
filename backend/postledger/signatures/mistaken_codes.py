"""The algorithms and encodings that a sender may have used by mistake, as far as the sent signature allows them.

The sent text decides: its characters say how it is written, and its length which digest it holds. So few are tried.
"""

import base64
import binascii
import hashlib
import hmac
import re
from collections.abc import Callable, Iterator

import msgspec

from postledger.decoding.pairs import unescape
from postledger.signatures.algorithms import ASYMMETRIC, compile_match, compile_sign
from postledger.signatures.examination import Examined
from postledger.signatures.keys import KeyMaterial
from postledger.signatures.mistake import Mistake
from postledger.signatures.profile_schema import Encoding, Scheme

_HEX = re.compile(r"(?:[0-9a-fA-F]{2})+")
_BASE64 = re.compile(r"[A-Za-z0-9+/_-]{16,}={0,2}")
_PREFIX = re.compile(r"(?:sha1|sha256|sha512|md5|hmac-sha256|hmac|v0|v1|h1|s|t)[=,:]", re.IGNORECASE)
_LONGEST = 1024
_HASH_BY_LENGTH = {16: "md5", 20: "sha1", 32: "sha256", 48: "sha384", 64: "sha512"}
_NAMES = {"md5": "MD5", "sha1": "SHA-1", "sha256": "SHA-256", "sha384": "SHA-384", "sha512": "SHA-512"}
_ENCODING_NAMES: dict[Encoding, str] = {
    "hex": "hex in small letters", "hex-upper": "hex in capitals", "base64": "base64", "base64url": "base64url",
}  # fmt: skip


class Code(msgspec.Struct, frozen=True):
    """One algorithm and encoding; `matches` compares the whole digest of a key and a message with the sent one."""

    mistakes: tuple[Mistake, ...]
    matches: Callable[[KeyMaterial, bytes], bool]
    is_asymmetric: bool = False
    is_usual: bool = True


def list_codes(examined: Examined) -> list[Code]:
    """List what the sent signature may be; empty if none was sent."""
    texts = list(_list_texts(examined))
    if examined.scheme.mac == "token":
        return [Code(mistakes, _match_token(text)) for mistakes, text in texts]
    if examined.scheme.mac in ASYMMETRIC:
        return [code for mistakes, text in texts for code in _list_asymmetric(examined.scheme, mistakes, text)]
    found = [code for mistakes, text in texts for code in _list_digests(examined.scheme, mistakes, text)]
    return sorted(found, key=lambda code: len(code.mistakes))


def _list_texts(examined: Examined) -> Iterator[tuple[tuple[Mistake, ...], str]]:
    """List the signature as it was sent, and without what does not belong to it."""
    right = [signature.decode("utf-8", "replace") for signature in examined.sent.signatures]
    yield from (((), text) for text in right if len(text) <= _LONGEST)
    if len(examined.text) > _LONGEST:
        return
    prefix = examined.scheme.signature.prefix or "".join(
        (examined.scheme.signature.pick[:1] or ("",))[0] + examined.scheme.signature.pair
    )
    for text in right or [examined.text]:
        yield from (
            (mistakes, other) for mistakes, other in _strip(text, prefix, is_read=bool(right)) if other not in right
        )


def _strip(text: str, prefix: str, *, is_read: bool) -> Iterator[tuple[tuple[Mistake, ...], str]]:
    if not is_read and prefix:
        shown = prefix.strip()
        named = Mistake(f"{shown} is missing in front of the signature", f"Write {shown} in front of the signature.")
        yield (named,), text
    if found := _PREFIX.match(text):
        extra = Mistake(f"{found[0]} in front of the signature", "Send the signature without a prefix.")
        if prefix:
            what = f"{prefix} is written twice" if found[0] == prefix else f"{found[0]} in place of {prefix}"
            extra = Mistake(f"{what} in front of the signature", f"Write {prefix} in front of the signature, once.")
        yield (extra,), text[found.end() :]
    if (bare := text.strip().strip("\"'")) != text:
        yield (Mistake("blanks or quotes around the signature", "Send the signature without blanks and quotes."),), bare
    if "%" in text:
        plain = unescape(text.encode("latin-1", "replace")).decode("latin-1")
        yield (Mistake("the signature is percent-encoded twice", "Percent-encode the signature once."),), plain
    if " " in text:
        advice = "Percent-encode the signature in the URL: + is %2B there."
        yield (Mistake("+ in the signature arrived as a blank", advice),), text.replace(" ", "+")


def _match_token(text: str) -> Callable[[KeyMaterial, bytes], bool]:
    sent = hashlib.sha256(text.encode("utf-8", "replace")).digest()
    return lambda key, _: isinstance(key, bytes) and hmac.compare_digest(hashlib.sha256(key).digest(), sent)


def _list_digests(scheme: Scheme, mistakes: tuple[Mistake, ...], text: str) -> Iterator[Code]:
    if scheme.signature.truncate:
        yield from _list_truncated(scheme, mistakes, text)
    for in_encoding, digest in _list_encodings(scheme.signature.encoding, text):
        name = _HASH_BY_LENGTH.get(len(digest))
        for in_algorithm, make, is_usual in _list_algorithms(scheme.mac, name) if name else ():
            more = () if not scheme.signature.truncate else (_whole(scheme.signature.truncate),)
            yield Code((*mistakes, *in_encoding, *in_algorithm, *more), _compare(make, digest), is_usual=is_usual)


def _whole(truncate: int) -> Mistake:
    return Mistake("the signature is not truncated", f"Send only the first {truncate} characters of the signature.")


def _compare(make: Callable[[bytes, bytes], bytes], sent: bytes) -> Callable[[KeyMaterial, bytes], bool]:
    compare = hmac.compare_digest
    return lambda key, message: compare(make(key, message), sent)  # type: ignore[arg-type]  # list_keys gives bytes


def _list_truncated(scheme: Scheme, mistakes: tuple[Mistake, ...], text: str) -> Iterator[Code]:
    make = compile_sign(scheme.mac, scheme.signature.encoding, scheme.signature.truncate)
    for written in dict.fromkeys((text, text.lower(), text.upper())):
        if len(written) == scheme.signature.truncate and written.isascii():
            case = () if written == text else (_encoding_mistake("hex" if text.islower() else "hex-upper", scheme),)
            yield Code((*mistakes, *case), _compare(make, written.encode()))


def _encoding_mistake(used: Encoding, scheme: Scheme) -> Mistake:
    return _name_encoding(_ENCODING_NAMES[used], scheme.signature.encoding)


def _name_encoding(used: str, wanted: Encoding) -> Mistake:
    return Mistake(f"the signature is {used}", f"Write the signature as {_ENCODING_NAMES[wanted]}.")


def _list_encodings(wanted: Encoding, text: str) -> Iterator[tuple[tuple[Mistake, ...], bytes]]:
    """Decode the text in each way that its characters allow; the decoded bytes are the sender's own."""
    if _HEX.fullmatch(text):
        used: Encoding = "hex" if text == text.lower() else "hex-upper"
        is_right = (wanted == "hex" and text == text.lower()) or (wanted == "hex-upper" and text == text.upper())
        yield () if is_right else (_name_encoding(_ENCODING_NAMES[used], wanted),), bytes.fromhex(text)
    elif _BASE64.fullmatch(text):
        decoded = _decode_base64(text)
        is_padded = len(text) % 4 == 0
        # Without padding, what has neither pair of characters is base64url more often than not.
        is_bare = not is_padded and wanted != "base64" and not set("+/") & set(text)
        used = "base64url" if set("-_") & set(text) or is_bare else "base64"
        is_right = wanted == "base64url" and not set("+/") & set(text)
        is_right = is_right or (wanted == "base64" and used == "base64" and is_padded)
        name = _ENCODING_NAMES[used] if used != wanted else "base64 without padding"
        yield () if is_right else (_name_encoding(name, wanted),), decoded
        inner = decoded.decode("latin-1")
        if _HEX.fullmatch(inner):
            yield (_name_encoding("base64 of the hex text", wanted),), bytes.fromhex(inner)


def _decode_base64(text: str) -> bytes:
    bare = text.rstrip("=").translate(str.maketrans("-_", "+/"))
    try:
        return base64.b64decode(bare + "=" * (-len(bare) % 4))
    except binascii.Error:
        return b""


_Make = Callable[[bytes, bytes], bytes]


def _list_algorithms(mac: str, name: str) -> Iterator[tuple[tuple[Mistake, ...], _Make, bool]]:
    """List the algorithms with a digest of the sent length; `name` is their hash."""
    wanted, shown = _describe(mac), _NAMES[name]
    hash_of, hmac_of = _hash(name), _hmac(name)

    def named(what: str) -> tuple[Mistake, ...]:
        return (Mistake(what, f"Compute the signature with {wanted}."),)

    if mac.startswith("hmac-"):
        yield () if mac == f"hmac-{name}" else named(f"HMAC-{shown}"), hmac_of, True
        yield named(f"{shown} of the secret and the string, not an HMAC"), lambda key, text: hash_of(key + text), False
        yield named(f"{shown} of the string and the secret, not an HMAC"), lambda key, text: hash_of(text + key), False
        yield named(f"a plain {shown} without the secret"), lambda _, text: hash_of(text), False
        yield named("key and string are swapped in the HMAC"), lambda key, text: hmac_of(text, key), False
        return
    twice = mac == "hash2-sha256"
    right = mac == f"hash-{name}"
    yield () if right else named(f"{shown} once" if twice else shown), lambda _, text: hash_of(text), True
    yield () if twice and name == "sha256" else named(f"{shown} twice"), lambda _, text: hash_of(hash_of(text)), False
    yield named(f"HMAC-{shown} with the secret as its key"), hmac_of, True


def _describe(mac: str) -> str:
    kind, _, name = mac.partition("-")
    return f"HMAC-{_NAMES[name]}" if kind == "hmac" else f"{_NAMES[name]}" + (" twice" if kind == "hash2" else "")


def _hash(name: str) -> Callable[[bytes], bytes]:
    make = getattr(hashlib, name)
    return lambda text: bytes(make(text, usedforsecurity=False).digest())


def _hmac(name: str) -> _Make:
    return lambda key, text: hmac.digest(key, text, name)


def _list_asymmetric(scheme: Scheme, mistakes: tuple[Mistake, ...], text: str) -> Iterator[Code]:
    for encoding, name in _ENCODING_NAMES.items():
        match = compile_match(scheme.mac, encoding, 0)
        case = () if encoding == scheme.signature.encoding else (_name_encoding(name, scheme.signature.encoding),)
        yield Code((*mistakes, *case), _verify(match, text.encode("utf-8", "replace")), is_asymmetric=True)


def _verify(
    match: Callable[[KeyMaterial, bytes, list[bytes]], bool], text: bytes
) -> Callable[[KeyMaterial, bytes], bool]:
    return lambda key, message: match(key, message, [text])
