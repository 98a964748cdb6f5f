"""The allowlist against Python's `ipaddress`: the shipped Lua, run by plain Lua on tens of thousands of cases."""

import random
from ipaddress import IPv4Address, IPv4Network, IPv6Address, IPv6Network, ip_address, ip_network

import pytest

from tests.edge.plain_lua import run_lua

MAPPED = int(IPv6Address("::ffff:0.0.0.0"))
SEED = 20261122

Network = IPv4Network | IPv6Network
Address = IPv4Address | IPv6Address

# Reads lines: "list N1 N2 …" compiles, "ask HEX" answers y or n, "read TEXT" answers with the bytes or "none".
PROGRAM = r"""
local allowlist, address = require("postledger.allowlist"), require("postledger.address")
local function bytes(hex) return (hex:gsub("%x%x", function(pair) return string.char(tonumber(pair, 16)) end)) end
local list
for line in io.lines() do
    local word, rest = line:match("^(%S+) ?(.*)$")
    if word == "list" then
        local networks = {}
        for network in rest:gmatch("%S+") do networks[#networks + 1] = network end
        list = allowlist.compile(networks)
        print(list and "good" or "bad")
    elseif word == "ask" then
        print(allowlist.allows(list, address.plain(bytes(rest))) and "y" or "n")
    else
        local read = address.read(rest)
        print(read and read:gsub(".", function(one) return ("%02x"):format(one:byte()) end) or "none")
    end
end
"""


def ask_lua(lines: list[str]) -> list[str]:
    """The answers of the shipped modules, one for each line."""
    return run_lua(PROGRAM, stdin="\n".join(lines) + "\n")


def dice() -> random.Random:
    """The same throws in every run: a case that failed must fail again."""
    return random.Random(SEED)  # noqa: S311 - nothing here is secret


def random_address(chance: random.Random) -> Address:
    if chance.random() < 0.5:
        return IPv4Address(chance.getrandbits(32))
    if chance.random() < 0.3:
        return IPv6Address(MAPPED + chance.getrandbits(32))
    # Few different groups, so that networks and addresses meet, and runs of zeros come.
    groups = [chance.choice([0, 0, 0, 1, 0x2001, 0xDB8, 0xFFFF, chance.getrandbits(16)]) for _ in range(8)]
    return IPv6Address(sum(group << 16 * index for index, group in enumerate(groups)))


def random_network(chance: random.Random) -> Network:
    address = random_address(chance)
    bits = chance.randint(0 if chance.random() < 0.02 else 8, address.max_prefixlen)
    return ip_network((address, bits), strict=False)


def near(network: Network, chance: random.Random) -> Address:
    """An address in the network, at its edges, or just beyond them."""
    first, last = int(network.network_address), int(network.broadcast_address)
    value = chance.choice([first, last, first - 1, last + 1, chance.randint(first, last)])
    kind = type(network.network_address)
    return kind(max(0, min(value, 2**network.max_prefixlen - 1)))


def plain(address: Address) -> Address:
    return (address.ipv4_mapped or address) if isinstance(address, IPv6Address) else address


def plain_network(network: Network) -> Network:
    if isinstance(network, IPv6Network) and network.prefixlen >= 96 and network.network_address.ipv4_mapped:
        return IPv4Network((network.network_address.ipv4_mapped, network.prefixlen - 96))
    return network


def is_allowed(address: Address, networks: list[Network]) -> bool:
    return not networks or any(plain(address) in plain_network(network) for network in networks)


def test_random_lists_and_addresses_are_judged_as_python_judges_them() -> None:
    chance = dice()
    lines: list[str] = []
    expected: list[str] = []
    for _ in range(1_500):
        networks = [random_network(chance) for _ in range(chance.choice([0, 1, 2, 5, 20]))]
        lines.append("list " + " ".join(map(str, networks)))
        expected.append("good")
        for _ in range(30):
            there_is_one = networks and chance.random() < 0.8
            address = near(chance.choice(networks), chance) if there_is_one else random_address(chance)
            lines.append(f"ask {address.packed.hex()}")
            expected.append("y" if is_allowed(address, networks) else "n")

    answers = ask_lua(lines)

    wrong = [line for line, answer, right in zip(lines, answers, expected, strict=True) if answer != right]
    assert wrong == []
    assert expected.count("y") > 5_000
    assert expected.count("n") > 5_000


def spelled(address: Address, chance: random.Random) -> str:
    """One of the ways to write an address."""
    if isinstance(address, IPv4Address):
        return str(address)
    tail = str(IPv4Address(int(address) % 2**32))
    whole = address.exploded.split(":")
    return chance.choice([str(address), address.exploded, str(address).upper(), ":".join([*whole[:6], tail])])


def damaged(text: str, chance: random.Random) -> str:
    at = chance.randrange(len(text))
    return chance.choice([text[:at] + text[at + 1 :], text[:at] + chance.choice(":.0fg/%1") + text[at:], text + ":"])


def test_addresses_are_read_and_refused_as_python_does_it() -> None:
    chance = dice()
    texts = [spelled(random_address(chance), chance) for _ in range(10_000)]
    texts += [damaged(text, chance) for text in texts]
    texts = [text for text in texts if "%" not in text]  # a zone names an interface of this machine, never a sender

    answers = ask_lua([f"read {text}" for text in texts])

    wrong = [(text, answer) for text, answer in zip(texts, answers, strict=True) if answer != read_by_python(text)]
    assert wrong == []


def read_by_python(text: str) -> str:
    try:
        return ip_address(text).packed.hex()
    except ValueError:
        return "none"


def test_an_address_is_found_in_ten_thousand_networks() -> None:
    chance = dice()
    networks: list[Network] = [IPv4Network((chance.getrandbits(24) << 8, 24)) for _ in range(10_000)]
    addresses = [near(network, chance) for network in networks]

    answers = ask_lua(["list " + " ".join(map(str, networks)), *[f"ask {one.packed.hex()}" for one in addresses]])

    held = {int(network.network_address) >> 8 for network in networks}
    assert answers[1:] == ["y" if int(one) >> 8 in held else "n" for one in addresses]


def test_compiling_a_long_list_yields_between_two_networks() -> None:
    steps = run_lua("""
        local list, steps = {}, 0
        for number = 1, 200 do list[number] = "10.0.0." .. number end
        require("postledger.allowlist").compile(list, function() steps = steps + 1 end)
        print(steps)""")

    assert int(steps[0]) >= 200


@pytest.mark.parametrize(
    "network",
    ["10.0.0.1/8", "10.0.0.0/33", "10.0.0.0/", "/8", "10.0.0/8", "010.0.0.0/8", "2001:db8::1/32", "::/129", "x", "1/8",
     "::ffff:10.0.0.1/104", "10.0.0.0/08"],
)  # fmt: skip
def test_one_malformed_network_makes_the_whole_list_invalid(network: str) -> None:
    assert ask_lua([f"list 192.0.2.0/24 {network}"]) == ["bad"]


def test_a_list_without_ipv6_lets_no_ipv6_in() -> None:
    assert ask_lua(["list 0.0.0.0/0", f"ask {ip_address('2001:db8::1').packed.hex()}"])[1] == "n"


def test_a_client_without_an_address_is_in_no_list() -> None:
    assert ask_lua(["list 0.0.0.0/0 ::/0", "ask "])[1] == "n"
