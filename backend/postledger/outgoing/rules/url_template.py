"""URL templates of forwards: a fixed scheme, host and port, and macros after them, each value percent-encoded.

A value can therefore never lead to another host, add a parameter, or leave the folder of the path.
"""

import ipaddress
import re
from collections.abc import Mapping
from types import MappingProxyType
from urllib.parse import quote, urlsplit

import msgspec

from postledger.decoding.parameters import SUB_NAMES

MACROS = (
    "click_id", "transaction_id", "conversion_id", "receipt", "revision", "source", "campaign", "affiliate_id", "event",
    "status", "payout", "currency", "event_time", *SUB_NAMES, "secret",
)  # fmt: skip
MAX_URL_CHARACTERS = 2000
_MACRO = re.compile(r"\{([^{}]*)\}")
# ASCII without space, quote, angle brackets, backslash, caret and pipe.
_URL_CHARACTERS = re.compile(r"[!#-;=?-\[\]_a-z{}~]+")
_UNRESERVED = re.compile(r"[A-Za-z0-9_.~-]*")
_HOST = re.compile(r"[A-Za-z0-9._-]{1,253}")
_LABEL = re.compile(r"[A-Za-z0-9_](?:[A-Za-z0-9_-]{0,61}[A-Za-z0-9_])?")
_BROKEN_ESCAPE = re.compile(r"%(?![0-9A-Fa-f]{2})")
_MOST_SHOWN = 40
_DEFAULT_PORTS = {"http": 80, "https": 443}
_DOTS = (".", "..")


_LISTED = " ".join(f"{{{name}}}" for name in MACROS)


class Text(msgspec.Struct, frozen=True):
    """A text with macros, split at them: `parts` has the texts at even places and the macros at odd ones."""

    parts: tuple[str, ...]

    @classmethod
    def parse(cls, text: str) -> "Text":
        """Split a text at its macros; raises ValueError for an unknown one."""
        parts = tuple(_MACRO.split(text))
        if any("{" in part or "}" in part for part in parts[::2]):
            raise ValueError(f"has a {{ or }} outside of a macro; use them only in {_LISTED}")
        if unknown := [part for part in parts[1::2] if part not in MACROS]:
            raise ValueError(f"has an unknown macro{_show(unknown[0])}; use only {_LISTED}")
        return cls(parts)

    def fill(self, values: Mapping[str, str]) -> str:
        """Replace each macro with its value."""
        return "".join(values[part] if number % 2 else part for number, part in enumerate(self.parts))


class UrlTemplate(msgspec.Struct, frozen=True):
    """A parsed URL template. `host` is without brackets, `origin` is all before the path, `macros` are those in use."""

    scheme: str
    host: str
    port: int
    origin: str
    path: Text
    query: Text | None
    macros: frozenset[str]

    @classmethod
    def parse(cls, url: str) -> "UrlTemplate":
        """Parse and check a template; raises ValueError with the reason and what to do."""
        _check_characters(url)
        scheme, netloc = _split_origin(url)
        host, port = _read_host(netloc), _read_port(scheme, netloc)
        rest = url[len(scheme) + len("://") + len(netloc) :]
        path, mark, query = rest.partition("?")
        if any(segment in _DOTS for segment in path.split("/")):
            raise ValueError('has a path with "." or ".." in it; write the path that they lead to')
        texts = Text.parse(path or "/"), Text.parse(query) if mark else None
        macros = frozenset(macro for text in texts if text for macro in text.parts[1::2])
        return cls(scheme, host, port, f"{scheme}://{netloc}", *texts, macros)

    def fill(self, values: Mapping[str, str], shown: Mapping[str, str] = MappingProxyType({})) -> str:
        """Fill path and query with values, percent-encoded, or as they are if `shown` has them.

        A segment of the path that would lead up becomes empty.
        """
        encoded = {name: shown.get(name) or _encode(values[name]) for name in self.macros}
        path = "/".join("" if part in _DOTS else part for part in self.path.fill(encoded).split("/"))
        return path if self.query is None else f"{path}?{self.query.fill(encoded)}"


def _encode(value: str) -> str:
    return value if _UNRESERVED.fullmatch(value) else quote(value, safe="")


def _show(macro: str) -> str:
    return f", {{{macro}}}" if macro.isprintable() and len(macro) <= _MOST_SHOWN else ""


def _check_characters(url: str) -> None:
    if not url or len(url) > MAX_URL_CHARACTERS:
        raise ValueError(f"must be a URL of 1 to {MAX_URL_CHARACTERS} characters")
    if not _find_netloc(url).isascii():
        raise ValueError("has a host with letters that are not ASCII; write the host in its xn-- form")
    if not _URL_CHARACTERS.fullmatch(url):
        raise ValueError("has a character that no URL can contain; percent-encode it")
    if _BROKEN_ESCAPE.search(url):
        raise ValueError("has a % without two hexadecimal digits behind it; write % as %25")
    if "#" in url:
        raise ValueError('has a fragment, which is never sent; remove it, or write "#" as %23')


def _find_netloc(url: str) -> str:
    return re.split(r"[/?]", url.partition("://")[2], maxsplit=1)[0]


def _split_origin(url: str) -> tuple[str, str]:
    scheme, separator, _ = url.partition("://")
    if not separator or scheme.lower() not in _DEFAULT_PORTS:
        raise ValueError("must begin with http:// or https://, in plain text")
    netloc = _find_netloc(url)
    if "{" in netloc or "}" in netloc:
        raise ValueError("has a macro in its host or port, which must be fixed; use macros only after them")
    if "@" in netloc:
        raise ValueError("has a user or password, which is never sent; use {secret} in the path or the query")
    return scheme.lower(), netloc


def _read_host(netloc: str) -> str:
    host = urlsplit(f"//{netloc}").hostname if _is_well_formed(netloc) else None
    if not host:
        raise ValueError("must have a host after http:// or https://, such as https://track.example/postback")
    if ":" not in host and not all(map(_LABEL.fullmatch, host.removesuffix(".").split("."))):
        raise ValueError("has a host that cannot exist: each part has 1 to 63 characters, and no - at its ends")
    return host


def _is_well_formed(netloc: str) -> bool:
    if netloc.startswith("["):
        address, bracket, port = netloc[1:].partition("]")
        return bool(bracket) and _is_ipv6(address) and (not port or port.startswith(":"))
    return _HOST.fullmatch(netloc.partition(":")[0]) is not None


def _is_ipv6(text: str) -> bool:
    try:
        ipaddress.IPv6Address(text)
    except ValueError:
        return False
    return "%" not in text


def _read_port(scheme: str, netloc: str) -> int:
    try:
        port = urlsplit(f"//{netloc}").port
    except ValueError:
        port = 0
    if port == 0:
        raise ValueError("has a port that does not exist; use 1 to 65535")
    return _DEFAULT_PORTS[scheme] if port is None else port
