"""Lines from before approval rules: the first rules judge them, once, and until then they are not paid."""

from contextlib import closing
from decimal import Decimal

import pytest

from postledger.finance.approval import first_rules
from postledger.finance.approval.first_rules import judge_earlier_lines
from postledger.ledger.rules.status_rules import Rules
from postledger.ledger.writer import write_entries
from postledger.notifications.announce import announce_requests
from postledger.vocabulary.operator_error import NotPossible
from tests.parts.asked import A_DAY, OVER_100, book, configure_rules, payable, requests_of, settle
from tests.parts.cli import CommandLine
from tests.parts.databases import fetch
from tests.parts.entries import entry_of
from tests.parts.mapping import configure, map_all, open_ledger
from tests.parts.sources import add_click

CORRECTED = Rules(duplicates="correct")


@pytest.fixture(autouse=True)
def click(database: str) -> None:
    """The click of affiliate 456."""
    add_click(database, "C1", None, "456")


def book_earlier(url: str, *payouts: str) -> None:
    """Book postbacks, and let their lines be as those of a release without approval."""
    with open_ledger(url) as ledger:
        write_entries(
            ledger, [entry_of(transaction_id=f"E{number}", payout=payout) for number, payout in enumerate(payouts)]
        )
    map_all(url)
    age(url)


def age(url: str) -> None:
    """Take the names of approving rules from all lines."""
    with closing(open_ledger(url)) as ledger:
        ledger.execute("ALTER TABLE expense_lines DISABLE TRIGGER USER")
        ledger.execute("UPDATE expense_lines SET approved_by_rule = NULL")
        ledger.execute("ALTER TABLE expense_lines ENABLE TRIGGER USER")


def judge(url: str) -> list[float]:
    """Run the task, and return its reports."""
    reports: list[float] = []
    with closing(open_ledger(url)) as ledger:
        judge_earlier_lines(ledger, lambda done, _total: reports.append(done), announce_requests)
    return reports


def approved_by(url: str) -> dict[str, str]:
    """The rule that approves each line of the time before, by amount."""
    return dict(
        fetch(
            url,
            "SELECT expense_lines.amount::text, line_approvals.rule FROM line_approvals JOIN expense_lines"
            " USING (dedup_key, seq)",
        )
    )


def test_earlier_lines_wait_until_the_first_rules_have_judged_them(cli: CommandLine, database: str) -> None:
    configure(cli)
    book_earlier(database, "60", "150")
    before = payable(database)

    configure_rules(cli, OVER_100)
    meanwhile = payable(database)
    reports = judge(database)

    assert (before, meanwhile) == ("210", "None")
    assert reports == [2]
    assert approved_by(database) == {"60": "over-100"}
    (request,) = requests_of(database)
    assert (request["amount"], request["state"], request["created_by"], request["lines"]) == (150, "waiting", None, 1)
    assert payable(database) == "60"
    settle(database, "approved")
    assert payable(database) == "210"


def test_judging_again_changes_nothing(cli: CommandLine, database: str) -> None:
    configure(cli)
    book_earlier(database, "60", "150")
    configure_rules(cli, OVER_100)
    judge(database)

    judge(database)

    assert len(requests_of(database)) == 1
    assert approved_by(database) == {"60": "over-100"}


def test_the_first_apply_asks_the_worker_once(cli: CommandLine, database: str) -> None:
    configure(cli)
    configure_rules(cli, OVER_100)
    configure(cli, "[finance]\nbase_currency = 'USD'\n", OVER_100.replace("100.00", "200.00"))

    tasks = fetch(database, "SELECT name, state FROM tasks")
    ran = cli.process("worker", "--once", "--only", "tasks")

    assert tasks == [("first_rules", "waiting")]
    assert ran.code == 0, ran.err
    assert fetch(database, "SELECT state FROM tasks WHERE name = 'first_rules'") == [("done",)]


def test_what_was_refunded_before_is_judged_with_its_sale(cli: CommandLine, database: str) -> None:
    configure(cli)
    book(database, "150", "T1")
    book(database, "90", "T1", rules=CORRECTED)
    age(database)
    configure_rules(cli, OVER_100)

    judge(database)

    assert requests_of(database) == []
    assert approved_by(database) == {"150": "over-100", "-60": "negative"}
    assert payable(database) == "90"


def test_a_day_of_the_time_before_is_one_request(
    cli: CommandLine, database: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(first_rules, "PORTION_CONVERSIONS", 3)
    configure(cli)
    book_earlier(database, *["99"] * 11)
    configure_rules(cli, OVER_100, A_DAY)

    judge(database)

    (request,) = requests_of(database)
    assert (request["subject"], request["amount"], request["lines"]) == ("payee_day", Decimal(1089), 11)
    assert payable(database) == "None"
    book(database, "1", "later")
    assert [each["amount"] for each in requests_of(database)] == [1089, 1090]


def test_a_line_that_joins_before_the_task_runs_takes_the_earlier_ones_along(cli: CommandLine, database: str) -> None:
    configure(cli)
    book(database, "60", "T1")
    age(database)
    configure_rules(cli, OVER_100)
    book(database, "160", "T1", rules=CORRECTED)
    settle(database, "approved")

    judge(database)

    assert [(each["amount"], each["lines"]) for each in requests_of(database)] == [(160, 2)]
    assert approved_by(database) == {}
    assert payable(database) == "160"


def test_what_a_refund_has_settled_is_not_approved_afterwards(cli: CommandLine, database: str) -> None:
    configure(cli)
    configure_rules(cli, OVER_100)
    book(database, "150", "T1")
    book(database, "150", "T1", status="rejected")
    amounts = fetch(database, "SELECT amount::text, approved_by_rule FROM expense_lines ORDER BY seq")

    judge(database)

    assert amounts == [("150", None), ("-150", None)]
    assert approved_by(database) == {}
    assert payable(database) == "None"


def test_a_line_that_was_billed_before_needs_no_one(cli: CommandLine, database: str) -> None:
    configure(cli)
    book_earlier(database, "150")
    made = cli("bills", "make")
    configure_rules(cli, OVER_100)

    judge(database)

    assert made.code == 0, made.err
    assert requests_of(database) == []
    assert approved_by(database) == {"150": "none"}


def test_judging_needs_the_books(cli: CommandLine, database: str) -> None:
    with pytest.raises(NotPossible, match="there are no books"):
        judge(database)


def test_each_portion_is_an_entry_of_the_audit_chain(cli: CommandLine, database: str) -> None:
    configure(cli)
    book_earlier(database, "60", "150")
    configure_rules(cli, OVER_100)

    judge(database)

    (entry,) = cli("audit", "list", "--action", "lines.judge", "--json").facts
    assert (entry["actor"], entry["subject"]) == ("postledger", "line_approvals")
    assert (entry["body"]["approved"], entry["body"]["held"]) == (1, 1)
    assert cli("audit", "verify").code == 0
