"""Reads the field 86 of MT940: who, what for, and amounts beside. Banks write it in three ways, or as plain text."""

import re
from collections.abc import Mapping
from decimal import Decimal

import msgspec

from postledger.reconciliation.rules.bank_cells import (
    LONGEST_TEXT,
    clean,
    clean_reference,
    join_texts,
    read_swift_amount,
)

_CODED = re.compile(r"([0-9]{3})([^0-9A-Za-z\s])(?=[0-9]{2})")
_WORDS = re.compile(r"(EREF|KREF|MREF|CRED|DEBT|SVWZ|ABWA|ABWE|IBAN|BIC|PURP|COAM|OAMT)\+")
_SLASHED = re.compile(
    r"/(EREF|PREF|MARF|CSID|IBAN|BIC|NAME|REMI|RTRN|TRTP|CNTP|ORDP|BENM|ULTD|ULTB|ADDR|ISDT|PURP|EXCH|CHGS|OCMT|SVCL)/"
)
_MONEY = re.compile(r"\s*([A-Z]{3})?\s*([0-9.]*,[0-9]*)")
_RETURNS = frozenset({"108", "109", "159"})
"""German codes of transactions by which a direct debit or a payment comes back."""


class Details(msgspec.Struct, frozen=True):
    """What the field 86 says. `instructed` and `fee` are amounts as they are written, with their currency if any."""

    remittance: str | None = None
    end_to_end: str | None = None
    counterparty: str | None = None
    account: str | None = None
    instructed: tuple[Decimal, str | None] | None = None
    fee: tuple[Decimal, str | None] | None = None
    rate: Decimal | None = None
    is_return: bool = False


def read_details(lines: list[str]) -> Details:
    """Read the lines of the field."""
    joined = "".join(lines)
    if (coded := _CODED.match(joined)) is not None:
        return _read_coded(coded[1], _split_codes(joined[coded.end(1) :], coded[2]))
    if len(_SLASHED.findall(joined)) > 1:
        return _read_slashed(_split(_SLASHED, joined))
    return Details(clean(" ".join(lines), LONGEST_TEXT))


def _split_codes(text: str, separator: str) -> Mapping[str, str]:
    parts = re.split(re.escape(separator) + r"([0-9]{2})", text)
    return dict(zip(parts[1::2], parts[2::2], strict=True))


def _read_coded(code: str, fields: Mapping[str, str]) -> Details:
    purpose = "".join(text for key, text in sorted(fields.items()) if "20" <= key <= "29" or "60" <= key <= "63")
    words = _split(_WORDS, purpose)
    name = f"{fields.get('32', '')}{fields.get('33', '')}"
    return Details(
        join_texts(words.get("SVWZ") or words.get("", ""), None if words.get("SVWZ") else fields.get("00")),
        clean_reference(words.get("EREF") or words.get("KREF")),
        clean(name),
        clean(fields.get("31") or words.get("IBAN")),
        _read_money(words.get("OAMT")),
        _read_money(words.get("COAM")),
        None,
        code in _RETURNS,
    )


def _read_slashed(words: Mapping[str, str]) -> Details:
    account, _, rest = words.get("CNTP", "").partition("/")
    name = words.get("NAME") or rest.partition("/")[2].partition("/")[0]
    rate = (words.get("EXCH") or "").strip("/ ")
    remittance = re.sub(r"^/?(USTD|STRD)/+", "", words.get("REMI", ""))
    return Details(
        join_texts(remittance.strip("/"), words.get("")),
        clean_reference((words.get("EREF") or "").strip("/")),
        clean(name.strip("/")),
        clean((words.get("IBAN") or account).strip("/")),
        _read_money(words.get("OCMT")),
        _read_money(words.get("CHGS")),
        read_swift_amount(rate),
        "RTRN" in words,
    )


def _split(pattern: re.Pattern[str], text: str) -> Mapping[str, str]:
    """Split a text at its keywords. What stands before the first is under the empty one; the first of a word counts."""
    parts = pattern.split(text)
    return {"": parts[0], **dict(reversed(list(zip(parts[1::2], parts[2::2], strict=True))))}


def _read_money(text: str | None) -> tuple[Decimal, str | None] | None:
    found = _MONEY.match(text or "")
    amount = None if found is None else read_swift_amount(found[2])
    return None if found is None or amount is None else (amount, found[1])
