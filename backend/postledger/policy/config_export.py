"""Exports the configuration as the document that `apply` reads. Applying it again changes nothing."""

from collections.abc import Mapping
from typing import Any

import msgspec
from psycopg import Connection

from postledger.platform.keyring import Keyring
from postledger.policy.approval_config import write_approval_rule
from postledger.policy.bank_account_config import write_our_account
from postledger.policy.config_file import Configuration, SourceConfig
from postledger.policy.duration import write_duration
from postledger.policy.export_config import write_export
from postledger.policy.finance_export import write_finance, write_payee, write_rule
from postledger.policy.forward_config import ForwardConfig
from postledger.policy.notify_config import write_notify
from postledger.policy.report_config import write_report_format
from postledger.policy.source import Settings
from postledger.policy.store import PolicyStore
from postledger.signatures.profile_schema import Profile


class Exported(msgspec.Struct, frozen=True):
    """What is in force, as a document without secrets, and what it lacks because it cannot be read."""

    document: dict[str, object]
    unreadable: list[str]


def export_policy(connection: Connection[Any], keyring: Keyring) -> Exported:
    """Export everything that is in force."""
    with connection.transaction():
        in_force = PolicyStore(connection, keyring).read().in_force
    sources = [f"source {slug}" for slug, source in in_force.sources.items() if not source.is_readable]
    forwards = [f"forward {slug}" for slug, forward in in_force.forwards.items() if not forward.is_readable]
    exports = [f"export {slug}" for slug, export in in_force.exports.items() if not export.is_readable]
    return Exported(write_document(in_force), sources + forwards + exports)


def write_document(configuration: Configuration) -> dict[str, object]:
    """Write a configuration as the document that `read_configuration` reads.

    It contains no secrets, and no sources that cannot be read.
    """
    return {
        **({} if configuration.finance is None else {"finance": write_finance(configuration.finance)}),
        **({} if configuration.notify is None else {"notify": write_notify(configuration.notify)}),
        "sources": [write_source(source) for source in configuration.sources.values() if source.is_readable],
        "campaigns": [msgspec.structs.asdict(campaign) for campaign in configuration.campaigns.values()],
        "affiliates": [msgspec.structs.asdict(affiliate) for affiliate in configuration.affiliates.values()],
        "forwards": [write_forward(forward) for forward in configuration.forwards.values() if forward.is_readable],
        "payees": [write_payee(payee) for payee in configuration.payees.values()],
        "expense_rules": [write_rule(rule) for rule in configuration.expense_rules.values()],
        "approval_rules": [write_approval_rule(rule) for rule in configuration.approval_rules.values()],
        "exports": [write_export(export) for export in configuration.exports.values() if export.is_readable],
        "bank_accounts": [write_our_account(each) for each in configuration.bank_accounts.values()],
        "report_formats": [write_report_format(each) for each in configuration.report_formats.values()],
    }


def write_source(source: SourceConfig) -> dict[str, object]:
    """Write the table of one source, without its secrets."""
    return {"slug": source.slug, "name": source.name, **_write_settings(source.settings)}


def write_forward(config: ForwardConfig) -> dict[str, object]:
    """Write the table of one forward, without its secrets. Its URL is complete, so it needs no params of a preset."""
    written = msgspec.to_builtins(config.forward)
    for key in ("timeout", "switch_off_after"):
        if (seconds := written.pop(f"{key}_s", None)) is not None:
            written[key] = write_duration(seconds)
    return dict(sorted(written.items(), key=lambda item: isinstance(item[1], dict)))


def _write_settings(settings: Settings) -> dict[str, object]:
    written: dict[str, object] = {
        "timestamp_tolerance" if name == "timestamp_tolerance_s" else name: _write_value(name, value)
        for name, value in msgspec.structs.asdict(settings).items()
        if value is not None and value != {}
    }
    # In TOML the plain keys of a table stand before its sub-tables.
    return dict(sorted(written.items(), key=lambda item: isinstance(item[1], dict)))


def _write_value(name: str, value: object) -> object:
    if name == "timestamp_tolerance_s" and isinstance(value, int):
        return write_duration(value)
    if isinstance(value, Profile):
        return msgspec.to_builtins(value)
    if name in ("ack", "events", "status_parameters"):
        return msgspec.to_builtins(value)
    if isinstance(value, Mapping):
        return {str(key): list(listed) for key, listed in value.items()}
    return list(value) if isinstance(value, tuple) else value
