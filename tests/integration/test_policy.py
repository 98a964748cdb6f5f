"""The policy as workers hold it: read whole, refreshed within a second, and failing closed."""

import json
from collections.abc import Iterator

import gevent
import pytest

from postledger.adapters.keyring import Keyring
from postledger.adapters.postgres.connecting import connect
from postledger.adapters.postgres.policy import load_policy
from postledger.adapters.postgres.policy_keeper import PolicyKeeper
from postledger.adapters.postgres.pool import make_pool
from postledger.domain.policy import Policy
from postledger.domain.snapshot import render_snapshot
from tests.parts.sources import add_campaign, add_source, change_source

OTHER_KEY = "AAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAA="


def load(database: str, master_key: str) -> Policy:
    with connect(database, name="test", statement_timeout_ms=5000) as connection:
        return load_policy(connection, Keyring([master_key]))


def test_a_source_comes_with_its_settings_and_live_keys(database: str, master_key: str) -> None:
    add_source(database, master_key, "acme", ["new", "old"], {"click": "optional", "pii": ["email"]})
    campaign_id = add_campaign(database, "spring")

    policy = load(database, master_key)

    source = policy.sources["acme"]
    assert (source.settings.click, source.settings.pii) == ("optional", ("email",))
    assert [key.query for key in source.keys] == [b"new", b"old"]
    assert policy.campaign_slugs == {campaign_id: "spring"}


@pytest.mark.parametrize("secret", ["", "whsec_***"])
def test_a_secret_that_cannot_be_used_leaves_the_source_without_that_key(
    database: str, master_key: str, secret: str
) -> None:
    add_source(database, master_key, "acme", [secret, "good"])

    assert [key.query for key in load(database, master_key).sources["acme"].keys] == [b"good"]


def test_under_a_wrong_master_key_a_source_has_no_keys(database: str, master_key: str) -> None:
    add_source(database, master_key, "acme")

    assert load(database, OTHER_KEY).sources["acme"].keys == ()


@pytest.fixture
def keeper(database: str, master_key: str) -> Iterator[PolicyKeeper]:
    pool = make_pool(database, size=1)
    pool.open()
    keeper = PolicyKeeper(
        pool,
        Keyring([master_key]),
        lambda policy: None,
        on_contact=lambda: None,
        on_days=lambda days: None,
        tend=lambda connection: None,
    )
    yield keeper
    keeper.close()
    pool.close()


def test_a_change_is_seen_without_a_restart(keeper: PolicyKeeper, database: str, master_key: str) -> None:
    add_source(database, master_key, "acme", settings={"rate": 1})
    wait_for_rate(keeper, 1)

    change_source(database, "acme", {"rate": 2})
    wait_for_rate(keeper, 2)

    assert keeper.policy is not None
    assert keeper.policy.sources["acme"].settings.rate == 2


def wait_for_rate(keeper: PolicyKeeper, rate: int) -> None:
    with gevent.Timeout(3):
        while not (
            keeper.policy and "acme" in keeper.policy.sources and keeper.policy.sources["acme"].settings.rate == rate
        ):
            gevent.sleep(0.01)


BROKEN = {"rate": "fast", "pii": ["email"]}


def test_settings_that_make_no_sense_cost_their_own_source_alone(
    database: str, master_key: str, caplog: pytest.LogCaptureFixture
) -> None:
    add_source(database, master_key, "acme")
    add_source(database, master_key, "other", settings={"rate": 7})
    change_source(database, "acme", BROKEN)

    policy = load(database, master_key)

    assert (set(policy.sources), policy.unusable) == ({"other"}, frozenset({"acme"}))
    assert [record.levelname for record in caplog.records] == ["ERROR"]
    edge = {source["slug"]: source for source in json.loads(render_snapshot(policy, b"salt"))["sources"]}
    assert set(edge) == {"acme", "other"}, "the edge lets it through, so that the backend can say: come again"
