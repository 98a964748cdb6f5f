"""Agreement of edge and backend about a source: who may be judged, by what the edge says of its own policy."""

from datetime import UTC, datetime

import pytest

from postledger.ingest.edge_agreement import is_agreed
from postledger.policy.policy import Policy
from postledger.policy.source import Settings, Source
from postledger.vocabulary.incoming_request import Request

POLICY = Policy(7, {"acme": Source(1, "acme", Settings())}, {}, {})


def agreed(slug: str, edge_policy: str = "", address: str | None = "192.0.2.1") -> bool:
    request = Request("", datetime.now(UTC), "GET", address, edge_policy=edge_policy)
    return is_agreed(POLICY, slug, request)


@pytest.mark.parametrize(
    ("slug", "edge_policy", "may_be_judged"),
    [
        ("acme", "", True),  # known to both
        ("acme", "none", False),  # new: the edge has not read its allowlist yet
        ("nobody", "none", True),  # unknown to both: 404, for good
        ("nobody", "", False),  # new, and this process has not read it yet; or removed, and the edge has not
        ("acme", "7", True),  # judged by a copy of this very policy
        ("acme", "6", False),
        ("acme", "8", False),
        ("nobody", "6", False),
        ("acme", "7x", False),
    ],
)
def test_a_source_is_judged_only_where_edge_and_backend_agree(slug: str, edge_policy: str, may_be_judged: bool) -> None:
    assert agreed(slug, edge_policy) is may_be_judged


@pytest.mark.parametrize("slug", ["acme", "nobody"])
def test_without_an_edge_there_is_nobody_to_agree_with(slug: str) -> None:
    assert agreed(slug, address=None)
