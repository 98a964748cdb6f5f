"""A query costs the edge little whatever it is made of, and edge and backend find the same source in it."""

import random

from postledger.decoding.pairs import find_slug
from tests.edge.plain_lua import run_lua
from tests.parts.signed_requests import GOOD

AT_MOST = 10
QUERY_BYTES = 16_000
PLAIN = f"source=acme&{GOOD}&event=sale&status=approved&currency=USD&sub1=a&sub2=b&sig={'0' * 64}"
PARTS = ("", "a", "=", "a=", "a=1", "%41=%41", "sub1=1", "source=acme", "s%6Furce=acme", "+", "%", "%zz", "payout=1&")

COUNT = """
local parameters, source = require("postledger.parameters"), require("postledger.source")
for query in io.lines() do
    local steps = 0
    debug.sethook(function() steps = steps + 1 end, "", 1)
    parameters.known_names(query)
    source.slug("/tracking/postback", query, "/tracking/postback")
    debug.sethook()
    print(steps)
end
"""
SLUGS = """
local source = require("postledger.source")
for query in io.lines() do
    local _, slug = source.slug("/tracking/postback", query, "/tracking/postback")
    print((slug or ""):gsub(".", function(byte) return ("%02x"):format(byte:byte()) end) .. "")
end
"""


def test_a_hostile_query_costs_the_edge_little() -> None:
    queries = ["&".join([part] * (QUERY_BYTES // (len(part) + 1))) for part in PARTS]

    plain, *costs = map(int, run_lua(COUNT, stdin="\n".join([PLAIN, *queries]) + "\n"))

    assert max(costs) <= AT_MOST * plain, [(cost / plain, part) for cost, part in zip(costs, PARTS, strict=True)]


def test_edge_and_backend_find_the_same_slug() -> None:
    chosen = random.Random(7)  # noqa: S311 - a fixed seed makes the same queries in every run
    tokens = ("source", "s%6furce", "=", "=", "&", "acme", "%61cme", "%zz", "%", "+", "x=1", "%00", "é", "\\", "&" * 98)
    queries = ["".join(chosen.choices(tokens, k=chosen.randint(1, 9))) for _ in range(5000)]

    by_edge = run_lua(SLUGS, stdin="\n".join(queries) + "\n")

    by_backend = [find_slug(query.encode()).encode("latin-1").hex() for query in queries]
    assert by_edge == by_backend
    assert "61636d65" in by_edge
