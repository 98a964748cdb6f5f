"""Puts the mapper together: it loads the books on a connection of its own, because they are read in one snapshot."""

import logging
from collections.abc import Callable, Mapping
from contextlib import closing, suppress
from typing import Any

from psycopg import Connection

from postledger.finance.approval.first_rules import judge_earlier_lines
from postledger.finance.approval.reminders import remind
from postledger.finance.approval.renew import renew_changed
from postledger.finance.books import Books, load_books
from postledger.finance.current_books import CurrentBooks
from postledger.finance.invariants import record_check
from postledger.finance.map_changes import CountMapped, Mapper
from postledger.finance.rates_age import measure_rates_age
from postledger.notifications.announce import announce_reminders, announce_requests
from postledger.platform.postgres.connection import read_clock
from postledger.platform.tasks.run import Report
from postledger.reconciliation.invariants import check_all
from postledger.vocabulary.operator_error import NotPossible

_log = logging.getLogger("postledger.finance")


def create_mapper(connect: Callable[[], Connection[Any]], count_mapped: CountMapped) -> Mapper:
    """Create the consumer that writes expense lines."""

    def load() -> Books | None:
        with closing(connect()) as connection:
            return load_books(connection)

    return Mapper(CurrentBooks(load), count_mapped, announce_requests)


def check_and_record(
    maps_from_broker: bool, connection: Connection[Any], _args: Mapping[str, Any], report: Report
) -> None:
    """Check the books, if there are any, and record what is broken for the alert."""
    with suppress(NotPossible):
        found = check_all(connection, report, maps_from_broker=maps_from_broker)
        record_check(connection, found, read_clock(connection))


def judge_by_first_rules(connection: Connection[Any], _args: Mapping[str, Any], report: Report) -> None:
    """Judge the lines from before approval rules."""
    judge_earlier_lines(connection, report, announce_requests)


def remind_of_requests(connection: Connection[Any], _args: Mapping[str, Any], _report: Report) -> None:
    """Note reminders of requests that wait, and renew those of payees that were changed."""
    now = read_clock(connection)
    renew_changed(connection, None, now, announce_requests)
    remind(connection, now, announce_reminders)


def check_rates(connection: Connection[Any], _args: Mapping[str, Any], _report: Report) -> None:
    """Log a warning if the newest exchange rate is nearly too old."""
    found = measure_rates_age(connection, read_clock(connection))
    if found is not None and found.is_old:
        advice = "run postledger rates import"
        _log.warning("the newest exchange rate is %d days old, of %d; %s", found.age_days, found.max_age_days, advice)
