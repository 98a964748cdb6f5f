"""The source of the self-test belongs to no configuration, and no list contains it unless it is asked for."""

import re
from pathlib import Path

import psycopg
import pytest
from cryptography.fernet import Fernet
from prometheus_client import CollectorRegistry

from postledger.metrics.metrics import Metrics
from postledger.vocabulary.selftest import SELFTEST
from tests.integration.configured import FILE, actions, load, secrets_of
from tests.parts.cli import CommandLine
from tests.parts.sources import remove


@pytest.fixture
def prepared(cli: CommandLine) -> CommandLine:
    """A ledger with the source of the self-test, and nothing else."""
    assert cli("selftest", "--prepare").code == 0
    return cli


def test_the_source_is_created_once(prepared: CommandLine) -> None:
    before = load(prepared)

    prepared("selftest", "--prepare")

    assert set(before.sources) == {SELFTEST}
    assert load(prepared) == before


@pytest.mark.parametrize("damage", ["retired", "settings", "key"])
def test_a_source_that_cannot_be_used_is_repaired(prepared: CommandLine, damage: str) -> None:
    url = prepared.environment["DATABASE_URL"]
    if damage == "retired":
        remove(url, "sources", SELFTEST)
    elif damage == "settings":
        with psycopg.connect(url) as connection:
            connection.execute("UPDATE sources SET settings = '{\"mode\": 7}'")
    else:
        prepared.environment["POSTLEDGER_MASTER_KEY"] = Fernet.generate_key().decode()

    prepared("selftest", "--prepare")

    assert load(prepared).sources[SELFTEST].settings.click == "optional"
    assert len(secrets_of(prepared, SELFTEST)) == 1


def test_its_slug_is_reserved(cli: CommandLine) -> None:
    file = cli.write("a.toml", f'[[sources]]\nslug = "{SELFTEST}"\nsecrets = ["s"]')

    ran = cli("apply", file)

    assert ran.code == 1
    assert f"a.toml:2: sources[{SELFTEST}].slug: {SELFTEST} is reserved for the self-test" in ran.err


def test_export_and_prune_leave_it_alone(prepared: CommandLine, file: str) -> None:
    prepared("apply", file)

    exported = prepared("export").out
    told = actions(prepared, prepared.write("none.toml", ""), "--prune", "--yes")

    assert SELFTEST not in exported
    assert told == {"acme": "retire", "spring": "retire", "456": "retire"}
    assert set(load(prepared).sources) == {SELFTEST}


def test_lists_contain_it_only_if_it_is_asked_for(prepared: CommandLine) -> None:
    with psycopg.connect(prepared.environment["DATABASE_URL"]) as connection:
        connection.execute(
            "INSERT INTO conversions (dedup_key, id, source_id, event, click_id, status, created_at, updated_at)"
            " SELECT gen_random_uuid(), gen_random_uuid(), id, 'sale', 'make-up', 'approved', now(), now() FROM sources"
        )
        connection.execute(
            "INSERT INTO postbacks (id, received_at, source_id, method, verdict, raw)"
            " SELECT gen_random_uuid(), now(), id, 'GET', 'accepted', '' FROM sources"
        )

    for kind in ("conversions", "postbacks"):
        assert prepared(kind, "list", "--json").facts == []
        assert len(prepared(kind, "list", "--json", "--source", SELFTEST).facts) == 1


def test_postbacks_of_an_unknown_source_stay_in_the_list(cli: CommandLine) -> None:
    with psycopg.connect(cli.environment["DATABASE_URL"]) as connection:
        connection.execute(
            "INSERT INTO postbacks (id, received_at, method, verdict, reason, raw)"
            " VALUES (gen_random_uuid(), now(), 'GET', 'refused', 'unknown_source', '')"
        )

    assert len(cli("postbacks", "list", "--json").facts) == 1


def test_no_metric_names_it(prepared: CommandLine, file: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    prepared("apply", file)
    monkeypatch.setenv("PROMETHEUS_MULTIPROC_DIR", str(tmp_path))
    registry = CollectorRegistry()
    metrics = Metrics(registry)

    metrics.prepare(load(prepared))

    sources = {sample.labels.get("source") for family in registry.collect() for sample in family.samples}
    shown_at_zero = set(re.findall(r'source="([^"]*)"', metrics.render().decode()))
    assert (sources, shown_at_zero) == ({None, "acme"}, {"acme", "unknown"})
    metrics.close()


def test_if_empty_applies_a_file_to_an_empty_ledger_only(prepared: CommandLine, file: str) -> None:
    first = actions(prepared, file, "--if-empty")
    before = load(prepared)

    again = prepared("apply", prepared.write("b.toml", FILE.replace("45m", "1h")), "--if-empty")

    assert first == {"acme": "create", "spring": "create", "456": "create"}
    assert (again.code, load(prepared)) == (0, before)
    assert "nothing was changed" in again.out


def test_a_ledger_whose_objects_are_retired_is_not_empty(cli: CommandLine, file: str) -> None:
    cli("apply", file)
    cli("apply", cli.write("none.toml", ""), "--prune", "--yes")

    cli("apply", file, "--if-empty")

    assert load(cli).sources == {}
