"""Imports reference rates, and shows those that are used on a day."""

import io
import zipfile
from datetime import date, datetime
from typing import IO, Any

import msgspec
from psycopg import Connection
from psycopg.rows import dict_row

from postledger.finance.rates_csv import BadRates, DayRate, read_rates
from postledger.finance.rules.exchange_rates import REFERENCE
from postledger.platform.postgres.sql import statements_of
from postledger.policy.finance_store import read_finance
from postledger.policy.store import increment_version, lock_policy
from postledger.vocabulary.operator_error import InvalidRequest
from postledger.vocabulary.wording import count

sql = statements_of("postledger.finance")

ORIGIN = "ecb"
_MOST_BYTES = 64 * 1024 * 1024  # twenty times what ECB's history has
_MOST_FAULTS = 20
_DEFAULT_MAX_AGE_DAYS = 7
_TYPES = ("text", "date", "numeric")

Row = dict[str, Any]


class Imported(msgspec.Struct, frozen=True):
    """The rates of a file: all of them, the new, changed and unchanged ones; its currencies, and its newest day."""

    rates: int
    new: int
    changed: int
    same: int
    currencies: int
    newest: date


def import_rates(connection: Connection[Any], file: IO[bytes], now: datetime) -> Imported:
    """Import ECB's CSV file, or the zip file that holds it. A file with a fault changes nothing.

    Raises `InvalidRequest`, and OSError as the file does.
    """
    try:
        rates = read_rates(_read_text(file), now.date())
    except BadRates as error:
        raise InvalidRequest(_list_faults(error)) from None
    with connection.transaction():
        lock_policy(connection)
        new, changed = _store(connection, rates, now)
        if new or changed:
            increment_version(connection)
    currencies, newest = len({rate.currency for rate in rates}), max(rate.on_day for rate in rates)
    return Imported(len(rates), new, changed, len(rates) - new - changed, currencies, newest)


def show_rates(connection: Connection[Any], day: date, currency: str | None = None) -> list[Row]:
    """Read the newest rate of each currency on a day. `is_usable` says whether it is young enough for the books."""
    stored = read_finance(connection)
    max_age_days = _DEFAULT_MAX_AGE_DAYS if stored is None else stored.settings.rates_max_age_days
    values = {"base": REFERENCE, "day": day, "currency": currency, "max_age_days": max_age_days}
    with connection.cursor(row_factory=dict_row) as cursor:
        return cursor.execute(sql("show_rates"), values).fetchall()


def _store(connection: Connection[Any], rates: list[DayRate], now: datetime) -> tuple[int, int]:
    with connection.cursor() as cursor:
        cursor.execute(sql("create_rate_staging"))
        with cursor.copy(sql("copy_to_rate_staging")) as copy:
            copy.set_types(_TYPES)
            for rate in rates:
                copy.write_row((rate.currency, rate.on_day, rate.rate))
        row = cursor.execute(sql("store_rates"), {"base": REFERENCE, "origin": ORIGIN, "now": now}).fetchone()
    assert row is not None, "the statement counts"
    return int(row[0]), int(row[1])


def _read_text(file: IO[bytes]) -> str:
    content = _read_limited(file)
    if zipfile.is_zipfile(io.BytesIO(content)):
        content = _unpack(content)
    try:
        return content.decode("utf-8")
    except UnicodeDecodeError:
        raise InvalidRequest("is neither ECB's CSV file nor a zip file with it; download it again") from None


def _unpack(content: bytes) -> bytes:
    try:
        with zipfile.ZipFile(io.BytesIO(content)) as archive:
            (name,) = [name for name in archive.namelist() if name.lower().endswith(".csv")]
            with archive.open(name) as file:
                return _read_limited(file)
    except (ValueError, zipfile.BadZipFile, NotImplementedError, RuntimeError, EOFError):
        raise InvalidRequest("is not a zip file with one CSV file; download it again") from None


def _read_limited(file: IO[bytes]) -> bytes:
    content = file.read(_MOST_BYTES + 1)
    if len(content) > _MOST_BYTES:
        raise InvalidRequest(f"is larger than {_MOST_BYTES // 1024 // 1024} MiB, so it is not ECB's file")
    return content


def _list_faults(error: BadRates) -> str:
    listed = "; ".join(map(str, error.faults[:_MOST_FAULTS]))
    return f"{count(len(error.faults), 'fault')}, nothing was imported: {listed}"
