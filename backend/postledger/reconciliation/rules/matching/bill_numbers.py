"""Finds the numbers of bills and receivables in the texts of a bank line.

Banks and payees write `PL-202610-000007` without hyphens or zeros, in lower case, or broken by a line end.
"""

import re
from collections.abc import Iterable, Mapping

from postledger.reconciliation.rules.matching.subjects import Item

RECEIVABLE = "RV"
"""How the numbers of receivables begin."""
_MENTION = re.compile(
    rf"(P ?L|{' ?'.join(RECEIVABLE)})[ \-./_]*((?:\d ?){{6}})[ \-./_]*((?:\d ?){{1,12}})", re.IGNORECASE
)
_DIGITS = 6  # of the last group, with its zeros


def normalize_number(number: str) -> str:
    """Return a number as it is compared: `PL-202610-000007` as `PL2026107`."""
    prefix, month, nth = number.split("-")
    return f"{prefix}{month}{int(nth)}"


def index_numbers(items: Iterable[Item]) -> dict[str, Item]:
    """Return items by their numbers as these are compared."""
    return {normalize_number(item.number): item for item in items}


def find_mentions(text: str, known: Mapping[str, Item]) -> list[frozenset[Item]]:
    """Return what each mention in a text can mean. A mention of more than one item is ambiguous."""
    found = (_read(match, known) for match in _MENTION.finditer(" ".join(text.split())))
    return list(dict.fromkeys(items for items in found if items))


def _read(match: re.Match[str], known: Mapping[str, Item]) -> frozenset[Item]:
    beginning = f"{match[1]}{match[2]}".replace(" ", "").upper()
    readings = [f"{beginning}{int(digits)}" for digits in _list_readings(match[3])]
    return frozenset(known[reading] for reading in readings if reading in known)


def _list_readings(text: str) -> list[str]:
    """Return what the last group can be: the digits before the first space, and six digits with spaces between."""
    first = text.split(maxsplit=1)[0]
    if len(first) < _DIGITS:
        return [first, text.replace(" ", "")[:_DIGITS]]
    # 0000015 is no way to write 15: it has one digit too many.
    return [first] if len(first) == _DIGITS or not first.startswith("0") else []
