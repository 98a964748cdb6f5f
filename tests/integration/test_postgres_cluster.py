"""A private cluster, as `script/postgres-cluster` makes it for whoever calls."""

import os
from collections.abc import Iterator

import pytest

from tests.parts.databases import fetch
from tests.parts.postgres import Postgres


@pytest.fixture
def closed() -> Iterator[None]:
    """New files are for nobody but their owner."""
    before = os.umask(0o077)
    yield
    os.umask(before)


@pytest.mark.usefixtures("closed")
def test_its_settings_hold_however_closed_the_files_of_its_maker_are() -> None:
    """What Postgres cannot read it leaves out without a word: its port, and what must not be in its log."""
    with Postgres(durable=False) as postgres:
        assert fetch(postgres.url(), "SELECT current_setting('port'), current_setting('log_error_verbosity')") == [
            (str(postgres.port), "terse")
        ]


def test_the_files_of_its_log_are_made_before_it_serves() -> None:
    """A commit waits for a file that has to be made."""
    with Postgres(durable=False, settings=("min_wal_size=160MB",)) as postgres:
        ahead = "SELECT count(*) FROM pg_ls_waldir() WHERE name > pg_walfile_name(pg_current_wal_lsn())"
        assert fetch(postgres.url(), ahead) == [(160 // 16,)]
