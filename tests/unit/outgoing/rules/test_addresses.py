"""Addresses that a forward never connects to, each with the reason."""

from ipaddress import IPv4Address, IPv4Network, IPv6Address

import pytest
from hypothesis import given
from hypothesis import strategies as st

from postledger.outgoing.rules.addresses import DESCRIPTIONS, Blocked, is_address, refuse_address, refuse_literal


@pytest.mark.parametrize(
    ("address", "reason"),
    [
        ("169.254.169.254", Blocked.METADATA),
        ("169.254.170.2", Blocked.METADATA),
        ("100.100.100.200", Blocked.METADATA),
        ("168.63.129.16", Blocked.METADATA),
        ("fd00:ec2::254", Blocked.METADATA),
        ("127.0.0.1", Blocked.LOOPBACK),
        ("127.255.255.254", Blocked.LOOPBACK),
        ("::1", Blocked.LOOPBACK),
        ("10.0.0.1", Blocked.PRIVATE),
        ("172.16.0.1", Blocked.PRIVATE),
        ("172.31.255.255", Blocked.PRIVATE),
        ("192.168.1.1", Blocked.PRIVATE),
        ("fc00::1", Blocked.PRIVATE),
        ("fdff::1", Blocked.PRIVATE),
        ("fec0::1", Blocked.PRIVATE),
        ("169.254.1.1", Blocked.LINK_LOCAL),
        ("fe80::1", Blocked.LINK_LOCAL),
        ("fe80::1%eth0", Blocked.LINK_LOCAL),
        ("100.64.0.1", Blocked.SHARED),
        ("100.127.255.255", Blocked.SHARED),
        ("224.0.0.1", Blocked.MULTICAST),
        ("ff02::1", Blocked.MULTICAST),
        ("0.0.0.0", Blocked.UNSPECIFIED),  # noqa: S104 - nothing is bound to it
        ("0.1.2.3", Blocked.UNSPECIFIED),
        ("::", Blocked.UNSPECIFIED),
        ("::ffff:10.0.0.1", Blocked.EMBEDDED_IPV4),
        ("::ffff:8.8.8.8", Blocked.EMBEDDED_IPV4),
        ("::ffff:0:127.0.0.1", Blocked.EMBEDDED_IPV4),
        ("::127.0.0.1", Blocked.EMBEDDED_IPV4),
        ("2002:7f00:1::", Blocked.EMBEDDED_IPV4),
        ("2001:0:4136:e378:8000:63bf:3fff:fdd2", Blocked.EMBEDDED_IPV4),
        ("64:ff9b:1::1", Blocked.EMBEDDED_IPV4),
        ("64:ff9b::127.0.0.1", Blocked.LOOPBACK),
        ("64:ff9b::a9fe:a9fe", Blocked.METADATA),
        ("192.0.0.8", Blocked.RESERVED),
        ("198.18.0.1", Blocked.RESERVED),
        ("240.0.0.1", Blocked.RESERVED),
        ("255.255.255.255", Blocked.RESERVED),
        ("192.0.2.1", Blocked.RESERVED),
        ("198.51.100.1", Blocked.RESERVED),
        ("203.0.113.1", Blocked.RESERVED),
        ("2001:db8::1", Blocked.RESERVED),
        ("3fff::1", Blocked.RESERVED),
        ("100::1", Blocked.RESERVED),
        ("4000::1", Blocked.RESERVED),
    ],
)
def test_an_address_inside_is_refused_with_its_reason(address: str, reason: Blocked) -> None:
    assert refuse_address(address, 443, allow_private=False) is reason
    assert refuse_address(address, 443, allow_private=True) is None


@pytest.mark.parametrize(
    "address", ["93.184.216.34", "172.32.0.1", "100.128.0.1", "2606:2800:220:1::1", "64:ff9b::808:808"]
)
def test_a_public_address_is_allowed(address: str) -> None:
    assert refuse_address(address, 443, allow_private=False) is None


@pytest.mark.parametrize(
    ("port", "reason"), [(80, None), (443, None), (1024, None), (22, Blocked.PORT), (1023, Blocked.PORT)]
)
def test_a_low_port_is_refused_except_80_and_443(port: int, reason: Blocked | None) -> None:
    assert refuse_address("93.184.216.34", port, allow_private=False) is reason
    assert refuse_literal("track.example", port, allow_private=False) is reason
    assert refuse_literal("track.example", port, allow_private=True) is None


@pytest.mark.parametrize(
    "host",
    [
        "0x7f.1",
        "0x7f000001",
        "2130706433",
        "017700000001",
        "127.1",
        "0177.0.0.1",
        "127.0.0.1.",
        "1.2.3.256",
        "010.0.0.1",
    ],
)
@pytest.mark.parametrize("allow_private", [True, False])
def test_an_odd_spelling_of_an_address_is_refused(host: str, allow_private: bool) -> None:
    assert is_address(host)
    assert refuse_literal(host, 80, allow_private=allow_private) is Blocked.ODD_ADDRESS


@pytest.mark.parametrize("host", ["track.example", "3com.example", "127.0.0.1.example", "0x7f.example.", "a-1"])
def test_a_name_is_no_address(host: str) -> None:
    assert not is_address(host)
    assert refuse_literal(host, 443, allow_private=False) is None


def test_a_literal_address_is_refused_like_one_that_was_resolved() -> None:
    assert refuse_literal("::ffff:10.0.0.1", 80, allow_private=False) is Blocked.EMBEDDED_IPV4
    assert refuse_literal("10.0.0.1", 80, allow_private=False) is Blocked.PRIVATE
    assert refuse_literal("10.0.0.1", 80, allow_private=True) is None


@pytest.mark.parametrize("allow_private", [True, False])
def test_what_is_no_address_is_refused(allow_private: bool) -> None:
    assert refuse_address("track.example", 443, allow_private=allow_private) is Blocked.ODD_ADDRESS


def test_each_reason_has_words() -> None:
    assert set(DESCRIPTIONS) == set(Blocked)


_INSIDE = ("10.0.0.0/8", "127.0.0.0/8", "169.254.0.0/16", "192.168.0.0/16", "100.64.0.0/10")


def _list_inside(network: IPv4Network) -> st.SearchStrategy[IPv4Address]:
    return st.integers(int(network[0]), int(network[-1])).map(IPv4Address)


_ADDRESSES_INSIDE = st.sampled_from(_INSIDE).map(IPv4Network).flatmap(_list_inside)


@given(st.ip_addresses())
def test_no_address_is_allowed_that_is_not_global(address: IPv4Address | IPv6Address) -> None:
    assert address.is_global or refuse_address(str(address), 443, allow_private=False)


@given(_ADDRESSES_INSIDE)
def test_no_form_of_ipv6_hides_an_address_inside(inside: IPv4Address) -> None:
    number = int(inside)
    forms = [
        number,
        0xFFFF << 32 | number,
        0xFFFF << 48 | number,
        0x64FF9B << 96 | number,
        0x2002 << 112 | number << 80 | 1,
        0x20010000 << 96 | 0x5DB8D822 << 64 | (number ^ 0xFFFFFFFF),
    ]

    assert all(refuse_address(str(IPv6Address(form)), 443, allow_private=False) for form in forms)


@given(_ADDRESSES_INSIDE, st.sampled_from(["{}", "{:#x}", "0{:o}"]))
def test_no_spelling_of_a_number_hides_an_address_inside(inside: IPv4Address, form: str) -> None:
    assert refuse_literal(form.format(int(inside)), 80, allow_private=False) is Blocked.ODD_ADDRESS
