"""Sums a month up in a few sentences: whether it is explained, and if not, what is left. Pure."""

from collections.abc import Iterable, Iterator, Sequence
from decimal import Decimal

from postledger.reconciliation.month_page.amounts import write_money
from postledger.reconciliation.month_page.words import PROOFS
from postledger.reconciliation.rules.month import AccountMonth, ItemTotal, MonthReport, SourceMonth
from postledger.vocabulary.wording import count

_WAITING = ("open", "assigned")


def list_gaps(report: MonthReport) -> list[str]:
    """List what is not explained yet, in the order in which people work on it."""
    return [
        *_list_source_gaps(report.sources),
        *_list_account_gaps(report.accounts),
        *_list_item_gaps(report.item_totals),
    ]


def sum_up(report: MonthReport) -> str:
    """Say in one sentence how far the month is."""
    disputed = [each for each in report.item_totals if each.state == "disputed"]
    gaps = list_gaps(report)
    if gaps:
        return "Not everything is explained yet."
    if disputed:
        return f"Explained to the cent, except {say_items(disputed)} that {_is(disputed)} disputed."
    return "Everything is explained to the cent."


def say_items(totals: Sequence[ItemTotal]) -> str:
    """Say how many work items there are, and what is at stake by currency."""
    stakes = add_by_currency(totals)
    money = ", ".join(write_money(stake, currency) for currency, stake in stakes.items())
    return f"{count(sum(each.items for each in totals), 'work item')} ({money})"


def add_by_currency(totals: Iterable[ItemTotal]) -> dict[str, Decimal]:
    """Add stakes up by currency."""
    stakes: dict[str, Decimal] = {}
    for each in totals:
        stakes[each.currency] = stakes.get(each.currency, Decimal(0)) + each.stake
    return dict(sorted(stakes.items()))


def _is(totals: Sequence[ItemTotal]) -> str:
    return "is" if sum(each.items for each in totals) == 1 else "are"


def _list_source_gaps(sources: Iterable[SourceMonth]) -> Iterator[str]:
    for source in sources:
        if source.file is None and source.is_expected:
            yield f"The report of {source.name} is missing."
        elif source.file is not None and source.run is None:
            yield f"The report of {source.name} was not compared with the ledger."


def _list_account_gaps(accounts: Iterable[AccountMonth]) -> Iterator[str]:
    for account in accounts:
        if account.proof != "proven" and (account.lines or account.is_expected):
            proof = PROOFS.get(account.proof, account.proof)
            yield f"Bank account {account.account}: {proof}{_say_difference(account)}."
        elif account.run is None and account.lines:
            yield f"Bank account {account.account} was not compared with bills and receivables."


def _say_difference(account: AccountMonth) -> str:
    """Say by how much lines and balances differ: over the month, or else in single statements."""
    of_statements = sum((abs(each.proof_difference or Decimal(0)) for each in account.statements), Decimal(0))
    difference = abs(account.proof_difference or of_statements)
    if account.proof != "unproven" or not difference:
        return ""
    return f", its lines and balances differ by {write_money(difference, account.currency)}"


def _list_item_gaps(totals: Sequence[ItemTotal]) -> Iterator[str]:
    waiting = [each for each in totals if each.state in _WAITING]
    if waiting:
        verb = "waits" if sum(each.items for each in waiting) == 1 else "wait"
        yield f"{say_items(waiting)} {verb} for a decision."
