"""Workers read the whole policy, refresh it within a second, and refuse if they cannot use it."""

import json
from collections.abc import Callable, Iterator
from typing import Any

import gevent
import psycopg
import pytest

from postledger.decoding.source_paths import digest_key
from postledger.ingest.receive import evaluate
from postledger.platform.keyring import Keyring
from postledger.platform.postgres.connection import connect
from postledger.platform.postgres.pool import make_pool
from postledger.policy.edge_snapshot import render_snapshot
from postledger.policy.policy import Policy
from postledger.policy.read import PolicyReader, load_policy
from postledger.policy.reencrypt import reencrypt
from postledger.policy.refresher import PolicyRefresher
from postledger.vocabulary.incoming_request import Request
from postledger.vocabulary.refusal import Reason, Refusal
from tests.parts.sender import sign_query
from tests.parts.signed_requests import GOOD, NOW
from tests.parts.sources import add_campaign, add_source, change_source, remove
from tests.parts.waiting import HANGS_AFTER_S

SALT = b"salt"
OTHER_KEY = "AAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAA="


def load(database: str, master_key: str) -> Policy:
    with connect(database, name="test", statement_timeout_ms=60_000) as connection:
        return load_policy(connection, Keyring([master_key]))


def test_a_source_comes_with_its_settings_and_live_keys(database: str, master_key: str) -> None:
    add_source(database, master_key, "acme", ["new", "old"], {"click": "optional", "pii": ["email"]})
    campaign_id = add_campaign(database, "spring")

    policy = load(database, master_key)

    source = policy.sources["acme"]
    assert (source.settings.click, source.settings.pii) == ("optional", ("email",))
    assert [key.secret for key in source.keys] == ["new", "old"]
    assert policy.campaign_slugs == {campaign_id: "spring"}


def add_secret(database: str, master_key: str) -> None:
    with psycopg.connect(database) as connection:
        connection.execute(
            "INSERT INTO source_secrets (source_id, position, ciphertext, created_at)"
            " SELECT id, 9, %s, now() FROM sources WHERE slug = 'acme'",
            (Keyring([master_key]).encrypt("new"),),
        )


def end_secrets(database: str, master_key: str) -> None:
    with psycopg.connect(database) as connection:
        connection.execute("DELETE FROM source_secrets WHERE source_id = (SELECT id FROM sources WHERE slug = 'acme')")


CHANGES: dict[str, Callable[[str, str], None]] = {
    "settings": lambda database, _: change_source(database, "acme", {"rate": 2}),
    "a new secret": add_secret,
    "no secret any more": end_secrets,
    "removed": lambda database, _: remove(database, "sources", "acme"),
}


@pytest.mark.parametrize("name", CHANGES)
def test_an_incremental_read_equals_a_full_read(database: str, master_key: str, name: str) -> None:
    """An unchanged source stays the same object, because compiling a thousand sources would block the worker."""
    add_source(database, master_key, "acme")
    add_source(database, master_key, "other")
    reader = PolicyReader(Keyring([master_key]))
    with connect(database, name="test", statement_timeout_ms=60_000) as connection:
        before = reader.load(connection)
        CHANGES[name](database, master_key)
        after = reader.load(connection)

    assert after.sources.get("acme") != before.sources["acme"]
    assert after == load(database, master_key)
    assert after.sources["other"] is before.sources["other"]


def test_sources_with_the_same_settings_share_what_is_compiled_from_them(database: str, master_key: str) -> None:
    """Ten thousand sources took each worker 5 s and 200 MiB at its start."""
    for slug, settings in (("acme", {"rate": 2}), ("other", {"rate": 2}), ("third", {"rate": 3})):
        add_source(database, master_key, slug, [f"secret of {slug}"], settings)

    sources = load(database, master_key).sources

    assert sources["acme"].canonical_names is sources["other"].canonical_names
    assert (sources["other"].settings.rate, sources["third"].settings.rate) == (2, 3)


def test_sources_with_the_same_settings_have_their_own_secrets(database: str, master_key: str) -> None:
    for slug in ("acme", "other"):
        add_source(database, master_key, slug, [f"secret of {slug}"])

    sources = load(database, master_key).sources

    query = f"{GOOD}&sig={sign_query('secret of acme', GOOD.encode())}"
    request = Request("receipt", NOW, "GET", query=query.encode())
    assert evaluate(request, sources["acme"]).refusal is None
    assert evaluate(request, sources["other"]).refusal == Refusal(Reason.BAD_SIGNATURE)


@pytest.mark.parametrize("secret", ["", "whsec_***"])
def test_an_unusable_secret_is_left_out_of_the_keys(database: str, master_key: str, secret: str) -> None:
    add_source(database, master_key, "acme", [secret, "good"])

    assert [key.secret for key in load(database, master_key).sources["acme"].keys] == ["good"]


def test_a_wrong_master_key_makes_sources_with_auth_unusable(database: str, master_key: str) -> None:
    """They get 503 and not 401, because a network does not retry after 401."""
    add_source(database, master_key, "acme")
    add_source(database, master_key, "open", settings={"auth": "none"})
    add_source(database, master_key, "bare", [])

    policy = load(database, OTHER_KEY)

    assert (set(policy.unusable), set(policy.sources)) == ({"acme"}, {"open", "bare"})


KEYED: dict[str, Any] = {"auth": "token", "paths": ["/{key}/postback"], "hosts": ["trk.example"]}


@pytest.mark.parametrize("fault", [{"rate": "fast"}, {"signature": "no-such-profile", "auth": "signature"}])
def test_an_unusable_source_keeps_its_paths(database: str, master_key: str, fault: dict[str, Any]) -> None:
    """With a 404 the senders would stop sending."""
    add_source(database, master_key, "moved", ["3f9c0de"], {**KEYED, **fault})

    (shown,) = json.loads(render_snapshot(load(database, master_key), SALT))["sources"]

    assert (shown["slug"], shown["paths"], shown["hosts"]) == ("moved", KEYED["paths"], KEYED["hosts"])
    assert (shown["keys"], shown["any_key"]) == ([digest_key(SALT, "3f9c0de")], False)


def test_without_readable_keys_the_edge_passes_every_key(database: str, master_key: str) -> None:
    add_source(database, master_key, "moved", ["3f9c0de"], KEYED)

    (shown,) = json.loads(render_snapshot(load(database, OTHER_KEY), SALT))["sources"]

    assert (shown["paths"], shown["keys"], shown["any_key"]) == (KEYED["paths"], [], True)


@pytest.mark.parametrize(
    "odd", [{"paths": "/postback"}, {"paths": ["/internal/x"]}, {"hosts": [7]}, {"hosts": ["NOT A HOST"]}]
)
def test_unreadable_paths_are_ignored_as_a_whole(database: str, master_key: str, odd: dict[str, Any]) -> None:
    add_source(database, master_key, "moved", ["3f9c0de"], {**KEYED, "rate": "fast", **odd})

    (shown,) = json.loads(render_snapshot(load(database, master_key), SALT))["sources"]

    assert (shown["slug"], shown["paths"], shown["hosts"], shown["keys"]) == ("moved", [], [], [])


@pytest.fixture
def keeper(database: str, master_key: str) -> Iterator[PolicyRefresher]:
    pool = make_pool(database, size=1)
    pool.open()
    keeper = PolicyRefresher(
        pool,
        Keyring([master_key]),
        lambda policy: None,
        on_contact=lambda: None,
        tend=(),
    )
    yield keeper
    keeper.close()
    pool.close()


def test_a_change_is_seen_without_a_restart(keeper: PolicyRefresher, database: str, master_key: str) -> None:
    add_source(database, master_key, "acme", settings={"rate": 1})
    wait_for_rate(keeper, 1)

    change_source(database, "acme", {"rate": 2})
    wait_for_rate(keeper, 2)

    assert keeper.policy is not None
    assert keeper.policy.sources["acme"].settings.rate == 2


def wait_for_rate(keeper: PolicyRefresher, rate: int) -> None:
    with gevent.Timeout(HANGS_AFTER_S):
        while not (
            keeper.policy and "acme" in keeper.policy.sources and keeper.policy.sources["acme"].settings.rate == rate
        ):
            gevent.sleep(0.01)


BROKEN = {"rate": "fast", "pii": ["email"]}


def test_invalid_settings_affect_only_their_own_source(
    database: str, master_key: str, caplog: pytest.LogCaptureFixture
) -> None:
    add_source(database, master_key, "acme")
    add_source(database, master_key, "other", settings={"rate": 7})
    change_source(database, "acme", BROKEN)

    policy = load(database, master_key)

    assert (set(policy.sources), set(policy.unusable)) == ({"other"}, {"acme"})
    assert [record.levelname for record in caplog.records] == ["ERROR"]
    edge = {source["slug"]: source for source in json.loads(render_snapshot(policy, b"salt"))["sources"]}
    assert set(edge) == {"acme", "other"}, "the edge lets it through, so that the backend can say: come again"


def test_the_edge_learns_the_rates_of_campaigns(database: str, master_key: str) -> None:
    add_campaign(database, "spring")

    assert json.loads(render_snapshot(load(database, master_key), SALT))["campaigns"] == [
        {"slug": "spring", "click_rate": 20, "click_burst": 100}
    ]


def test_the_key_of_click_ids_belongs_to_the_ledger(database: str, master_key: str) -> None:
    first = load(database, master_key).click_key

    with connect(database, name="test", statement_timeout_ms=60_000) as connection:
        reencrypt(connection, Keyring([OTHER_KEY, master_key]))

    assert first is not None
    assert load(database, OTHER_KEY).click_key == first
    assert load(database, master_key).click_key is None
