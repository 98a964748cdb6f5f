"""Imports a file: a bank's, which says so itself or fits the CSV format of an account, or a network's report."""

from collections.abc import Callable
from datetime import date, datetime
from functools import reduce
from typing import IO, Any

import msgspec
from psycopg import Connection

from postledger.platform.keyring import Keyring
from postledger.policy.bank_account_store import read_our_accounts, read_our_numbers
from postledger.policy.report_store import read_report_formats
from postledger.reconciliation.bank.import_bank import BankFile, ImportedBank, find_fitting, import_bank
from postledger.reconciliation.import_report import Imported, ReportFile, find_readable_formats, import_report
from postledger.reconciliation.readers.bank_files import RECOGNISED_BY, recognise_bank_file
from postledger.reconciliation.readers.report_rows import ReportContent
from postledger.reconciliation.rules.bank_account import BANK_KINDS, BankKind
from postledger.reconciliation.rules.hide_accounts import can_hold_number, hide_ibans, hide_parts
from postledger.vocabulary.operator_error import InvalidRequest


class StatementFile(msgspec.Struct, frozen=True):
    """A file that can be sought, its name, and what the operator says of it.

    `format` is a kind of bank files or the slug of a report format. `account` is the slug of a bank account.
    """

    content: IO[bytes]
    name: str
    format: str | None = None
    account: str | None = None
    period: date | None = None
    accepts_faults: bool = False


def import_statement(
    connection: Connection[Any],
    open_keyring: Callable[[], Keyring],
    file: StatementFile,
    *,
    actor: str,
    now: datetime,
    on_progress: Callable[[int], None],
) -> Imported | ImportedBank:
    """Import a file in one transaction. Raises `InvalidRequest`, `NotFound` or `NotPossible`."""
    kind, name = _find_kind(connection, file), _hide_accounts(connection, open_keyring, file.name)
    if kind is None:
        report = ReportFile(file.content, name, file.format, file.period, file.accepts_faults)
        return import_report(connection, report, actor, now, on_progress)
    if file.period is not None:
        raise InvalidRequest("the lines of a bank's file have days, so it has no --period; leave it out")
    bank = BankFile(file.content, name, kind, file.account, file.accepts_faults)
    return import_bank(connection, open_keyring(), bank, actor=actor, now=now, on_progress=on_progress)


def _hide_accounts(connection: Connection[Any], open_keyring: Callable[[], Keyring], name: str) -> str:
    """Hide account numbers in the name of a file: IBANs of anyone, and our numbers."""
    hidden = hide_ibans(name)
    if can_hold_number(hidden):
        hidden = reduce(hide_parts, read_our_numbers(connection, open_keyring), hidden)
    return hidden


def _find_kind(connection: Connection[Any], file: StatementFile) -> BankKind | None:
    """Find the kind of a bank's file. None if it is a network's report."""
    if (named := next((kind for kind in BANK_KINDS if kind == file.format), None)) is not None:
        return named
    if file.format is not None:
        if file.account is not None:
            raise InvalidRequest(f"{file.format} is no kind of bank files; there are {', '.join(BANK_KINDS)}")
        return None
    first = file.content.read(RECOGNISED_BY)
    file.content.seek(0)
    return recognise_bank_file(first) or _find_table(connection, file)


def _find_table(connection: Connection[Any], file: StatementFile) -> BankKind | None:
    if file.account is not None:
        return "csv"
    accounts = [each.account.slug for each in find_fitting(file.content, read_our_accounts(connection))]
    if not accounts:
        return None
    formats = find_readable_formats(read_report_formats(connection), ReportContent(file.content))
    if not formats:
        return "csv"
    reports = [each.slug for each in formats]
    raise InvalidRequest(
        f"the file fits the report format {', '.join(reports)} and the CSV of bank account {', '.join(accounts)};"
        " say which one with --format or --account"
    )
