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
