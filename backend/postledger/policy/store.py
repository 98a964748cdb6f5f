"""Stores the policy: reads sources, campaigns and affiliates as configuration, and writes changes of them.

The backend reads the same tables through `read.py`, because a request needs keys and ids where an operator needs names.
"""

from collections.abc import Sequence
from datetime import datetime
from typing import Any

import msgspec
from psycopg import Connection

from postledger.finance.rules.approval_rule import ApprovalRule
from postledger.finance.rules.expense_rule import ExpenseRule
from postledger.finance.rules.finance_settings import Finance
from postledger.platform.keyring import Keyring
from postledger.platform.postgres.sql import statements_of
from postledger.policy.approval_store import read_approval_rules, write_approval_rules
from postledger.policy.bank_account_config import BankAccountConfig
from postledger.policy.bank_account_store import BankAccountStore, read_our_accounts
from postledger.policy.config_file import (
    AffiliateConfig,
    CampaignConfig,
    Configuration,
    SourceConfig,
    index_configuration,
)
from postledger.policy.diff import Action, Change, Item, Stored, list_approval_rules, list_rules
from postledger.policy.export_config import ExportConfig
from postledger.policy.export_store import ExportStore
from postledger.policy.finance_config import PayeeConfig
from postledger.policy.finance_store import FinanceStore, read_finance, read_payees, read_rules
from postledger.policy.forward_config import ForwardConfig
from postledger.policy.forward_store import ForwardStore
from postledger.policy.history import record_changes
from postledger.policy.notify_config import NotifyConfig
from postledger.policy.notify_store import NotifyStore
from postledger.policy.report_store import read_report_formats, write_report_format
from postledger.policy.retired_secrets import RetiredSecret
from postledger.policy.source import Settings
from postledger.policy.source_secrets import SourceSecrets
from postledger.reconciliation.rules.report_format import ReportFormat
from postledger.vocabulary.selftest import SELFTEST

sql = statements_of("postledger.policy")


def lock_policy(connection: Connection[Any]) -> None:
    """Block other changes of the policy until this transaction ends."""
    connection.execute(sql("lock_policy"))


def read_stored_settings(document: object) -> Settings | None:
    """Read the stored settings of a source. None if this release cannot read them."""
    try:
        return msgspec.convert(document, Settings)
    except msgspec.ValidationError:
        return None


def increment_version(connection: Connection[Any]) -> int:
    """Make every running worker read the policy again. Return its new version."""
    row = connection.execute(sql("increment_version")).fetchone()
    assert row is not None, "the first migration inserts the only row"
    return int(row[0])


class PolicyStore:
    """Reads and writes the policy over one connection. The caller opens the transaction."""

    def __init__(self, connection: Connection[Any], keyring: Keyring) -> None:
        self._connection = connection
        self._secrets = SourceSecrets(connection, keyring)
        self._forwards = ForwardStore(connection, keyring)
        self._finance = FinanceStore(connection, keyring)
        self._notify = NotifyStore(connection, keyring)
        self._exports = ExportStore(connection, keyring)
        self._accounts = BankAccountStore(connection, keyring)

    def read(self) -> Stored:
        """Read what is in force and what is retired, secrets included."""
        return Stored(self._read(in_force=True), self._read(in_force=False))

    def read_retired_secrets(self, slug: str) -> list[RetiredSecret]:
        """Read the retired and the replaced secrets of a source, without those that no master key decrypts."""
        return self._secrets.read_retired(slug)

    def hash_accounts(self, target: Configuration, now: datetime) -> Configuration:
        """Add the hashes of the bank accounts in a file, by which they are compared. Raises `WrongMasterKey`."""
        hashed = self._finance.hash_accounts(target.payees.values(), now)
        ours = self._accounts.hash_numbers(target.bank_accounts.values(), now)
        return msgspec.structs.replace(
            target,
            payees={config.payee.id: config for config in hashed},
            bank_accounts={config.account.slug: config for config in ours},
        )

    def find_last_line(self) -> datetime | None:
        """Return when the last expense line was written. None if there is none."""
        return self._finance.find_last_line()

    def write(self, changes: Sequence[Change], now: datetime, actor: str) -> None:
        """Write changes, and their history. The version is incremented only if there is one."""
        real = [change for change in changes if change.action is not Action.LEAVE]
        rules = list_rules(changes, self._read_rules())
        approval_rules = list_approval_rules(changes, self._read_approval_rules())
        for change in real:
            self._write_one(change.target, now) if change.target is not None else self._retire(change, now)
        if any(change.kind == "rule" for change in real):
            self._finance.write_rules(rules, now, actor)
        if any(change.kind == "approval_rule" for change in real):
            write_approval_rules(self._connection, approval_rules, now, actor)
        if real:
            record_changes(self._connection, real, increment_version(self._connection), now, actor)

    def _read(self, *, in_force: bool) -> Configuration:
        campaigns = self._connection.execute(sql("read_campaigns"), (in_force,)).fetchall()
        affiliates = self._connection.execute(sql("read_affiliates"), (in_force,)).fetchall()
        return index_configuration(
            self._read_sources(in_force=in_force),
            [CampaignConfig(*row) for row in campaigns],
            [AffiliateConfig(*row) for row in affiliates],
            self._forwards.read(in_force=in_force),
            finance=self._read_finance() if in_force else None,
            payees=read_payees(self._connection, in_force=in_force),
            rules=self._read_rules().values() if in_force else (),
            approval_rules=self._read_approval_rules().values() if in_force else (),
            notify=self._notify.read() if in_force else None,
            exports=self._exports.read(in_force=in_force),
            report_formats=read_report_formats(self._connection, in_force=in_force),
            bank_accounts=read_our_accounts(self._connection, in_force=in_force),
        )

    def _read_finance(self) -> Finance | None:
        stored = read_finance(self._connection)
        return None if stored is None else stored.settings

    def _read_rules(self) -> dict[str, ExpenseRule]:
        stored = read_finance(self._connection)
        rules = [] if stored is None else read_rules(self._connection, stored.rules_version)
        return {rule.slug: rule for rule in rules}

    def _read_approval_rules(self) -> dict[str, ApprovalRule]:
        return {rule.slug: rule for rule in read_approval_rules(self._connection).rules}

    def _read_sources(self, *, in_force: bool) -> Sequence[SourceConfig]:
        rows = self._connection.execute(sql("read_sources"), (in_force, SELFTEST)).fetchall()
        return [
            _make_config(slug, name, read_stored_settings(document), self._secrets.read_all(source_id))
            for source_id, slug, name, document in rows
        ]

    def _write_one(self, item: Item, now: datetime) -> None:
        match item:
            case SourceConfig() as source:
                self._write_source(source, now)
            case ForwardConfig() as forward:
                self._forwards.write(forward, now)
            case CampaignConfig() as campaign:
                self._connection.execute(sql("upsert_campaign"), (*msgspec.structs.astuple(campaign), now))
            case AffiliateConfig() as affiliate:
                self._connection.execute(sql("upsert_affiliate"), (affiliate.id, affiliate.name, now))
            case NotifyConfig() as notify:
                self._notify.write(notify, now)
            case _:
                self._write_finance(item, now)

    def _write_finance(self, item: Item, now: datetime) -> None:
        match item:
            case Finance() as finance:
                self._finance.write_finance(finance, now)
            case PayeeConfig() as payee:
                self._finance.write_payees([payee], now)
            case ExportConfig() as export:
                self._exports.write(export, now)
            case ReportFormat() as report_format:
                write_report_format(self._connection, report_format, now)
            case BankAccountConfig() as account:
                self._accounts.write(account, now)
            case _:
                pass  # of rules `write` makes one new version of all

    def _retire(self, change: Change, now: datetime) -> None:
        if change.kind == "finance":
            self._finance.close_books()
        elif change.kind == "forward":
            self._forwards.retire(change.name, now)
        elif change.kind == "notify":
            self._notify.retire()
        elif change.kind == "export":
            self._exports.retire(change.name, now)
        elif change.kind not in ("rule", "approval_rule"):
            self._connection.execute(sql(f"retire_{change.kind}"), (now, change.name))

    def _write_source(self, source: SourceConfig, now: datetime) -> None:
        settings = msgspec.json.encode(source.settings).decode()
        row = self._connection.execute(sql("upsert_source"), (source.slug, source.name, settings, now)).fetchone()
        assert row is not None, "an upsert always returns a row"
        if source.secrets is not None:
            self._secrets.replace(row[0], source.secrets, now)


def _make_config(slug: str, name: str, settings: Settings | None, secrets: tuple[str, ...] | None) -> SourceConfig:
    return SourceConfig(slug, name, settings or Settings(), secrets, is_readable=settings is not None)
