"""Lays out the facts of a work item as a table: a row for each fact, a column for each side. Pure."""

from collections.abc import Mapping, Sequence

import msgspec


class FactsTable(msgspec.Struct, frozen=True):
    """`sides` are the titles of the columns, such as `ledger` and `network`. What belongs to no side is in `both`."""

    sides: tuple[str, ...]
    rows: tuple[tuple[str, tuple[str, ...]], ...]
    both: tuple[tuple[str, str], ...]


def lay_out_facts(facts: Mapping[str, object]) -> FactsTable:
    """Lay out facts. A fact that is an object is a side, and everything else belongs to no side."""
    sides = {name: value for name, value in facts.items() if isinstance(value, Mapping)}
    names = list(dict.fromkeys(name for side in sides.values() for name in side))
    return FactsTable(
        sides=tuple(sides),
        rows=tuple((name, tuple(write_fact(side.get(name)) for side in sides.values())) for name in names),
        both=tuple((name, write_fact(value)) for name, value in facts.items() if name not in sides),
    )


def write_fact(value: object) -> str:
    """Write a fact for people. What is not there is empty."""
    if value is None:
        return ""
    if isinstance(value, bool):
        return "yes" if value else "no"
    if isinstance(value, Mapping):
        return ", ".join(f"{name} {write_fact(each)}" for name, each in value.items())
    if isinstance(value, Sequence) and not isinstance(value, str):
        return "; ".join(map(write_fact, value))
    return str(value)
