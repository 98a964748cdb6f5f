"""Reads the details of a CAMT entry: who paid whom, what for, and what was instructed and charged."""

from collections.abc import Sequence
from decimal import Decimal

import msgspec

from postledger.reconciliation.readers.xml_parts import Part
from postledger.reconciliation.rules.bank_cells import LONGEST_TEXT, clean, clean_reference, join_texts, read_unsigned

_RETURNS = frozenset({"RRTN", "RPCR", "PRDD", "RCDD", "UPDD"})
"""Sub-families of transactions by which a payment or a direct debit comes back."""
_AMOUNTS = ("Amt", "AmtDtls/TxAmt/Amt", "AmtDtls/CntrValAmt/Amt", "AmtDtls/InstdAmt/Amt")
_RATES = ("InstdAmt", "TxAmt", "CntrValAmt")
_ACCOUNT = ("Id/IBAN", "Id/Othr/Id", "Id/PrtryAcct/Id", "Id/BBAN")
_REFERENCES = (
    "RmtInf/Strd/CdtrRefInf/Ref",
    "RmtInf/Strd/CdtrRefInf/CdtrRef",
    "RmtInf/Strd/RfrdDocInf/Nb",
    "RmtInf/Strd/RfrdDocInf/RfrdDocNb",
    "RmtInf/Strd/AddtlRmtInf",
)


class Money(msgspec.Struct, frozen=True):
    """An amount and its currency."""

    amount: Decimal
    currency: str


class Party(msgspec.Struct, frozen=True):
    """A debtor or creditor."""

    name: str | None = None
    account: str | None = None


class Detail(msgspec.Struct, frozen=True):
    """A part of an entry. `amounts`: what could be its amount, in whatever currency, the likeliest first."""

    amounts: Sequence[Money]
    is_credit: bool | None
    instructed: Money | None
    rate: Decimal | None
    charges: Sequence[Money]
    reference: str | None
    end_to_end: str | None
    debtor: Party
    creditor: Party
    remittance: str | None
    is_return: bool


def read_detail(part: Part) -> Detail:
    """Read a TxDtls. What it lacks is None."""
    return Detail(
        [money for path in _AMOUNTS if (money := read_money(part, path)) is not None],
        read_sign(part),
        read_money(part, "AmtDtls/InstdAmt/Amt"),
        read_rate(part),
        read_charges(part),
        clean_reference(part.get("Refs/AcctSvcrRef")),
        clean_reference(part.get("Refs/EndToEndId")),
        _read_party(part, "Dbtr"),
        _read_party(part, "Cdtr"),
        _read_remittance(part),
        is_return(part) or any(path.startswith("RtrInf") for path, _ in part.texts),
    )


def read_money(part: Part, path: str) -> Money | None:
    """Read an amount. None if there is none that can be read."""
    text = part.get(path)
    amount = None if text is None else read_unsigned(text)
    return None if amount is None else Money(amount, part.get(f"{path}@Ccy") or "")


def read_sign(part: Part) -> bool | None:
    """Whether money comes in. None if that is not said."""
    return {"CRDT": True, "DBIT": False}.get(part.get("CdtDbtInd") or "")


def read_rate(part: Part) -> Decimal | None:
    """Read the rate of exchange as it is written."""
    text = part.first(*(f"AmtDtls/{of}/CcyXchg/XchgRate" for of in _RATES))
    return None if text is None else read_unsigned(text)


def read_charges(part: Part) -> list[Money]:
    """Read what the bank charges; what it pays back is negative. Records count, or else the total."""
    texts = [(path.rpartition("/")[2], text) for path, text in part.texts if path.startswith("Chrgs/")]
    return _read_charges(texts, "Amt") or _read_charges(texts, "TtlChrgsAndTaxAmt")


def _read_charges(texts: Sequence[tuple[str, str]], name: str) -> list[Money]:
    """Read charges of this name. The currency stands before an amount, and the sign behind it."""
    charges, currency = list[Money](), ""
    for path, text in texts:
        if path == f"{name}@Ccy":
            currency = text
        elif path == name and (amount := read_unsigned(text)) is not None:
            charges.append(Money(amount, currency))
        elif path == "CdtDbtInd" and text == "CRDT" and charges:
            charges[-1] = Money(-charges[-1].amount, charges[-1].currency)
    return charges


def is_return(part: Part) -> bool:
    """Whether a payment or a direct debit comes back, by the code of the transaction."""
    return part.get("BkTxCd/Domn/Fmly/SubFmlyCd") in _RETURNS


def _read_party(part: Part, role: str) -> Party:
    parties = f"RltdPties/{role}", f"RltdPties/Ultmt{role}"
    name = part.first(*(f"{party}/{path}" for party in parties for path in ("Pty/Nm", "Nm")))
    return Party(clean(name), read_account(part, f"RltdPties/{role}Acct/"))


def read_account(part: Part, above: str = "") -> str | None:
    """Read the IBAN or the number of an account."""
    return clean(part.first(*(above + path for path in _ACCOUNT)))


def _read_remittance(part: Part) -> str | None:
    lines = clean(" ".join(part.all("RmtInf/Ustrd")), LONGEST_TEXT)
    return join_texts(lines, *part.all(*_REFERENCES), part.get("AddtlTxInf"))
