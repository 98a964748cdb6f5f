"""Exports bills to Tryton, as draft supplier invoices. A person posts them there.

Tryton has no key that would stop a second invoice of one bill. So the number of the bill is the reference of the
invoice, and it is looked up before an invoice is made.
"""

from collections.abc import Mapping, Sequence
from typing import Any, Literal

import gevent

from postledger.finance.exports.target import (
    ExportedBill,
    ExportedLine,
    Failed,
    Outcome,
    Refused,
    Secrets,
    Sent,
    Unknown,
)
from postledger.finance.exports.tryton_client import (
    Objection,
    TrytonClient,
    Unanswered,
    read_decimal,
    write_date,
    write_decimal,
)
from postledger.finance.exports.tryton_records import Records
from postledger.finance.rules.export_settings import ExportSettings
from postledger.outgoing.connect import Network

_INVOICE = "model.account.invoice"
_FIELDS = ["state", "currency", "total_amount"]


class TrytonTarget:
    """A database of a Tryton server."""

    def __init__(self, settings: ExportSettings, secrets: Secrets, network: Network) -> None:
        self._settings = settings
        self._client = TrytonClient(settings, secrets, network)
        self._records = Records(self._client, settings)
        self._stage: Literal["looking", "creating", "made"] = "looking"

    def send(self, bill: ExportedBill, *, find_first: bool) -> Outcome:  # noqa: ARG002 - it looks first each time
        """Make the invoice of a bill, unless it is there already. The timeout bounds all requests together."""
        self._stage = "looking"
        timeout = gevent.Timeout(self._settings.timeout_s)
        try:
            with timeout:
                return self._send(bill)
        except gevent.Timeout as passed:
            if passed is not timeout:
                raise
            return self._fail("timeout", was_sent=True)
        except Unanswered as unanswered:
            return self._fail(unanswered.fault, was_sent=unanswered.was_sent)
        except Objection as objection:
            self._records.forget()  # what is remembered may be what it objects to
            return Refused(objection.words)

    def close(self) -> None:
        """Forget the session. It ends on the server by itself."""
        self._client.forget()

    def _fail(self, fault: str, *, was_sent: bool) -> Outcome:
        may_be_there = self._stage == "made" or (self._stage == "creating" and was_sent)
        return Unknown(fault) if may_be_there else Failed(fault)

    def _send(self, bill: ExportedBill) -> Outcome:
        party = self._records.find_party(bill)
        found = self._find(bill, party["id"])
        if not found:
            values = self._write_invoice(bill, party)
            self._stage = "creating"
            self._client.call(list[int], f"{_INVOICE}.create", [values])
            self._stage = "made"
            # Not by its id: an earlier request that hung in Tryton until now can have made one as well.
            found = self._find(bill, party["id"])
        return self._judge(bill, found)

    def _find(self, bill: ExportedBill, party: int) -> list[dict[str, Any]]:
        domain = [["type", "=", "in"], ["party", "=", party], ["reference", "=", bill.number]]
        return self._client.call(list[dict[str, Any]], f"{_INVOICE}.search_read", domain, 0, None, None, _FIELDS)

    def _judge(self, bill: ExportedBill, found: Sequence[Mapping[str, Any]]) -> Outcome:
        """Judge the invoices with the number of a bill. One that a person has cancelled is not made again."""
        valid = [invoice for invoice in found if invoice["state"] != "cancelled"]
        if not found:
            return Unknown("vanished")
        if not valid:
            return Refused(f"invoice {found[0]['id']} of this bill was cancelled in Tryton; clear its reference there")
        if len(valid) > 1:
            return Refused(
                f"{len(valid)} invoices in Tryton have the reference {bill.number}; cancel all but one there"
            )
        return self._compare(bill, valid[0])

    def _compare(self, bill: ExportedBill, invoice: Mapping[str, Any]) -> Outcome:
        total = read_decimal(invoice["total_amount"])
        if invoice["currency"] != self._records.find_currency(bill):
            return Refused(f"invoice {invoice['id']} of this bill in Tryton has another currency than {bill.currency}")
        if total != bill.amount:
            return Refused(f"invoice {invoice['id']} in Tryton sums to {total:f}, and the bill to {bill.amount:f}")
        return Sent(f"account.invoice,{invoice['id']}")

    def _write_invoice(self, bill: ExportedBill, party: Mapping[str, Any]) -> dict[str, object]:
        records = self._records
        currency = records.find_currency(bill)
        return {
            "type": "in",
            "company": records.company,
            "party": party["id"],
            "invoice_address": records.find_address(party["id"]),
            "payment_term": party["supplier_payment_term"],
            "account": records.find_payable(),
            "journal": records.find_journal(),
            "currency": currency,
            "reference": bill.number,
            "description": f"{bill.payee_name} {bill.period:%Y-%m}",
            "invoice_date": write_date(bill.day),
            "lines": [["create", [self._write_line(line, currency) for line in bill.lines]]],
        }

    def _write_line(self, line: ExportedLine, currency: int) -> dict[str, object]:
        """Write a line. Its amount is rounded already: Tryton would round each line for itself."""
        return {
            "type": "line",
            "company": self._records.company,
            "currency": currency,
            "account": self._records.find_expense(line),
            "description": line.category,
            "quantity": 1,
            "unit_price": write_decimal(line.amount),
        }
