"""The public URL of this deployment, as senders know it. Profiles that sign the URL need it.

It comes from the configuration and never from the Host header, because a client can send any Host.
"""

from urllib.parse import urlsplit

import msgspec

from postledger.signatures.profile_schema import UrlForm

_PORTS = {"https": 443, "http": 80}


class PublicUrl(msgspec.Struct, frozen=True):
    """`https://host[:port][/path]`; the path is set if senders use another path than the edge's."""

    scheme: str
    host: str
    port: int | None
    path: str

    def origin(self, form: UrlForm) -> str:
        """Write scheme, host and port; some senders add the default port, others remove every port."""
        port = {"as-is": self.port, "without-port": None, "with-port": self.port or _PORTS[self.scheme]}[form]
        return f"{self.scheme}://{self.host}" + (f":{port}" if port else "")

    @property
    def authority(self) -> str:
        """Host and port, without a default port."""
        is_default = self.port in (None, _PORTS[self.scheme])
        return self.host if is_default else f"{self.host}:{self.port}"


def read_public_url(text: str) -> PublicUrl:
    """Read a URL without query; raises ValueError."""
    parts = urlsplit(text)
    port, host = parts.port, parts.hostname
    if parts.scheme not in _PORTS or not host or parts.query or parts.fragment or "@" in parts.netloc or "?" in text:
        raise ValueError("not a URL such as https://track.example.com")
    if not text.isascii() or not text.isprintable() or " " in text or port == 0:
        raise ValueError("characters that no URL can have")
    shown = f"[{host}]" if ":" in host else host
    return PublicUrl(parts.scheme, shown, port, "" if parts.path == "/" else parts.path)
