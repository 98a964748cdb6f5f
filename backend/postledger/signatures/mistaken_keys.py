"""The keys that a sender may have used by mistake. Each depends on the whole secret, or on no secret at all."""

import base64
import hashlib
from collections.abc import Iterator, Sequence
from urllib.parse import quote

import msgspec

from postledger.signatures.algorithms import ASYMMETRIC
from postledger.signatures.examination import read_keys
from postledger.signatures.keys import KeyMaterial, read_key
from postledger.signatures.mistake import Mistake
from postledger.signatures.profile_schema import KeyForm, Scheme
from postledger.signatures.secret_key import Key

_WHSEC = "whsec_"
_KEY_ADVICE = "Use the secret exactly as the operator gave it, without a line break, blanks or quotes."
_FORM_ADVICE: dict[KeyForm, str] = {
    "utf8": "Use the whole text of the secret as the key; remove nothing from it, and do not decode it.",
    "base64": "Decode the secret from base64 and use the bytes as the key.",
    "hex": "Decode the secret from hex and use the bytes as the key.",
    "whsec": "Decode what follows whsec_ from base64 and use the bytes as the key; use any other secret as text.",
}

RETIRED = Mistake(
    "a retired secret of this source", "Replace the retired secret by the current one; ask the operator for it."
)
EMPTY = Mistake("an empty key", "Check the setting that holds the secret: the program signs with an empty key.")
KNOWN_WRONG = Mistake(
    "a key that is no secret, such as the slug, the partner token or the word null",
    "Sign with the secret of the source, not with its slug, the partner token or a placeholder.",
)
_PLACEHOLDERS = ("undefined", "null", "None", "nil", "secret", "SECRET", "YOUR_SECRET", "changeme")


class KeyVariant(msgspec.Struct, frozen=True):
    """A key that may have been used. Only usual ones are combined with wrong messages."""

    mistakes: tuple[Mistake, ...]
    material: KeyMaterial
    is_usual: bool = True


def list_keys(scheme: Scheme, keys: Sequence[Key], retired: Sequence[str], known: Sequence[str]) -> list[KeyVariant]:
    """List the right keys, then the wrong ones; none twice. An asymmetric scheme has only the right ones."""
    right = [KeyVariant((), material) for _, material in read_keys(scheme, keys)]
    if scheme.mac in ASYMMETRIC:
        return right
    wrong = [variant for key in keys for variant in _vary(scheme.key, key.secret)]
    old = list(_list_retired(scheme.key, retired))
    texts = dict.fromkeys((*known, *_PLACEHOLDERS))
    others = [KeyVariant((EMPTY,), b""), *(KeyVariant((KNOWN_WRONG,), text.encode(), is_usual=False) for text in texts)]
    return _drop_equal([*right, *old, *wrong, *others])


def _drop_equal(variants: Sequence[KeyVariant]) -> list[KeyVariant]:
    found: dict[KeyMaterial, KeyVariant] = {}
    for variant in sorted(variants, key=lambda one: len(one.mistakes)):
        found.setdefault(variant.material, variant)
    return list(found.values())


def _list_retired(form: KeyForm, retired: Sequence[str]) -> Iterator[KeyVariant]:
    for secret in retired:
        material = _read(form, secret)
        if material is not None:
            yield KeyVariant((RETIRED,), material)
        for variant in _vary(form, secret):
            yield KeyVariant((RETIRED, *variant.mistakes), variant.material, variant.is_usual)


def _read(form: KeyForm, secret: str) -> bytes | None:
    try:
        material = read_key(form, secret)
    except ValueError:
        return None
    return material if isinstance(material, bytes) else None


def _vary(form: KeyForm, secret: str) -> Iterator[KeyVariant]:
    for what, other in _list_forms(form, secret):  # first: of equal keys, the first one gives the name
        yield KeyVariant((Mistake(what, _FORM_ADVICE[form]),), other)
    for what, text in _list_texts(secret):
        if text == secret:
            continue
        material = _read(form, text)
        for key in dict.fromkeys(one for one in (material, text.encode("utf-8", "replace")) if one is not None):
            yield KeyVariant((Mistake(what, _KEY_ADVICE),), key, is_usual=what.startswith("a line break behind"))
    for what, text in _list_derived(secret):
        yield KeyVariant((Mistake(what, _FORM_ADVICE[form]),), text.encode(), is_usual=False)


def _list_texts(secret: str) -> Iterator[tuple[str, str]]:
    """List the secret with characters around it that do not belong to it."""
    yield "a line break behind the secret", f"{secret}\n"
    yield "a line break (CRLF) behind the secret", f"{secret}\r\n"
    yield "a blank behind the secret", f"{secret} "
    yield "a blank in front of the secret", f" {secret}"
    yield "double quotes around the secret", f'"{secret}"'
    yield "single quotes around the secret", f"'{secret}'"
    yield "v1, in front of the secret", f"v1,{secret}"
    yield "v1, and whsec_ in front of the secret", f"v1,{_WHSEC}{secret.removeprefix(_WHSEC)}"
    yield "the secret percent-encoded", quote(secret, safe="")


def _list_forms(form: KeyForm, secret: str) -> Iterator[tuple[str, bytes]]:
    """List the secret read in another form than the profile's."""
    bare = secret.removeprefix(_WHSEC)
    if secret != bare:
        yield "whsec_ kept in the key: the whole text is used, not decoded", secret.encode("utf-8", "replace")
        is_text = form == "utf8"  # then nothing is decoded: whsec_ is a part of the key
        what = "whsec_ is removed from the key" if is_text else "the text behind whsec_ is used as the key, not decoded"
        yield what, bare.encode("utf-8", "replace")
        decoded = "whsec_ is removed and the rest is decoded from base64"
    else:
        yield "the text of the secret is used as the key, not decoded", secret.encode("utf-8", "replace")
        yield "whsec_ in front of the secret", f"{_WHSEC}{secret}".encode("utf-8", "replace")
        decoded = "the secret is decoded from base64"
    for what, other in ((decoded, "base64"), ("the secret is decoded from hex", "hex")):
        material = _read("base64" if other == "base64" else "hex", bare)
        if material:
            yield what, material


def _list_derived(secret: str) -> Iterator[tuple[str, str]]:
    for text in dict.fromkeys((secret, secret.removeprefix(_WHSEC))):
        raw = text.encode("utf-8", "replace")
        yield "the hex of the secret is used as the key", raw.hex()
        yield "the base64 of the secret is used as the key", base64.b64encode(raw).decode()
        yield "the base64url of the secret is used as the key", base64.urlsafe_b64encode(raw).rstrip(b"=").decode()
        yield "the SHA-256 of the secret is used as the key", hashlib.sha256(raw).hexdigest()
        yield "the MD5 of the secret is used as the key", hashlib.md5(raw, usedforsecurity=False).hexdigest()
