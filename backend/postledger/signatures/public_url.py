"""The address as the sender knows it: what profiles sign that cover the URL.

It comes from the configuration, never from the request's own Host, which anybody can choose.
"""

from urllib.parse import urlsplit

import msgspec

from postledger.signatures.profile_schema import UrlForm

_PORTS = {"https": 443, "http": 80}


class Address(msgspec.Struct, frozen=True):
    """A public address: `https://host[:port]`, with a path where senders know another one than ours."""

    scheme: str
    host: str
    port: int | None
    path: str

    def origin(self, form: UrlForm) -> str:
        """Write scheme, host and port; a sender may add the usual port, or leave every port out."""
        port = {"as-is": self.port, "without-port": None, "with-port": self.port or _PORTS[self.scheme]}[form]
        return f"{self.scheme}://{self.host}" + (f":{port}" if port else "")

    @property
    def authority(self) -> str:
        """Host and port, the usual port left out."""
        is_usual = self.port in (None, _PORTS[self.scheme])
        return self.host if is_usual else f"{self.host}:{self.port}"


def read_address(text: str) -> Address:
    """Read an address without query; ValueError where it is none."""
    parts = urlsplit(text)
    port, host = parts.port, parts.hostname
    if parts.scheme not in _PORTS or not host or parts.query or parts.fragment or "@" in parts.netloc or "?" in text:
        raise ValueError("not an address such as https://track.example.com")
    if not text.isascii() or not text.isprintable() or " " in text or port == 0:
        raise ValueError("an address has characters that none can have")
    shown = f"[{host}]" if ":" in host else host
    return Address(parts.scheme, shown, port, "" if parts.path == "/" else parts.path)
