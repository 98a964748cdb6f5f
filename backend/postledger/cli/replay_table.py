"""Prints what a replay changes: a table for people, facts for programs."""

from collections.abc import Collection, Iterable, Mapping, Sequence
from decimal import Decimal

import msgspec

from postledger.audit.replay.replays import Shown
from postledger.audit.replay.selection import Selection
from postledger.audit.replay.table import Line, Table
from postledger.cli.output import show
from postledger.vocabulary.wording import count

_SHOWN_DETAILS = 4


def table_facts(table: Table, selection: Selection, parks: Collection[int]) -> dict[str, object]:
    """Write a table for programs. Amounts are text."""
    facts = msgspec.to_builtins(table, builtin_types=(Decimal,))
    selected = msgspec.to_builtins(selection)
    return {"selection": selected, **facts, "rows_to_book": table.rows_to_book, "parks_reversals": bool(parks)}


def to_facts(shown: Shown) -> dict[str, object]:
    """Write a replay for programs."""
    progress = shown.progress
    return {
        "id": shown.id,
        "state": shown.state,
        "created_at": shown.created_at,
        "updated_at": shown.updated_at,
        "actor": shown.actor,
        "expected": progress.expected,
        "booked": shown.booked,
        **table_facts(progress.table, shown.selection, progress.parks),
    }


def to_row(shown: Shown) -> dict[str, object]:
    """Write a replay as a row of the list."""
    table = shown.progress.table
    numbers = {"rows": table.rows, "booked": shown.booked}
    return {"created_at": shown.created_at, "state": shown.state, "actor": shown.actor, **numbers, "id": shown.id}


def print_table(
    table: Table, selection: Selection, parks: Collection[int], rules: str = "today", *, replay_id: str | None = None
) -> None:
    """Print a table for people: what a dry run would book by some rules, or what a replay has booked."""
    print(_describe(table, selection, judged=f"judged {table.judged}, as recorded {table.as_recorded}"))
    print(f"control (rules of {rules}): {_describe_control(table)}")
    lines = [*table.drift.items(), *table.changes.items()]
    if lines:
        _print_lines(lines)
    _print_left_out(table)
    if parks:
        print("More reversals than a reversal_guard allows: all of that source wait for you. See:")
        print("  postledger conversions parked" + (f" --replay {replay_id}" if replay_id else ""))


def print_never_stored(counts: Mapping[str, int] | None) -> None:
    """Print how many postbacks left no row, by reason. None: they could not be counted."""
    if counts is None:
        print("never stored: not counted, because Prometheus does not answer (PROMETHEUS_URL)")
    elif counts:
        print(f"never stored, about: {_join(counts)}")


def print_rehearsed(table: Table, selection: Selection) -> None:
    """Print what became of postbacks in the sandbox."""
    print(_describe(table, selection, judged=f"judged {table.judged}"))
    if table.changes:
        _print_lines(table.changes.items())
    _print_left_out(table)
    print("Nothing was booked. What they became is shown by: postledger trace --sandbox TRANSACTION")


def print_tried(table: Table, selection: Selection) -> None:
    """Print what other rules would have made of postbacks."""
    print(_describe(table, selection, judged=f"judged {table.judged}"))
    print(f"control (rules of today): {table.as_recorded} of {table.judged} as recorded")
    if table.drift:
        print("recorded → rules of today; the file is not the reason:")
        _print_lines(table.drift.items())
    if table.changes:
        print("rules of today → rules of the file:")
        _print_lines(table.changes.items())
    else:
        print("The file would have changed nothing.")
    _print_left_out(table)


def tried_facts(table: Table, selection: Selection) -> dict[str, object]:
    """Write for programs what other rules would have made of postbacks. Amounts are text."""
    facts = table_facts(table, selection, ())
    names = ("selection", "rows", "judged", "as_recorded", "not_believed", "not_kept", "drift", "changes")
    return {name: facts[name] for name in names}


def print_answers(table: Table, selection: Selection) -> None:
    """Print how another system has answered."""
    print(_describe(table, selection, judged=f"sent {table.judged}"))
    _print_columns([(name, str(line.rows), _join(line.details)) for name, line in table.changes.items()])
    _print_left_out(table)


def _print_left_out(table: Table) -> None:
    for name, counts in (("not believed", table.not_believed), ("not kept", table.not_kept)):
        if counts:
            print(f"{name}: {_join(counts)}")


def _describe(table: Table, selection: Selection, judged: str) -> str:
    of = f", {selection.source}" if selection.source else ""
    left_out = [
        f"{name} {sum(counts.values())}"
        for name, counts in (("not believed", table.not_believed), ("not kept", table.not_kept))
    ]
    numbers = [count(table.rows, "postback"), judged, *left_out]
    return f"{show(selection.since)} to {show(selection.until)}{of}: {' · '.join(numbers)}"


def _describe_control(table: Table) -> str:
    if not table.booked_before:
        return "none of these postbacks was booked before"
    as_recorded = table.booked_before - table.drifted
    return f"{as_recorded} of {count(table.booked_before, 'booked postback')} as recorded"


def _print_lines(lines: Iterable[tuple[str, Line]]) -> None:
    rows = [("", "rows", "conversions", "money", "")]
    total, conversions = dict[str, Decimal](), 0
    for name, line in lines:
        rows.append((name, str(line.rows), f"{line.conversions:+d}", _money(line.money), _join(line.details)))
        conversions += line.conversions
        for currency, amount in line.money.items():
            total[currency] = total.get(currency, Decimal(0)) + amount
    rows.append(("total", "", f"{conversions:+d}", _money(total), ""))
    _print_columns(rows)


def _print_columns(rows: Sequence[tuple[str, ...]]) -> None:
    """Print names, numbers and details."""
    widths = [max(len(row[column]) for row in rows) for column in range(len(rows[0]) - 1)] if rows else []
    for name, *numbers, details in rows:
        cells = [name.ljust(widths[0]), *(cell.rjust(width) for cell, width in zip(numbers, widths[1:], strict=True))]
        print("  ".join([*cells, details]).rstrip())


def _money(money: Mapping[str, Decimal]) -> str:
    return " · ".join(f"{amount:+f} {currency}" for currency, amount in sorted(money.items()) if amount) or "0"


def _join(counts: Mapping[str, int]) -> str:
    listed = sorted(((name, number) for name, number in counts.items() if name), key=lambda item: -item[1])
    rest = sum(number for _, number in listed[_SHOWN_DETAILS:])
    texts = [f"{name} {number}" for name, number in listed[:_SHOWN_DETAILS]]
    return ", ".join([*texts, f"others {rest}"] if rest else texts)
