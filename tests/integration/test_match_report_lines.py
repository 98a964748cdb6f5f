"""A person says which conversion a line of a network's report is. No later run changes it."""

from collections.abc import Iterator

import pytest

from tests.parts.cli import CommandLine, Ran
from tests.parts.reconciling import IMPORTED, Books, classes, days, line, open_books


@pytest.fixture
def books(database: str) -> Iterator[Books]:
    """A ledger with the source acme."""
    with open_books(database) as books:
        yield books


@pytest.fixture
def people(books: Books, cli: CommandLine) -> CommandLine:
    """The operator mia."""
    assert cli("user", "add", "mia", "--role", "operator").code == 0
    return cli


def by_hand(cli: CommandLine, report: str, *options: str) -> Ran:
    """Match the first line of a report by hand."""
    return cli("match", "by-hand", report[:8], "2", *options, "--as", "mia", "--json")


def test_a_report_line_gets_its_conversion_by_hand_and_keeps_it(books: Books, people: CommandLine) -> None:
    report = books.report(line("X-1", "20.00"))
    key = books.sale("T-1", "20.00", received_at=IMPORTED + days(1))
    assert classes(books.reconcile()) == {"missing_in_ledger": ("1", "20")}

    (part,) = by_hand(people, report, "--conversion", "T-1").facts["parts"]

    assert (part["part"], part["amount"], part["transaction_id"]) == ("payment", "20.00", "T-1")
    assert (part["state"], part["method"], part["confirmed_by"]) == ("confirmed", "by_hand", "mia")
    for _ in range(2):
        assert classes(books.reconcile()) == {"matched": ("1", "0")}
    assert books.connection.execute("SELECT dedup_key::text FROM matches").fetchall() == [(key,)]
    (entry,) = people("audit", "list", "--action", "match.by_hand", "--json").facts
    assert (entry["actor"], entry["subject"], entry["body"]) == (
        "mia", f"{report}:2", {"statement": report, "line": 2}
    )  # fmt: skip


def test_another_amount_stays_a_work_item_and_the_match_can_be_undone(books: Books, people: CommandLine) -> None:
    report = books.report(line("X-1", "15.00"))
    key = books.sale("T-1", "20.00")
    receipt = books.connection.execute("SELECT id::text FROM conversions WHERE dedup_key = %s", (key,)).fetchone()
    assert receipt is not None

    assert by_hand(people, report, "--conversion", receipt[0]).code == 0
    assert classes(books.reconcile()) == {"amount_differs": ("1", "5")}
    assert "matched by a person; undo it first" in by_hand(people, report, "--conversion", "T-1").err

    assert people("match", "undo", report[:8], "2", "--as", "mia").code == 0
    assert classes(books.reconcile()) == {"missing_at_network": ("1", "20"), "missing_in_ledger": ("1", "15")}


REFUSED = {
    "unknown": (("--conversion", "T-9"), "the source of this report has no such conversion"),
    "ambiguous": (("--conversion", "T-2"), "several conversions have this transaction id"),
    "a fee": (("--rest", "fee"), "is matched with a conversion; give it with --conversion"),
    "a bill": (("--conversion", "T-1", "--bill", "PL-202610-000001"), "is matched with a conversion"),
    "nothing": ((), "is matched with a conversion"),
}


@pytest.mark.parametrize("case", REFUSED)
def test_what_a_report_line_cannot_be_is_refused(books: Books, people: CommandLine, case: str) -> None:
    options, message = REFUSED[case]
    for transaction_id, event in (("T-1", "sale"), ("T-2", "sale"), ("T-2", "lead")):
        books.sale(transaction_id, "20.00", event=event)

    refused = by_hand(people, books.report(line("X-1", "20.00")), *options)

    assert (refused.code, message in refused.err) == (1, True), refused.err
    assert books.connection.execute("SELECT count(*) FROM matches").fetchone() == (0,)


def test_a_conversion_of_another_source_is_not_taken(books: Books, people: CommandLine, database: str) -> None:
    with open_books(database, "other") as other:
        other.sale("T-1", "20.00")

    assert "no such conversion" in by_hand(people, books.report(line("X-1", "20.00")), "--conversion", "T-1").err
