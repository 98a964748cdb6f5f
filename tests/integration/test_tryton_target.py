"""Bills in a real Tryton: drafts with the right amounts, one a bill, and what happens if Tryton fails or objects."""

from collections import Counter
from collections.abc import Iterator
from decimal import Decimal
from pathlib import Path

import pytest
from msgspec.structs import replace

from postledger.finance.exports.target import ExportedBill, Failed, Refused, Sent, Unknown
from postledger.finance.exports.tryton import TrytonTarget
from postledger.platform.postgres.connection import connect
from tests.parts.exporting import Exporting
from tests.parts.lossy_proxy import LossyProxy
from tests.parts.postgres import Postgres
from tests.parts.tryton import Tryton
from tests.parts.tryton_bills import SECRETS, make_bill, make_target, send
from tests.parts.waiting import HANGS_AFTER_S

BILLS, BEFORE = 50, 20
LINES = (("Commission", "6010", "12.34"), ("Bonus", "6020", "0.01"))
INVOICES = """
SELECT count(*), count(DISTINCT reference), count(*) FILTER (WHERE state = 'draft')
FROM account_invoice
WHERE reference LIKE '2026-10-456-USD-%'
"""


@pytest.fixture(scope="module")
def tryton(postgres: Postgres) -> Iterator[Tryton]:
    """One for the file."""
    with Tryton(postgres) as tryton:
        yield tryton


@pytest.fixture
def target(tryton: Tryton) -> TrytonTarget:
    return make_target(tryton)


def with_account(bill: ExportedBill, account: str | None) -> ExportedBill:
    return replace(bill, lines=tuple(replace(line, account=account) for line in bill.lines))


def test_a_bill_becomes_a_draft_supplier_invoice(tryton: Tryton, target: TrytonTarget) -> None:
    bill = make_bill("12.35", "0.01", "-2.00")

    outcome = send(target, bill)

    assert isinstance(outcome, Sent)
    assert tryton.invoices(bill.number) == [("draft", "in", "AFF-456", "USD", "10.36", "3")]
    (stored,) = tryton.fetch(
        "SELECT 'account.invoice,' || i.id, i.invoice_date, j.type, a.code FROM account_invoice i"
        " JOIN account_journal j ON j.id = i.journal JOIN account_account a ON a.id = i.account WHERE reference = %s",
        (bill.number,),
    )
    assert stored == (outcome.reference, bill.day, "expense", "2110")


def test_a_bill_that_is_there_is_not_made_again(tryton: Tryton, target: TrytonTarget) -> None:
    bill = make_bill()

    assert send(target, bill) == send(make_target(tryton), bill)

    assert len(tryton.invoices(bill.number)) == 1


@pytest.mark.parametrize(("currency", "amount"), [("JPY", "1000"), ("KWD", "1.234"), ("EUR", "0.01")])
def test_a_bill_keeps_its_currency(tryton: Tryton, target: TrytonTarget, currency: str, amount: str) -> None:
    bill = make_bill(amount, currency=currency)

    assert isinstance(send(target, bill), Sent)

    ((*_, stored, total, _),) = tryton.invoices(bill.number)
    assert (stored, Decimal(total)) == (currency, Decimal(amount))


def test_an_answer_that_is_lost_after_create_makes_no_second_invoice(tryton: Tryton) -> None:
    bill = make_bill()
    with LossyProxy(tryton.port) as proxy:
        target = make_target(tryton, url=f"http://127.0.0.1:{proxy.port}")
        proxy.loses_answers_to = b"account.invoice.create"

        outcomes = send(target, bill), send(target, bill)

    assert proxy.lost == 1
    assert outcomes[0] == Unknown("broken")
    assert isinstance(outcomes[1], Sent)
    assert len(tryton.invoices(bill.number)) == 1


def test_a_bill_waits_while_tryton_is_down(tryton: Tryton, target: TrytonTarget) -> None:
    before, after = make_bill(), make_bill()
    send(target, before)
    tryton.kill()

    down = send(target, after)

    tryton.start()
    assert down == Failed("connect")
    assert isinstance(send(target, after), Sent)


def test_it_signs_in_once_and_again_when_the_session_ends(tryton: Tryton, target: TrytonTarget) -> None:
    def list_sessions() -> int:
        return len(tryton.fetch("SELECT 1 FROM ir_session"))

    before = list_sessions()
    for _ in range(2):
        send(target, make_bill())
    assert list_sessions() == before + 1
    tryton.fetch("DELETE FROM ir_session RETURNING id")

    assert isinstance(send(target, make_bill()), Sent)

    assert list_sessions() == 1


@pytest.mark.parametrize(
    ("bill", "words"),
    [
        (make_bill(erp_reference=None), "payee 456 has no erp_reference"),
        (make_bill(erp_reference="AFF-0"), "Tryton has no party AFF-0"),
        (make_bill(currency="CHF"), "Tryton has no currency CHF"),
        (with_account(make_bill(), None), "the category Commission 1 has no account"),
        (with_account(make_bill(), "6099"), "Tryton has no account 6099"),
        (with_account(make_bill(), "6000"), "account 6000 in Tryton is a heading"),
        (make_bill("0.001"), "Tryton rounds USD to 2 digits"),
        (with_account(make_bill(), "2110"), "is not valid according to its domain"),
        (make_bill("1.234", currency="BHD"), "Tryton rounds BHD to 2 digits"),
    ],
)
def test_what_cannot_be_an_invoice_is_refused(
    tryton: Tryton, target: TrytonTarget, bill: ExportedBill, words: str
) -> None:
    outcome = send(target, bill)

    assert isinstance(outcome, Refused)
    assert words in outcome.words
    assert not tryton.invoices(bill.number)


@pytest.mark.parametrize(
    ("settings", "words"),
    [({"payable_account": "2999"}, "correct payable_account"), ({"journal": "petty"}, "correct journal")],
)
def test_a_setting_that_tryton_does_not_know_is_named(tryton: Tryton, settings: dict[str, str], words: str) -> None:
    outcome = send(make_target(tryton, **settings), make_bill())

    assert isinstance(outcome, Refused)
    assert words in outcome.words


def test_a_bill_is_accepted_once_what_was_missing_is_there(tryton: Tryton, target: TrytonTarget) -> None:
    bill = make_bill()
    tryton.fetch("UPDATE party_party SET active = false WHERE code = 'AFF-456' RETURNING id")
    assert isinstance(send(target, bill), Refused)
    tryton.fetch("UPDATE party_party SET active = true WHERE code = 'AFF-456' RETURNING id")

    assert isinstance(send(target, bill), Sent)


def test_what_is_remembered_is_looked_up_again_after_a_refusal(tryton: Tryton, target: TrytonTarget) -> None:
    assert isinstance(send(target, with_account(make_bill(), "6020")), Sent)
    tryton.fetch(
        "UPDATE account_account SET closed = (code = '6020'), code = CASE code WHEN '6020' THEN '6029' ELSE '6020' END"
        " WHERE code IN ('6020', '6030') RETURNING id"
    )

    first, second = (send(target, with_account(make_bill(), "6020")) for _ in range(2))

    assert isinstance(first, Refused)
    assert isinstance(second, Sent)


def test_a_total_that_differs_is_refused(tryton: Tryton, target: TrytonTarget) -> None:
    bill = make_bill("37.05", amount=Decimal("37.04"))

    outcome = send(target, bill)

    assert isinstance(outcome, Refused)
    assert "sums to 37.05, and the bill to 37.04" in outcome.words
    assert send(target, bill) == outcome
    assert len(tryton.invoices(bill.number)) == 1


def test_an_invoice_that_was_cancelled_is_not_made_again(tryton: Tryton, target: TrytonTarget) -> None:
    bill = make_bill()
    send(target, bill)
    tryton.fetch("UPDATE account_invoice SET state = 'cancelled' WHERE reference = %s RETURNING id", (bill.number,))

    outcome = send(target, bill)

    assert isinstance(outcome, Refused)
    assert "was cancelled in Tryton" in outcome.words
    assert len(tryton.invoices(bill.number)) == 1


def test_two_invoices_of_one_bill_are_named(tryton: Tryton, target: TrytonTarget) -> None:
    bill, other = make_bill(), make_bill()
    send(target, bill)
    send(target, other)
    numbers = bill.number, other.number
    tryton.fetch("UPDATE account_invoice SET reference = %s WHERE reference = %s RETURNING id", numbers)

    outcome = send(target, bill)

    assert isinstance(outcome, Refused)
    assert f"2 invoices in Tryton have the reference {bill.number}" in outcome.words


def test_a_wrong_password_fails_and_refuses_no_bill(tryton: Tryton) -> None:
    assert send(make_target(tryton, password="wrong"), make_bill()) == Failed("login")


def test_a_private_address_is_not_connected_to_unless_it_is_allowed(tryton: Tryton) -> None:
    assert send(make_target(tryton, allow_private=False), make_bill()) == Failed("blocked_loopback")


def test_scenario_27_erp_down_for_an_hour_and_an_answer_lost_once(
    tryton: Tryton, database: str, tmp_path: Path
) -> None:
    with (
        LossyProxy(tryton.port) as proxy,
        connect(database, name="test", statement_timeout_ms=60_000) as ledger,
    ):
        exporting = Exporting(ledger, tmp_path)
        settings = {"url": f"http://127.0.0.1:{proxy.port}", "database": tryton.database, "payable_account": "2110"}
        exporting.add_target("erp", "tryton", secrets=SECRETS, timeout_s=HANGS_AFTER_S, **settings)
        for nth in range(BEFORE):
            exporting.add_bill(nth, lines=LINES)
        proxy.loses_answers_to = b"account.invoice.create"
        exporting.work()
        lost = Counter(exporting.states())
        proxy.loses_answers_to = None
        exporting.pass_time(minutes=5)
        before = Counter(exporting.states())
        tryton.kill()
        for nth in range(BEFORE, BILLS):
            exporting.add_bill(nth, lines=LINES)
        for _ in range(12):
            exporting.pass_time(minutes=5)
        down, results = Counter(exporting.states()), Counter(result for *_, result in exporting.results)
        tryton.start()
        exporting.pass_time(hours=1)
        references = exporting.facts("state", "reference")

    assert (proxy.lost, lost) == (1, {"sent_unknown": 1, "waiting": BEFORE - 1})
    assert before == {"exported": BEFORE}
    assert down == {"exported": BEFORE, "waiting": BILLS - BEFORE}
    assert 0 < results["failed"] <= 12, "one bill is the probe for all"
    assert {state for state, _ in references} == {"exported"}
    assert len({reference for _, reference in references}) == BILLS
    assert tryton.fetch(INVOICES) == [(BILLS, BILLS, BILLS)]
