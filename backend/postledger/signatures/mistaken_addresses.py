"""The addresses that a sender may have signed by mistake: with another scheme, host or path, or without the query."""

import re
from collections.abc import Iterator, Sequence
from urllib.parse import quote

from postledger.signatures.examination import Examined
from postledger.signatures.mistake import Mistake
from postledger.signatures.mistaken_queries import Variant
from postledger.signatures.signature_input import decode_text

_PORT = re.compile(rb":[0-9]+\Z")
_SANDBOX, _PRODUCTION = b"/sandbox/postback", b"/tracking/postback"
_ADVICE_URL = "Sign the address exactly as it is sent: scheme, host, path and query without the signature."
_ADVICE_QUERY = "Sign only the query string, without the path and the host."
_ADVICE_PLACE = "Sign the address to which you send: the sandbox and production have different paths."


def vary_address(attempt: Examined, parts: Sequence[bytes], *, is_path: bool) -> Iterator[Variant]:
    """List the addresses. They are mistakes of their own kind for a scheme that signs the address itself."""
    signs_address = "{url}" in attempt.scheme.message or "{path}" in attempt.scheme.message
    query = b"&".join(parts)
    for path, place in _list_paths(attempt):
        if is_path:
            if place is not None:
                yield place, path, True
            continue
        for what, origin in _list_origins(attempt):
            if signs_address:
                mistake = place or Mistake(f"the address is signed {what}", _ADVICE_URL)
            else:
                mistake = Mistake(f"the whole address is signed, {what}, not the query", _ADVICE_QUERY)
            yield mistake, origin + path + b"?" + query, what in ("as it is known", "with the host as it was sent")
        mistake = place or Mistake("the path and ? are signed in front of the query", _ADVICE_QUERY)
        if signs_address:
            mistake = Mistake("the path and the query are signed without the host", _ADVICE_URL)
        yield mistake, path + b"?" + query, True
    if signs_address and not is_path:
        yield from _cut(attempt, query)


def _list_paths(attempt: Examined) -> Iterator[tuple[bytes, Mistake | None]]:
    sent = attempt.sent.request.path
    own = attempt.public_url.path.encode() if attempt.public_url else b""
    yield own or sent, None
    if sent.startswith(_SANDBOX):
        yield _PRODUCTION + sent.removeprefix(_SANDBOX), Mistake("the address of production is signed", _ADVICE_PLACE)
    elif sent.startswith(b"/sandbox/"):
        yield sent.removeprefix(b"/sandbox"), Mistake("the address of production is signed", _ADVICE_PLACE)
    else:
        yield _SANDBOX + sent.removeprefix(_PRODUCTION), Mistake("the address of the sandbox is signed", _ADVICE_PLACE)
        yield b"/sandbox" + sent, Mistake("the address of the sandbox is signed", _ADVICE_PLACE)
    slash = Mistake("the path is signed with another slash at its end", _ADVICE_URL)
    yield sent.removesuffix(b"/") if sent.endswith(b"/") else sent + b"/", slash


def _list_origins(attempt: Examined) -> Iterator[tuple[str, bytes]]:
    public, headers = attempt.public_url, attempt.sent.request.headers
    host = headers.get("x-edge-host") or headers.get("host", "")  # the edge replaces Host; a pasted request has its own
    if public is not None:
        yield "as it is known", public.origin("as-is").encode()
        yield "without its port", public.origin("without-port").encode()
        yield "with its port", public.origin("with-port").encode()
        yield "without https://", public.authority.encode()
        yield "with http:// in place of https://", b"http://" + public.authority.encode()
    if host and len(host) <= 255:
        sent = host.encode("latin-1", "replace")
        yield "with the host as it was sent", b"https://" + sent
        yield "with the host as it was sent and http://", b"http://" + sent
        yield "with the host as it was sent, without https://", sent
        if bare := _without_port(sent):
            yield "with the host as it was sent, without its port", b"https://" + bare
            yield "with the host as it was sent and http://, without its port", b"http://" + bare
            yield "with the host as it was sent, without https:// and its port", bare


def _without_port(host: bytes) -> bytes:
    """Return a host without its port; empty if it has none. The colons of an IPv6 address are in brackets."""
    found = _PORT.search(host)
    return host[: found.start()] if found else b""


def _cut(attempt: Examined, query: bytes) -> Iterator[Variant]:
    address = attempt.sent.url.encode() + attempt.sent.request.path
    yield Mistake("only the query is signed, not the address", _ADVICE_URL), query, True
    yield Mistake("the address is signed without the query", _ADVICE_URL), address, True
    yield Mistake("the decoded address is signed", _ADVICE_URL), decode_text(address + b"?" + query, "form"), True
    yield Mistake("the decoded address is signed", _ADVICE_URL), decode_text(address + b"?" + query, "pct"), True
    whole = address + b"?" + query
    yield (
        Mistake("the whole address is percent-encoded before it is signed", _ADVICE_URL),
        quote(whole, safe="").encode(),
        False,
    )
    yield Mistake("the address is signed with & at its end", _ADVICE_URL), whole + b"&", False
    name = attempt.scheme.signature.name.encode()
    yield (
        Mistake("the address is signed with the empty signature at its end", _ADVICE_URL),
        whole + b"&" + name + b"=",
        False,
    )
    yield Mistake("the address is signed in small letters", _ADVICE_URL), whole.lower(), False
