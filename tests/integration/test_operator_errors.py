"""Use cases raise errors of a closed list, by which the CLI, the ops API and the console choose their answers."""

from collections.abc import Callable
from datetime import UTC, datetime
from io import BytesIO
from typing import Any

import pytest
from cryptography.fernet import Fernet
from psycopg import Connection

from postledger.audit.erasure import erase
from postledger.audit.evidence.gather import gather_evidence
from postledger.audit.lists import Filters, list_conversions, list_postbacks
from postledger.audit.source_report import report_source
from postledger.audit.trace import trace
from postledger.finance.backfill import backfill
from postledger.finance.bills.cancel_bills import cancel_bills
from postledger.finance.bills.list_bills import show_bill
from postledger.finance.bills.make_bills import Wanted, make_bills
from postledger.finance.invariants import check_books
from postledger.finance.list_lines import LineFilters, find_lines, list_lines
from postledger.finance.payees import show_payee
from postledger.finance.rates import import_rates
from postledger.finance.remap import preview_remap
from postledger.ledger.settle_parked import settle
from postledger.partners.send_postback import sign_postback
from postledger.platform.keyring import Keyring
from postledger.platform.postgres.connection import connect
from postledger.platform.postgres.grants import grant_reader
from postledger.platform.tasks.operate import discard_tasks, retry_tasks
from postledger.policy.describe_sources import find_source
from postledger.policy.reencrypt import reencrypt
from postledger.policy.rotate_secret import list_secrets, retire_secrets, rotate_secret
from postledger.reconciliation.items.change_items import Change, change_items
from postledger.reconciliation.items.list_items import ItemFilters, list_items, show_item
from postledger.vocabulary.operator_error import InvalidRequest, NotFound, NotPossible, OperatorError
from tests.parts.entries import new_receipt
from tests.parts.sources import add_source

NOW = datetime(2026, 11, 29, tzinfo=UTC)
Call = Callable[[Connection[Any], Keyring], object]


def settle_one(connection: Connection[Any], *receipts: str, source: str | None = None) -> dict[str, int]:
    return settle(
        connection, receipts=receipts, source=source, books=True, actor="a", now=NOW, on_progress=lambda *_: None
    )


def erase_one(connection: Connection[Any], click_id: str | None, hashed: str | None) -> object:
    return erase(connection, click_id=click_id, hashed=hashed, actor="a", now=NOW, on_progress=lambda *_: None)


def make_all_bills(connection: Connection[Any]) -> object:
    return make_bills(connection, Wanted(), "test", lambda *_: None, on_requests=lambda *_: None, dry_run=False)


CALLS: list[tuple[type[OperatorError], Call]] = [
    (NotFound, lambda ledger, keyring: rotate_secret(ledger, keyring, "nobody", NOW, actor="test")),
    (NotFound, lambda ledger, keyring: retire_secrets(ledger, keyring, "nobody", NOW, actor="test")),
    (NotFound, lambda ledger, keyring: list_secrets(ledger, keyring, "nobody")),
    (NotFound, lambda ledger, keyring: sign_postback(ledger, keyring, "nobody", [], body=None, unix_s=0)),
    (NotFound, lambda ledger, _: find_source(ledger, "nobody")),
    (NotFound, lambda ledger, _: report_source(ledger, "nobody", NOW, NOW, lambda *_: None)),
    (NotFound, lambda ledger, _: list_conversions(ledger, Filters(1, source="nobody"))),
    (NotFound, lambda ledger, _: list_postbacks(ledger, Filters(1, campaign="none"), with_raw=False)),
    (NotFound, lambda ledger, _: trace(ledger, "unknown")),
    (NotFound, lambda ledger, _: list_lines(ledger, LineFilters(source="nobody"))),
    (NotFound, lambda ledger, _: find_lines(ledger, "unknown")),
    (NotPossible, lambda ledger, _: preview_remap(ledger, lambda *_: None)),
    (NotPossible, lambda ledger, _: backfill(ledger, NOW, new_receipt(), 1, lambda *_: None)),
    (NotPossible, lambda ledger, _: check_books(ledger, lambda *_: None)),
    (NotPossible, lambda ledger, _: make_all_bills(ledger)),
    (NotFound, lambda ledger, _: show_bill(ledger, "PL-202610-000001")),
    (NotFound, lambda ledger, _: show_item(ledger, 7)),
    (NotFound, lambda ledger, _: list_items(ledger, ItemFilters(source="nobody"))),
    (NotFound, lambda ledger, _: change_items(ledger, Change("note", [7], "why"), "test", NOW)),
    (InvalidRequest, lambda ledger, _: change_items(ledger, Change("note", []), "test", NOW)),
    (NotFound, lambda ledger, _: gather_evidence(ledger, "unknown", NOW)),
    (NotFound, lambda ledger, _: cancel_bills(ledger, [new_receipt()], "test")),
    (NotFound, lambda ledger, _: settle_one(ledger, new_receipt())),
    (NotFound, lambda ledger, _: retry_tasks(ledger, [new_receipt()], NOW)),
    (NotFound, lambda ledger, _: grant_reader(ledger, "nobody-here")),
    (NotFound, lambda ledger, keyring: show_payee(ledger, keyring, "nobody")),
    (InvalidRequest, lambda ledger, _: import_rates(ledger, BytesIO(b"no rates"), NOW)),
    (InvalidRequest, lambda ledger, _: settle_one(ledger, "not-a-receipt")),
    (InvalidRequest, lambda ledger, _: settle_one(ledger)),
    (InvalidRequest, lambda ledger, _: settle_one(ledger, new_receipt(), source="acme")),
    (InvalidRequest, lambda ledger, _: discard_tasks(ledger, ["not-a-receipt"], NOW)),
    (InvalidRequest, lambda ledger, _: erase_one(ledger, None, None)),
    (InvalidRequest, lambda ledger, _: erase_one(ledger, "", None)),
    (InvalidRequest, lambda ledger, _: erase_one(ledger, None, "h-short")),
    (NotPossible, lambda ledger, keyring: rotate_secret(ledger, keyring, "locked", NOW, actor="test")),
    (NotPossible, lambda ledger, keyring: retire_secrets(ledger, keyring, "locked", NOW, actor="test")),
    (NotPossible, lambda ledger, keyring: sign_postback(ledger, keyring, "locked", [], body=None, unix_s=0)),
    (NotPossible, reencrypt),
]


@pytest.mark.parametrize(("kind", "call"), CALLS)
def test_a_use_case_raises_the_kind_of_error(
    kind: type[OperatorError], call: Call, database: str, master_key: str
) -> None:
    add_source(database, Fernet.generate_key().decode(), "locked")
    with connect(database, name="test", statement_timeout_ms=60_000) as ledger, pytest.raises(kind) as raised:
        call(ledger, Keyring([master_key]))

    assert raised.type is kind
    assert str(raised.value)
