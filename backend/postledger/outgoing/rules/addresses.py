"""Refuses addresses that a forward must not connect to, so that it cannot reach the operator's own network.

The networks are those of IANA's registries of special-purpose addresses, listed here because Python's own properties of
an address differ between its releases.
"""

import re
import socket
from enum import StrEnum
from ipaddress import IPv4Address, IPv4Network, IPv6Address, IPv6Network, ip_address, ip_network

_LOWEST_FREE_PORT = 1024
_WEB_PORTS = (80, 443)


class Blocked(StrEnum):
    """Why a connection is refused. The list is closed."""

    METADATA = "metadata"
    LOOPBACK = "loopback"
    PRIVATE = "private"
    LINK_LOCAL = "link_local"
    SHARED = "shared"
    MULTICAST = "multicast"
    UNSPECIFIED = "unspecified"
    EMBEDDED_IPV4 = "embedded_ipv4"
    RESERVED = "reserved"
    ODD_ADDRESS = "odd_address"
    PORT = "port"


DESCRIPTIONS = {
    Blocked.METADATA: "the metadata service of a cloud",
    Blocked.LOOPBACK: "a loopback address",
    Blocked.PRIVATE: "a private address",
    Blocked.LINK_LOCAL: "a link-local address",
    Blocked.SHARED: "a shared address of a provider (CGNAT)",
    Blocked.MULTICAST: "a multicast address",
    Blocked.UNSPECIFIED: "an unspecified address",
    Blocked.EMBEDDED_IPV4: "an IPv4 address inside an IPv6 address",
    Blocked.RESERVED: "a reserved address",
    Blocked.ODD_ADDRESS: "an unusual spelling of an address",
    Blocked.PORT: "a port below 1024 other than 80 and 443",
}
"""Each reason in words, for messages."""

# fmt: off
_V4 = {
    Blocked.METADATA: ("169.254.169.254", "169.254.170.2", "100.100.100.200", "168.63.129.16", "192.0.0.192"),
    Blocked.UNSPECIFIED: ("0.0.0.0/8",),
    Blocked.LOOPBACK: ("127.0.0.0/8",),
    Blocked.PRIVATE: ("10.0.0.0/8", "172.16.0.0/12", "192.168.0.0/16"),
    Blocked.LINK_LOCAL: ("169.254.0.0/16",),
    Blocked.SHARED: ("100.64.0.0/10",),
    Blocked.MULTICAST: ("224.0.0.0/4",),
    # The last three are for documentation.
    Blocked.RESERVED: (
        "192.0.0.0/24", "192.88.99.0/24", "198.18.0.0/15", "240.0.0.0/4",
        "192.0.2.0/24", "198.51.100.0/24", "203.0.113.0/24",
    ),
}
# fmt: on
_V6 = {
    Blocked.METADATA: ("fd00:ec2::254", "fd20:ce::254"),
    Blocked.UNSPECIFIED: ("::",),
    Blocked.LOOPBACK: ("::1",),
    # IPv4-compatible, -mapped and -translated addresses, NAT64 for private use, Teredo, 6to4.
    Blocked.EMBEDDED_IPV4: ("::/96", "::ffff:0:0/96", "::ffff:0:0:0/96", "64:ff9b:1::/48", "2001::/32", "2002::/16"),
    Blocked.PRIVATE: ("fc00::/7", "fec0::/10"),
    Blocked.LINK_LOCAL: ("fe80::/10",),
    Blocked.MULTICAST: ("ff00::/8",),
    Blocked.RESERVED: ("2001::/23", "2001:db8::/32", "3fff::/20"),  # the last two are for documentation
}
_V4_NETWORKS = [(IPv4Network(text), reason) for reason, listed in _V4.items() for text in listed]
_V6_NETWORKS = [(IPv6Network(text), reason) for reason, listed in _V6.items() for text in listed]
_V6_IN_USE = IPv6Network("2000::/3")
_NAT64 = ip_network("64:ff9b::/96")
"""Networks without IPv4 reach all of it through these addresses, so the address inside decides."""
_PLAIN_IPV4 = re.compile(r"(?:0|[1-9][0-9]{0,2})(?:\.(?:0|[1-9][0-9]{0,2})){3}")
_ENDS_IN_NUMBER = re.compile(r"(?:.*\.)?(?:[0-9]+|0[xX][0-9a-fA-F]*)\.?")


def refuse_address(address: str, port: int, *, allow_private: bool) -> Blocked | None:
    """Return why an address that a name resolved to must not be connected to, or None. It takes no names."""
    try:
        parsed = ip_address(address.partition("%")[0])
    except ValueError:
        return Blocked.ODD_ADDRESS
    return None if allow_private else _refuse(parsed) or _refuse_port(port)


def refuse_literal(host: str, port: int, *, allow_private: bool) -> Blocked | None:
    """Return why the host of a URL is refused without resolving it, or None: a name, or an address that is allowed."""
    if not is_address(host):
        return None if allow_private else _refuse_port(port)
    if ":" not in host and not _PLAIN_IPV4.fullmatch(host):
        return Blocked.ODD_ADDRESS
    return refuse_address(host, port, allow_private=allow_private)


def is_address(host: str) -> bool:
    """Return whether resolvers read a host as an address: IPv6, or each way to write IPv4, such as 0x7f.1."""
    return ":" in host or _ENDS_IN_NUMBER.fullmatch(host) is not None


def spell_plainly(host: str) -> str | None:
    """Return the usual spelling of an address that is spelt unusually; None if it is no address at all."""
    try:
        return socket.inet_ntoa(socket.inet_aton(host.removesuffix(".")))
    except OSError:
        return None


def _refuse_port(port: int) -> Blocked | None:
    return Blocked.PORT if port < _LOWEST_FREE_PORT and port not in _WEB_PORTS else None


def _refuse(address: IPv4Address | IPv6Address) -> Blocked | None:
    if isinstance(address, IPv4Address):
        return next((reason for network, reason in _V4_NETWORKS if address in network), None)
    if address in _NAT64:
        return _refuse(IPv4Address(int(address) & 0xFFFFFFFF))
    found = next((reason for network, reason in _V6_NETWORKS if address in network), None)
    return found or (None if address in _V6_IN_USE else Blocked.RESERVED)
