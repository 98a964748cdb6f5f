"""Imports a bank's file: finds the account of each statement, adds the lines that are new, and proves the balances."""

from collections.abc import Callable, Sequence
from datetime import datetime
from functools import reduce
from typing import IO, Any

import msgspec
from psycopg import Connection

from postledger.platform.keyring import Keyring
from postledger.policy.bank_account_config import BankAccountConfig
from postledger.policy.bank_account_store import read_our_accounts
from postledger.policy.bank_texts import BankTexts, open_bank_texts
from postledger.reconciliation.bank.add_statements import Addition, ImportedStatement, add_statements
from postledger.reconciliation.bank.bank_store import find_bank_file, lock_bank
from postledger.reconciliation.bank.our_accounts import OurAccounts
from postledger.reconciliation.bank.read_file import ReadStatement, hide_number, read_statement
from postledger.reconciliation.import_report import MOST_FAULTS_PERCENT, SHOWN_FAULTS, TooManyFaults, digest_file
from postledger.reconciliation.readers.bank_csv import looks_like_bank_csv
from postledger.reconciliation.readers.bank_files import RECOGNISED_BY, read_bank_file
from postledger.reconciliation.readers.rows import BadFile, OnBadBytes
from postledger.reconciliation.rules.bank_account import BankKind
from postledger.vocabulary.operator_error import InvalidRequest

_STEP = 1000  # lines between two reports of progress


class BankFile(msgspec.Struct, frozen=True):
    """A bank's file that can be sought, its name, its kind, and what the operator says of it."""

    content: IO[bytes]
    name: str
    kind: BankKind
    account: str | None = None
    accepts_faults: bool = False


class ImportedBank(msgspec.Struct, frozen=True):
    """What an import of a bank's file did. `known`: the file was on record already, and nothing was added."""

    id: str
    format: str
    lines: int
    faults: int
    statements: Sequence[ImportedStatement] = ()
    known: bool = False


class _Import(msgspec.Struct, frozen=True):
    """One import: who, when, and of which file."""

    connection: Connection[Any]
    texts: BankTexts
    file: BankFile
    sha256: bytes
    actor: str
    now: datetime


def import_bank(
    connection: Connection[Any],
    keyring: Keyring,
    file: BankFile,
    *,
    actor: str,
    now: datetime,
    on_progress: Callable[[int], None],
) -> ImportedBank:
    """Import a bank's file in one transaction. Raises `InvalidRequest` or `NotPossible`."""
    texts = open_bank_texts(connection, keyring, now)
    work = _Import(connection, texts, file, digest_file(file.content), actor, now)
    try:
        with connection.transaction():
            lock_bank(connection)
            if (found := find_bank_file(connection, work.sha256)) is not None:
                return ImportedBank(found, file.kind, 0, 0, known=True)
            return _import(work, on_progress)
    except BadFile as bad:
        raise InvalidRequest(f"{file.name} {bad}") from None


def find_fitting(content: IO[bytes], configs: Sequence[BankAccountConfig]) -> list[BankAccountConfig]:
    """Find the accounts whose CSV format has the columns of a file. Its import names the bytes of another encoding."""
    first = content.read(RECOGNISED_BY)
    content.seek(0)
    return _find_fitting(first, configs, "strict") or _find_fitting(first, configs, "replace")


def _find_fitting(
    first: bytes, configs: Sequence[BankAccountConfig], on_bad_bytes: OnBadBytes
) -> list[BankAccountConfig]:
    return [
        each
        for each in configs
        if each.account.csv is not None and looks_like_bank_csv(first, each.account.csv, on_bad_bytes)
    ]


def _import(work: _Import, on_progress: Callable[[int], None]) -> ImportedBank:
    read = _read(work, on_progress)
    _check_faults(read, work.file)
    if not read:
        raise BadFile("has no statement")
    name = reduce(hide_number, {each.written_account for each in read}, work.file.name)
    addition = Addition(work.connection, work.texts, work.file.kind, name, work.sha256, work.actor, work.now)
    added = add_statements(addition, read)
    lines, faults = sum(each.lines for each in added), sum(each.faults for each in added)
    return ImportedBank(added[0].id, work.file.kind, lines, faults, added)


def _read(work: _Import, on_progress: Callable[[int], None]) -> list[ReadStatement]:
    file, configs = work.file, read_our_accounts(work.connection)
    is_csv = file.kind == "csv"
    fitting = find_fitting(file.content, configs) if is_csv else configs
    accounts = OurAccounts(configs, work.texts, file.account, fitting)
    done = 0

    def count() -> None:
        nonlocal done
        done += 1
        if done % _STEP == 0:
            on_progress(done)

    found = read_bank_file(file.content, file.kind, accounts.find_format() if is_csv else None)
    return [read_statement(each, accounts, file.kind, count) for each in found]


def _check_faults(read: Sequence[ReadStatement], file: BankFile) -> None:
    faults = [fault for each in read for fault in each.faults]
    rows = sum(len(each.lines) for each in read) + len(faults)
    if len(faults) * 100 > rows * MOST_FAULTS_PERCENT and not file.accepts_faults:
        advice = "correct [bank_accounts.csv]" if file.kind == "csv" else "ask the bank for a correct file"
        raise TooManyFaults(rows, len(faults), faults[:SHOWN_FAULTS], advice)
