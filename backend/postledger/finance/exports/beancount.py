"""Writes a bill as a transaction of beancount. Pure.

Amounts are those that were rounded on the bill: `bean-check` tolerates a difference of half a cent, so nothing may be
left to it.
"""

import hashlib
import re
import unicodedata
from decimal import Decimal

from postledger.finance.exports.target import ExportedBill, ExportedLine

_WORD = re.compile(r"[A-Za-z0-9]+")
_MOST_CHARACTERS = 60
_DIGEST_CHARACTERS = 6
_ROUNDING = "Equity:Rounding"
_MARGIN = 60


def write_beancount(bill: ExportedBill) -> bytes:
    """Write one transaction. The plugin opens its accounts, so that the file can be checked alone.

    A file that includes it needs the plugin itself, or opens the accounts.
    """
    owed = f"Liabilities:Payable:{name_account(bill.payee)}"
    rest = bill.amount - sum((line.amount for line in bill.lines), Decimal())
    postings = [(_name_expense(line), line.amount) for line in bill.lines]
    postings += [(_ROUNDING, rest)] if rest else []
    lines = [
        'plugin "beancount.plugins.auto_accounts"',
        "",
        f"{bill.day.isoformat()} * {_quote(bill.payee_name)} {_quote(f'Bill {bill.number}')}",
        *(f"  {key}: {_quote(value)}" for key, value in _list_notes(bill).items()),
        *(
            f"  {account:<{_MARGIN}} {amount:f} {bill.currency}"
            for account, amount in [*postings, (owed, -bill.amount)]
        ),
    ]
    return ("\n".join(lines) + "\n").encode()


def name_account(text: str) -> str:
    """Return a component of an account's name. Texts that differ have components that differ."""
    plain = unicodedata.normalize("NFKD", text).encode("ascii", "ignore").decode()
    name = "-".join(word[0].upper() + word[1:] for word in _WORD.findall(plain))[:_MOST_CHARACTERS].rstrip("-")
    if name and name == text:
        return name
    digest = hashlib.sha256(text.encode()).hexdigest()[:_DIGEST_CHARACTERS].upper()
    return f"{name}-{digest}" if name else f"X{digest}"


def _name_expense(line: ExportedLine) -> str:
    category = name_account(line.category)
    return f"Expenses:{name_account(line.account)}:{category}" if line.account else f"Expenses:{category}"


def _list_notes(bill: ExportedBill) -> dict[str, str]:
    notes = {"bill": bill.number, "payee": bill.payee, "period": f"{bill.period:%Y-%m}"}
    reference = {} if bill.erp_reference is None else {"reference": bill.erp_reference}
    sums = {"exact": bill.exact, "carried_in": bill.carried_in, "carried_out": bill.carried_out}
    return notes | reference | {name: f"{amount:f}" for name, amount in sums.items()}


def _quote(text: str) -> str:
    """Write a text in quotes, on one line."""
    printable = "".join(character if character.isprintable() else " " for character in text)
    return '"' + printable.replace("\\", "\\\\").replace('"', '\\"') + '"'
