"""Finds what followed from conversions: changes that wait for a worker, expense lines, deliveries, publications."""

from collections.abc import Iterable, Sequence
from itertools import chain
from typing import Any

from psycopg import Connection

from postledger.audit.trace_rows import Row, fetch, select, values_of

CONSEQUENCES = ("waiting", "lines", "forwards", "publications")
_OF_DELIVERY = ("dedup_key", "forward", "receipt")


def add_consequences(connection: Connection[Any], conversions: Sequence[Row], postbacks: Iterable[Row]) -> None:
    """Add to each conversion what is `waiting`, its `lines`, its `publications`, and its deliveries to `forwards`.

    The changes of the conversions must be there already, because their times lead to what waits.
    """
    keys = values_of("dedup_key", conversions)
    waiting = fetch(connection, "trace_waiting", dedup_keys=keys, times=_list_times(conversions, postbacks))
    lines = fetch(connection, "trace_lines", dedup_keys=keys)
    deliveries = fetch(connection, "trace_deliveries", dedup_keys=keys)
    publications = fetch(connection, "trace_publications", dedup_keys=keys)
    attempts = fetch(connection, "trace_attempts", dedup_keys=keys)
    for delivery in deliveries:
        delivery["attempts"] = _select_attempts(delivery, attempts)
    for conversion in conversions:
        conversion["waiting"] = select(waiting, conversion)
        conversion["lines"] = select(lines, conversion)
        conversion["forwards"] = select(deliveries, conversion)
        conversion["publications"] = select(publications, conversion)


def _list_times(conversions: Sequence[Row], postbacks: Iterable[Row]) -> list[Any]:
    changes = chain.from_iterable(conversion["changes"] for conversion in conversions)
    return [*values_of("received_at", chain(postbacks, changes)), *values_of("created_at", conversions)]


def _select_attempts(delivery: Row, attempts: Iterable[Row]) -> list[Row]:
    return [
        {name: value for name, value in attempt.items() if name not in _OF_DELIVERY}
        for attempt in attempts
        if all(attempt[name] == delivery[name] for name in _OF_DELIVERY)
    ]
