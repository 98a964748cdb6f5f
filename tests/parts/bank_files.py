"""Writes CAMT.053 files, with balances that are right unless a test says otherwise."""

from collections.abc import Sequence
from dataclasses import dataclass
from decimal import Decimal

IBAN = "DE89370400440532013000"
_NAMESPACE = "urn:iso:std:iso:20022:tech:xsd:camt.053.001.08"


@dataclass(frozen=True, slots=True)
class Booking:
    """A line: its day of October, its signed amount, and what it says."""

    day: int
    amount: str
    text: str = "invoice"
    name: str = "Acme Ltd"
    reference: str | None = None


@dataclass(frozen=True, slots=True)
class Statement:
    """A statement of some days of October. The closing balance is right unless it is given."""

    since: int
    until: int
    opening: str
    bookings: Sequence[Booking] = ()
    closing: str | None = None
    number: str = "1"
    currency: str = "EUR"

    @property
    def closes(self) -> Decimal:
        """The closing balance."""
        if self.closing is not None:
            return Decimal(self.closing)
        return sum((Decimal(each.amount) for each in self.bookings), Decimal(self.opening))


def write_camt(*statements: Statement, iban: str = IBAN, more: str = "") -> bytes:
    """Write a CAMT.053 file. `more`: further entries of each statement."""
    inside = "".join(_write_statement(each, iban, more) for each in statements)
    head = "<GrpHdr><MsgId>M</MsgId><CreDtTm>2026-11-02T06:00:00</CreDtTm></GrpHdr>"
    return f'<Document xmlns="{_NAMESPACE}"><BkToCstmrStmt>{head}{inside}</BkToCstmrStmt></Document>'.encode()


def _write_statement(statement: Statement, iban: str, more: str) -> str:
    days = f"<FrDtTm>{_day(statement.since)}T00:00:00</FrDtTm><ToDtTm>{_day(statement.until)}T23:59:59</ToDtTm>"
    balances = _write_balance("OPBD", Decimal(statement.opening), statement.since, statement.currency)
    balances += _write_balance("CLBD", statement.closes, statement.until, statement.currency)
    entries = "".join(write_entry(each, statement.currency) for each in statement.bookings)
    return (
        f"<Stmt><Id>{statement.number}</Id><ElctrncSeqNb>{statement.number}</ElctrncSeqNb><FrToDt>{days}</FrToDt>"
        f"<Acct><Id><IBAN>{iban}</IBAN></Id><Ccy>{statement.currency}</Ccy></Acct>{balances}{entries}{more}</Stmt>"
    )


def write_batch(day: int, amount: str, fee: str, *details: str) -> str:
    """Write a credit whose details are before its fee, so that they do not add up to it."""
    inside = "".join(
        f'<TxDtls><AmtDtls><TxAmt><Amt Ccy="EUR">{each}</Amt></TxAmt></AmtDtls></TxDtls>' for each in details
    )
    return (
        f"<Ntry>{_write_amount(Decimal(amount), 'EUR')}<Sts><Cd>BOOK</Cd></Sts><BookgDt><Dt>{_day(day)}</Dt></BookgDt>"
        f'<ValDt><Dt>{_day(day)}</Dt></ValDt><Chrgs><Rcrd><Amt Ccy="EUR">{fee}</Amt><CdtDbtInd>DBIT</CdtDbtInd></Rcrd>'
        f"</Chrgs><NtryDtls>{inside}</NtryDtls></Ntry>"
    )


def _write_balance(kind: str, amount: Decimal, day: int, currency: str) -> str:
    return (
        f"<Bal><Tp><CdOrPrtry><Cd>{kind}</Cd></CdOrPrtry></Tp>{_write_amount(amount, currency)}"
        f"<Dt><Dt>{_day(day)}</Dt></Dt></Bal>"
    )


def _write_amount(amount: Decimal, currency: str) -> str:
    sign = "DBIT" if amount < 0 else "CRDT"
    return f'<Amt Ccy="{currency}">{abs(amount)}</Amt><CdtDbtInd>{sign}</CdtDbtInd>'


def write_entry(booking: Booking, currency: str = "EUR") -> str:
    """Write an entry with one detail."""
    reference = "" if booking.reference is None else f"<AcctSvcrRef>{booking.reference}</AcctSvcrRef>"
    side = "Cdtr" if booking.amount.startswith("-") else "Dbtr"
    return (
        f"<Ntry>{_write_amount(Decimal(booking.amount), currency)}<Sts><Cd>BOOK</Cd></Sts>"
        f"<BookgDt><Dt>{_day(booking.day)}</Dt></BookgDt><ValDt><Dt>{_day(booking.day)}</Dt></ValDt>{reference}"
        "<BkTxCd><Prtry><Cd>NTRF</Cd></Prtry></BkTxCd><NtryDtls><TxDtls>"
        f"<RltdPties><{side}><Pty><Nm>{booking.name}</Nm></Pty></{side}></RltdPties>"
        f"<RmtInf><Ustrd>{booking.text}</Ustrd></RmtInf></TxDtls></NtryDtls></Ntry>"
    )


def _day(day: int) -> str:
    return f"2026-10-{day:02d}"
