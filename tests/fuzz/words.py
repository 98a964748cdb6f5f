"""Names and values that senders, and attackers, write into requests."""

from collections.abc import Sequence
from random import Random

NAMES = (
    *(b"click_id", b"transaction_id", b"payout", b"currency", b"status", b"event", b"event_time", b"affiliate_id"),
    *(b"sub1", b"sub10", b"sub11", b"v", b"ts", b"sig", b"source", b"reverses", b"email", b"key", b"token", b"subid"),
    *(b"aff", b"cid", b"PAYOUT", b"payout ", b"amp;payout", b"%70ayout", b"pay%6fut", b"click%5fid", b"__proto__", b""),
)
VALUES = (
    *(
        b"",
        b"A",
        b"known-click",
        b"1",
        b"0",
        b"-1",
        b"-0",
        b"0.50",
        b"12.5000000",
        b"1e3",
        b"NaN",
        b"Infinity",
        b"0x10",
    ),
    *(
        b"999999999999.999999",
        b"9999999999999",
        b"1,5",
        b"1.2.3",
        b"USD",
        b"usd",
        b"XXX",
        b"EURO",
        b"approved",
        b"reversed",
    ),
    *(b"{payout}", b"#s2#", b"[[[x]]]", b"${sum}", b"null", b"undefined", b"true", b"%", b"%zz", b"%0", b"%00", b"%ff"),
    *(b"%C0%AF", b"%ED%A0%80", b"%E2%80%AE", b"%F0%9F%92%B8", b"%u0041", b"+", b"%2B", b"%20", b"%0d%0a", b"a%26b%3Dc"),
    *(b"2026-11-22T10:00:00Z", b"2026-11-22T10:00:00 02:00", b"1790000000", b"99999999999999", b"0000-00-00", b"now"),
    *(
        b"'; DROP TABLE postbacks; --",
        b"=1+1",
        b"../../etc/passwd",
        b"\xff\xfe",
        b"\xc3\xa9",
        b"<script>",
        b"a" * 256,
        b"9" * 400,
    ),
)


def pick(chance: Random, words: Sequence[bytes]) -> bytes:
    """One of some words."""
    return chance.choice(words)


def any_bytes(chance: Random, at_most: int, alphabet: bytes) -> bytes:
    """Some bytes of an alphabet."""
    table = (alphabet * (256 // len(alphabet) + 1))[:256]
    return chance.randbytes(chance.randrange(1, at_most + 1)).translate(table)


def nasty(chance: Random) -> bytes:
    """A piece of a target: any bytes except those that end the request line, some of them percent-encoded."""
    raw = any_bytes(chance, 20, chance.choice((ANY_OF_A_TARGET, PRINTABLE, PRINTABLE)))
    start, step = chance.randrange(8), chance.randrange(1, 8)
    return raw[:start] + b"".join(b"%%%02x" % byte for byte in raw[start::step]) + raw[start + 5 :]


ANY_OF_A_TARGET = bytes(byte for byte in range(256) if byte not in b"\r\n \0")
PRINTABLE = bytes(range(0x21, 0x7F))
EVERY_BYTE = bytes(range(256))
