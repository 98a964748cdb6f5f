"""How `make up` prepares a ledger: the commands that it runs in one process, and what it says of one that failed."""

from collections.abc import Iterator
from pathlib import Path

import pytest

from postledger.bootstrap.prepare_ledger import prepare_ledger
from tests.parts.databases import create_database, drop_database, fetch
from tests.parts.documents import ROOT
from tests.parts.postgres import Postgres

DEMO = str(ROOT / "examples/demo.toml")


@pytest.fixture
def empty(postgres: Postgres, master_key: str, monkeypatch: pytest.MonkeyPatch) -> Iterator[str]:
    """An empty database, which the environment names."""
    url = create_database(postgres)
    monkeypatch.setenv("DATABASE_URL", url)
    monkeypatch.setenv("POSTLEDGER_MASTER_KEY", master_key)
    monkeypatch.setenv("POSTLEDGER_DEMO_SECRET", "0123456789abcdef0123456789abcdef")
    yield url
    drop_database(postgres, url)


def test_an_empty_database_becomes_a_ledger_with_the_demo(
    empty: str, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    for _ in range(2):
        prepare_ledger(tmp_path, "postledger_reader", DEMO)

    assert fetch(empty, "SELECT slug FROM sources ORDER BY slug") == [("demo",), ("postledger-selftest",)]
    assert fetch(empty, "SELECT has_column_privilege('postledger_reader', 'conversions', 'payout', 'SELECT')") == [
        (True,)
    ]
    assert "applied" in (tmp_path / "migrate.log").read_text()
    assert capsys.readouterr().out == ""


def test_without_a_demo_only_the_self_test_is_configured(empty: str, tmp_path: Path) -> None:
    prepare_ledger(tmp_path, "", "")

    assert fetch(empty, "SELECT slug FROM sources") == [("postledger-selftest",)]
    assert not (tmp_path / "grant.log").exists()


def test_a_role_that_cannot_read_is_told_and_stops_nothing(
    empty: str, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    prepare_ledger(tmp_path, "no_such_role", "")

    assert capsys.readouterr().out.startswith("· The dashboards cannot read the ledger: postledger: ")
    assert fetch(empty, "SELECT slug FROM sources") == [("postledger-selftest",)]


def test_a_command_that_fails_is_named_in_one_line(empty: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("DATABASE_URL", "postgresql://postledger@127.0.0.1:1/none")

    with pytest.raises(SystemExit) as ended:
        prepare_ledger(tmp_path, "", DEMO)

    assert str(ended.value).startswith("up: postledger migrate failed: postledger: nothing listens at DATABASE_URL")
    assert "\n" not in str(ended.value)
