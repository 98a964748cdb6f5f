"""Reads and writes `[[report_formats]]` of the configuration file. Pure, as `config_file.py`."""

import codecs
import re
from collections.abc import Callable, Collection, Iterable, Mapping
from datetime import datetime, timedelta
from decimal import Decimal
from typing import Any

import msgspec

from postledger.decoding.parameters import read_event
from postledger.decoding.toml_table import (
    BadValue,
    Fault,
    Table,
    one_of,
    read_flag,
    read_text,
    read_texts,
    whole_number,
)
from postledger.policy.duration import write_duration
from postledger.policy.finance_config import read_iso_currency, read_money, read_slug, read_timezone
from postledger.policy.source_config import read_duration_s
from postledger.reconciliation.rules.cells import UNIX
from postledger.reconciliation.rules.report_format import COLUMNS, ReportFormat, Tolerance
from postledger.vocabulary.refusal import Refused
from postledger.vocabulary.statuses import Status

Presets = Mapping[str, Mapping[str, object]]
"""The keys that each preset gives, by its name."""

_DEFAULTS = ReportFormat("", "", "csv", {})
_MERGED = ("columns", "statuses", "events")
_LONGEST_WINDOW_S = 31 * 86400
MOST_SKIPPED = 1000
_PERCENT = re.compile(r"[0-9]{1,2}(?:\.[0-9]{1,4})?")


def read_report_format(table: Table, presets: Presets) -> ReportFormat:
    """Read one of `[[report_formats]]`."""
    preset = table.take("preset", lambda value: _find_preset(value, presets), None)
    if preset is not None:
        table = table.with_defaults(lambda own: _merge(preset, own))
    report_format = ReportFormat(
        slug=table.require("slug", read_slug, ""),
        source=table.require("source", read_slug, ""),
        kind=table.require("kind", one_of("csv", "xlsx", "json"), _DEFAULTS.kind),
        columns=table.require("columns", _read_columns, {}),
        delimiter=table.take("delimiter", read_delimiter, _DEFAULTS.delimiter),
        encoding=table.take("encoding", read_encoding, _DEFAULTS.encoding),
        skip_rows=table.take("skip_rows", whole_number(0, MOST_SKIPPED), _DEFAULTS.skip_rows),
        rows=table.take("rows", read_text, None),
        timezone=table.take("timezone", read_timezone, _DEFAULTS.timezone),
        decimal=table.take("decimal", one_of(".", ","), _DEFAULTS.decimal),
        time_formats=table.take("time_format", read_time_formats, _DEFAULTS.time_formats),
        statuses=table.take("statuses", _read_statuses, _DEFAULTS.statuses),
        status=table.take("status", lambda value: Status(one_of(*map(str, Status))(value)), _DEFAULTS.status),
        currency=table.take("currency", read_iso_currency, None),
        event=table.take("event", _read_event, None),
        events=table.take("events", _read_events, _DEFAULTS.events),
        negate=table.take("negate", read_flag, _DEFAULTS.negate),
        window=table.take("window", _read_window, _DEFAULTS.window),
        tolerance=table.take(
            "tolerance", lambda value: read_tolerance(value, _DEFAULTS.tolerance), _DEFAULTS.tolerance
        ),
        expected_by_day=table.take("expected_by_day", whole_number(1, 28), None),
    )
    _check(table, report_format)
    table.refuse_unknown()
    return report_format


def write_report_format(report_format: ReportFormat) -> dict[str, object]:
    """Write one of `[[report_formats]]`: what differs from the defaults."""
    facts: dict[str, Any] = msgspec.structs.asdict(report_format)
    defaults = msgspec.structs.asdict(_DEFAULTS)
    given = {key: value for key, value in facts.items() if value != defaults[key] or key in ("slug", "kind")}
    if (formats := given.pop("time_formats", None)) is not None:
        given["time_format"] = list(formats)
    if (window := given.pop("window", None)) is not None:
        given["window"] = write_duration(int(window.total_seconds()))
    tolerance, statuses = given.pop("tolerance", None), given.pop("statuses", {})
    written = {key: dict(value) if isinstance(value, Mapping) else value for key, value in given.items()}
    written["events"] = {event: list(words) for event, words in report_format.events.items()}
    written["statuses"] = {str(status): list(words) for status, words in statuses.items()}
    if tolerance is not None:
        written["tolerance"] = {"absolute": f"{tolerance.absolute:f}", "percent": f"{tolerance.percent:f}"}
    tables = {key: value for key, value in written.items() if isinstance(value, dict)}
    # In TOML a sub-table stands behind the plain keys.
    return {key: value for key, value in written.items() if key not in tables} | {k: v for k, v in tables.items() if v}


def find_report_faults(target: Iterable[ReportFormat], sources: Collection[str]) -> list[Fault]:
    """Find the report formats of sources that do not exist."""
    return [
        Fault(f"report_formats[{each.slug}]", "source", f"{each.source} does not exist; add it to [[sources]]")
        for each in target
        if each.source not in sources
    ]


def _find_preset(value: object, presets: Presets) -> Mapping[str, object]:
    if isinstance(value, str) and value in presets:
        return presets[value]
    raise BadValue(f"is not a preset of reports; there are {', '.join(presets)}")


def _merge(preset: Mapping[str, object], own: Mapping[str, object]) -> dict[str, object]:
    merged = {**preset, **own}
    for key in _MERGED:
        default, override = preset.get(key), own.get(key)
        if isinstance(default, Mapping) and isinstance(override, Mapping):
            merged[key] = {**default, **override}
    return merged


def _check(table: Table, report_format: ReportFormat) -> None:
    columns = report_format.columns
    if columns and "amount" not in columns:
        table.fault("columns", "must name the column of amount")
    if columns and not {"transaction_id", "click_id"} & set(columns):
        table.fault("columns", "must name the column of transaction_id or click_id, or no line can be found again")
    if "status" in columns and not report_format.statuses:
        table.fault("statuses", "is missing; say which words of the column mean which status")
    if columns and "currency" not in columns and report_format.currency is None:
        table.fault("currency", "is missing; name a currency, or its column")
    if report_format.kind != "json" and report_format.rows is not None:
        table.fault("rows", "has no effect, because only a JSON file can have an array inside; remove it")
    if report_format.kind != "csv" and {"delimiter", "encoding"} & {
        key for key in ("delimiter", "encoding") if key in table
    }:
        table.fault("kind", f"{report_format.kind} has no delimiter and no encoding; remove them")


def _read_columns(value: object) -> Mapping[str, str]:
    return {_one_of_columns(key): read_text(name) for key, name in open_table(value).items()}


def _one_of_columns(key: str) -> str:
    if key not in COLUMNS:
        raise BadValue(f"{key} is no meaning of a column; there are {', '.join(COLUMNS)}")
    return key


def open_table(value: object) -> Mapping[str, object]:
    """Read a table whose keys the caller reads."""
    if not isinstance(value, dict):
        raise BadValue("must be a table")
    return value


def read_delimiter(value: object) -> str:
    """Read the character between two cells."""
    if isinstance(value, str) and len(value) == 1 and value not in '"\r\n':
        return value
    raise BadValue('must be one character, such as ";"')


def read_encoding(value: object) -> str:
    """Read the name of an encoding of text."""
    try:
        return codecs.lookup(read_text(value)).name
    except LookupError:
        raise BadValue("is not an encoding; write one such as utf-8 or cp1252") from None


def read_time_formats(value: object) -> tuple[str, ...]:
    """Read one format of days and times, or a list of them."""
    return tuple(map(_check_time_format, [value] if isinstance(value, str) else read_texts(value)))


def _check_time_format(form: str) -> str:
    moment = datetime(2026, 10, 31, 23, 58, 59)  # noqa: DTZ001 - which day it is in no zone
    try:
        if form == UNIX or datetime.strptime(moment.strftime(form), form).date() == moment.date():  # noqa: DTZ007
            return form
    except ValueError:
        pass
    raise BadValue(f'must be a format of strptime with year, month and day, such as "%d.%m.%Y", or "{UNIX}"')


def _read_statuses(value: object) -> Mapping[Status, tuple[str, ...]]:
    words = {Status(one_of(*map(str, Status))(key)): read_texts(given) for key, given in open_table(value).items()}
    refuse_twice(words)
    return words


def _read_events(value: object) -> Mapping[str, tuple[str, ...]]:
    words = {_read_event(key): read_texts(given) for key, given in open_table(value).items()}
    refuse_twice(words)
    return words


def refuse_twice(words: Mapping[Any, tuple[str, ...]]) -> None:
    """Raise `BadValue` if two meanings have one word."""
    every = [word.casefold() for given in words.values() for word in given]
    if twice := next((word for word in every if every.count(word) > 1), None):
        raise BadValue(f'has the word "{twice}" twice; one word has one meaning')


def _read_event(value: object) -> str:
    try:
        return read_event(read_text(value))
    except Refused:
        raise BadValue("must be the name of an event, such as sale") from None


def _read_window(value: object) -> timedelta:
    return timedelta(seconds=read_duration_s(value, _LONGEST_WINDOW_S))


def read_tolerance(value: object, defaults: Tolerance) -> Tolerance:
    """Read a table of an absolute amount and a share in percent."""
    given = open_table(value)
    readers: Mapping[str, Callable[[object], Decimal | None]] = {"absolute": read_money, "percent": _read_share}
    if unknown := next((key for key in given if key not in readers), None):
        raise BadValue(f"has {unknown}; there are absolute and percent")
    return msgspec.structs.replace(defaults, **{key: readers[key](each) for key, each in given.items()})


def _read_share(value: object) -> Decimal:
    try:
        return read_percent(value)
    except BadValue as error:
        raise BadValue(f"percent {error}") from None


def read_percent(value: object) -> Decimal:
    """Read a share in percent, below 100."""
    if isinstance(value, str) and _PERCENT.fullmatch(value):
        return Decimal(value)
    raise BadValue('must be text such as "0.5", a share in percent below 100')
