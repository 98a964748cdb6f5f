"""Finds what an invoice in Tryton refers to: the party, accounts, journal and currency. Each is asked for once.

What is missing there is named in words, because a person has to add it.
"""

from decimal import Decimal
from typing import Any

import msgspec

from postledger.finance.exports.target import ExportedBill, ExportedLine
from postledger.finance.exports.tryton_client import Objection, TrytonClient
from postledger.finance.rules.export_settings import ExportSettings


class Sought(msgspec.Struct, frozen=True):
    """A record that is looked for: its model, what people call that, its name, and the condition that finds it."""

    model: str
    noun: str
    name: str
    domain: list[Any]
    fields: tuple[str, ...] = ("id",)


class Records:
    """The records of one company. Raises `Objection` if one is missing."""

    def __init__(self, client: TrytonClient, settings: ExportSettings) -> None:
        self._client, self._settings = client, settings
        self._known: dict[tuple[str, str], dict[str, Any]] = {}

    def forget(self) -> None:
        """Ask for all again."""
        self._known.clear()

    @property
    def company(self) -> int:
        """The company that the user works for."""
        if self._client.company is None:
            raise Objection("the user in Tryton works for no company; choose one in the preferences of the user")
        return self._client.company

    def find_party(self, bill: ExportedBill) -> dict[str, Any]:
        """Find the supplier of a bill, with its payment term."""
        code = bill.erp_reference
        if code is None:
            raise Objection(f"payee {bill.payee} has no erp_reference; add the code of its party to [[payees]]")
        sought = Sought("party.party", "party", code, [["code", "=", code]], ("supplier_payment_term",))
        return self._find(sought, "add it there, or correct erp_reference of the payee")

    def find_address(self, party: int) -> int:
        """Find where invoices of a party come from: its address for invoices, or else its first."""
        order = [["invoice", "DESC"], ["sequence", "ASC"], ["id", "ASC"]]
        found = self._client.call(list[int], "model.party.address.search", [["party", "=", party]], 0, 1, order)
        if not found:
            raise Objection("the party in Tryton has no address, and an invoice needs one; add it there")
        return found[0]

    def find_currency(self, bill: ExportedBill) -> int:
        """Find the currency of a bill by its ISO code. Tryton would round to fewer digits without a word."""
        code = bill.currency
        sought = Sought("currency.currency", "currency", code, [["code", "=", code]], ("digits",))
        found = self._find(sought, "add it there")
        unit = Decimal(1).scaleb(-found["digits"])
        if any(line.amount % unit for line in bill.lines):
            raise Objection(
                f"Tryton rounds {code} to {found['digits']} digits, and the bill has more; correct it there"
            )
        return int(found["id"])

    def find_payable(self) -> int:
        """Find the account that the company owes from."""
        return self._find_account(self._settings.payable_account, "payable_account")

    def find_expense(self, line: ExportedLine) -> int:
        """Find the account of a line."""
        if line.account is None:
            raise Objection(f"the category {line.category} has no account; add account to its expense rule")
        return self._find_account(line.account, "account of the expense rule")

    def find_journal(self) -> int | None:
        """Find the journal by its code, or by its type. None if none is configured: a person chooses it in Tryton."""
        name = self._settings.journal
        if not name:
            return None
        either = ["OR", [["code", "=", name]], [["type", "=", name]]]
        return int(self._find(Sought("account.journal", "journal", name, either), "correct journal")["id"])

    def _find_account(self, code: str, key: str) -> int:
        domain = [["code", "=", code], ["company", "=", self.company]]
        found = self._find(Sought("account.account", "account", code, domain, ("type",)), f"correct {key}")
        if found["type"] is None:
            raise Objection(f"account {code} in Tryton is a heading, which takes no entries; correct {key}")
        return int(found["id"])

    def _find(self, sought: Sought, advice: str) -> dict[str, Any]:
        key = sought.model, sought.name
        known = self._known.get(key)
        if known is None:
            method = f"model.{sought.model}.search_read"
            found = self._client.call(list[dict[str, Any]], method, sought.domain, 0, 2, None, sought.fields)
            if len(found) != 1:
                raise Objection(f"Tryton has {'several' if found else 'no'} {sought.noun} {sought.name}; {advice}")
            known = self._known[key] = found[0]
        return known
