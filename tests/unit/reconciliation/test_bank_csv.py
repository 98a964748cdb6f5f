"""Tables of banks, odd as they are, are read to the cent, and proven if they have a balance."""

import io
from datetime import date
from decimal import Decimal

import pytest
from msgspec.structs import replace

from postledger.reconciliation.readers.bank_csv import looks_like_bank_csv, read_bank_csv
from postledger.reconciliation.readers.rows import BadFile
from postledger.reconciliation.rules.balance_proof import prove
from postledger.reconciliation.rules.bank_format import BankFormat
from postledger.reconciliation.rules.statement_lines import BankLine, BankStatement, FaultReason, LineFault

PLAIN = BankFormat({"date": "Date", "amount": "Amount", "balance": "Balance", "text": "Text"}, currency="EUR")
HEADER = "Date,Amount,Balance,Text\n"
Found = tuple[BankStatement, list[BankLine | LineFault]]


def read(content: bytes | str, bank_format: BankFormat = PLAIN) -> list[Found]:
    """Read each statement with its lines."""
    encoded = content.encode(bank_format.encoding) if isinstance(content, str) else content
    return [(found, list(found.lines)) for found in read_bank_csv(io.BytesIO(encoded), bank_format)]


def lines_of(found: Found) -> list[BankLine]:
    """The lines that could be read."""
    return [line for line in found[1] if isinstance(line, BankLine)]


def proof_of(found: Found) -> str:
    """Whether a statement is proven."""
    booked = sum((line.amount for line in lines_of(found) if not line.pending), Decimal(0))
    return prove(found[0].opening, booked, found[0].closing).state


GERMAN = BankFormat(
    {
        "date": "Buchungstag", "value_date": "Valuta", "amount": "Betrag", "currency": "Währung", "balance": "Saldo",
        "text": "Verwendungszweck", "counterparty": "Name", "counterparty_account": "IBAN", "state": "Status",
    },
    delimiter=";", encoding="cp1252", skip_rows=2, skip_last_rows=1, decimal=",", time_formats=("%d.%m.%y", "%d.%m.%Y"),
    states={"booked": ("Umsatz gebucht",), "pending": ("Umsatz vorgemerkt",)},
)  # fmt: skip
GERMAN_FILE = """Konto;DE02120300000000202051
Zeitraum;Oktober
Buchungstag;Valuta;Betrag;Währung;Saldo;Verwendungszweck;Name;IBAN;Status
;;-5,00;EUR;;Kartenzahlung;;;Umsatz vorgemerkt
31.10.26;02.11.2026;1.234,56;EUR;1.200,00;Rechnung 1001;Müller & Söhne;DE02 1203;Umsatz gebucht
30.10.26;30.10.26;-34,56;EUR;-34,56;Gebühr;;;Umsatz gebucht
Kontostand;1.200,00
"""


def test_a_german_table_with_the_newest_row_first_is_proven() -> None:
    [found] = read(GERMAN_FILE, GERMAN)
    pending, first, _ = lines_of(found)

    assert (found[0].opening, found[0].closing, proof_of(found)) == (Decimal(0), Decimal(1200), "proven")
    assert (found[0].since, found[0].until) == (date(2026, 10, 30), date(2026, 10, 31))
    assert (first.line_no, first.amount, first.booked_on, first.valued_on) == (
        5, Decimal("1234.56"), date(2026, 10, 31), date(2026, 11, 2)
    )  # fmt: skip
    assert (first.counterparty, first.counterparty_account) == ("Müller & Söhne", "DE02 1203")
    assert (pending.amount, pending.pending, pending.booked_on) == (Decimal("-5.00"), True, None)


def test_two_rows_of_one_day_are_ordered_by_their_balances() -> None:
    [found] = read(HEADER + "2026-10-01,-5,95,b\n2026-10-01,100,100,a\n")

    assert (found[0].opening, found[0].closing, proof_of(found)) == (Decimal(0), Decimal(95), "proven")


def test_a_missing_row_shows() -> None:
    [found] = read(HEADER + "2026-10-01,100,100,a\n2026-10-03,1,96,c\n")

    assert proof_of(found) == "unproven"


@pytest.mark.parametrize(
    "rows", ["2026-10-01,x,100,a\n2026-10-02,1,101,b\n", "2026-10-02,1,101,b\n2026-10-03,x,100,a\n"]
)
def test_a_row_at_the_edge_that_cannot_be_read_leaves_nothing_proven(rows: str) -> None:
    [found] = read(HEADER + rows)

    assert proof_of(found) == "no_balances"
    assert [line.field for line in found[1] if isinstance(line, LineFault)] == ["amount"]


PAYMENTS = BankFormat(
    {"date": "Date", "amount": "Net", "fee": "Fee", "currency": "Currency", "balance": "Balance", "reference": "ID"},
    time_formats=("%m/%d/%Y %H:%M:%S",),
    timezone="America/Los_Angeles",
)


def test_each_currency_of_a_payment_service_is_a_statement() -> None:
    first, second = read(
        "Date,Net,Fee,Currency,Balance,ID\n"
        "10/31/2026 23:30:00,9.65,-0.35,USD,9.65,X1\n10/31/2026 23:31:00,5.00,0.00,EUR,5.00,X2\n"
        "11/01/2026 01:00:00,1.00,,USD,10.65,X3\n",
        PAYMENTS,
    )

    assert [(found[0].currency, proof_of(found), len(found[1])) for found in (first, second)] == [
        ("USD", "proven", 2),
        ("EUR", "proven", 1),
    ]
    line = lines_of(first)[0]
    assert (line.amount, line.fee, line.bank_reference, line.booked_on) == (
        Decimal("9.65"), Decimal("0.35"), "X1", date(2026, 10, 31)
    )  # fmt: skip


def test_each_account_of_a_file_is_a_statement() -> None:
    found = read(
        "Account,Date,Amount\nA,2026-10-01,1\nB,2026-10-01,2\nA,2026-10-01,3\n",
        BankFormat({"account": "Account", "date": "Date", "amount": "Amount"}, currency="EUR"),
    )

    assert [(statement.account, [line.line_no for line in lines]) for statement, lines in found] == [
        ("A", [2, 4]),
        ("B", [3]),
    ]


@pytest.mark.parametrize(
    ("row", "changes", "amount"),
    [
        ("2026-10-01,12.50,Af", {"signs": {"debit": ("Af",), "credit": ("Bij",)}}, "-12.50"),
        ("2026-10-01,12.50,BIJ", {"signs": {"debit": ("Af",), "credit": ("Bij",)}}, "12.50"),
        ("2026-10-01,-12.50,S", {"signs": {"debit": ("S",), "credit": ("H",)}}, "-12.50"),
        ("2026-10-01,12.50,x", {"signs": {"debit": ("x",)}, "negate": True}, "12.50"),
    ],
)
def test_words_tell_the_sign(row: str, changes: dict[str, object], amount: str) -> None:
    columns = {"date": "Date", "amount": "Amount", "sign": "Sign"}
    [found] = read("Date,Amount,Sign\n" + row, replace(BankFormat(columns, currency="EUR"), **changes))

    assert [line.amount for line in lines_of(found)] == [Decimal(amount)]


@pytest.mark.parametrize(
    ("row", "changes", "amount"),
    [
        ("2026-10-01,12.50,,", {}, "-12.50"),
        ("2026-10-01,0.00,12.50,", {}, "12.50"),
        ("2026-10-01,-12.50,,", {}, "12.50"),  # a debit that is taken back
        ("2026-10-01,-12.50,,", {"negative_debits": True}, "-12.50"),
        ("2026-10-01,12.50,,", {"negate": True}, "12.50"),
        ("2026-10-01,,12.50,0.50", {"subtract_fee": True}, "12.00"),
    ],
)
def test_columns_of_debit_and_credit_are_one_amount(row: str, changes: dict[str, bool], amount: str) -> None:
    columns = {"date": "Date", "debit": "Debit", "credit": "Credit", "fee": "Fee"}
    [found] = read("Date,Debit,Credit,Fee\n" + row, replace(BankFormat(columns, currency="EUR"), **changes))

    assert [line.amount for line in lines_of(found)] == [Decimal(amount)]


@pytest.mark.parametrize(
    ("row", "field", "reason"),
    [
        ("2026-10-01,,,EUR,H", "amount", FaultReason.MISSING_FIELD),
        ("2026-10-01,1,2,EUR,H", "amount", FaultReason.BAD_AMOUNT),
        ('2026-10-01,"1,50",,EUR,H', "debit", FaultReason.BAD_AMOUNT),
        ("2026-13-01,1,,EUR,H", "date", FaultReason.BAD_DATE),
        (",1,,EUR,H", "date", FaultReason.BAD_DATE),
        ("2026-10-01,1,,XYZ,H", "currency", FaultReason.BAD_CURRENCY),
        ("2026-10-01,1,,,H", "currency", FaultReason.MISSING_FIELD),
        ("2026-10-01,1,,EUR,Q", "state", FaultReason.UNKNOWN_STATUS),
        ("2026-10-01,1,,EUR", None, FaultReason.BAD_ROW),
        ("2026-10-01,1,,EUR,H,more", None, FaultReason.BAD_ROW),
    ],
)
def test_a_row_that_cannot_be_read_is_named(row: str, field: str | None, reason: FaultReason) -> None:
    columns = {"date": "Date", "debit": "Debit", "credit": "Credit", "currency": "Currency", "state": "State"}
    [(_, found)] = read(
        f"Date,Debit,Credit,Currency,State\n2026-10-01,1,,EUR,H\n{row}\n",
        BankFormat(columns, states={"booked": ("H",)}),
    )

    assert found[1:] == [LineFault(3, field, reason)]


def test_an_amount_with_a_minus_is_no_credit() -> None:
    bank_format = BankFormat({"date": "D", "amount": "A", "sign": "S"}, currency="EUR", signs={"credit": ("C",)})

    assert read("D,A,S\n2026-10-01,-1,C\n", bank_format)[0][1] == [LineFault(2, "amount", FaultReason.BAD_AMOUNT)]


def test_a_mark_tells_utf16_and_texts_are_cleaned_and_never_refused() -> None:
    content = (HEADER + f'2026-10-01,1,1,"a\x07\n  b{"x" * 20_000}"\n').replace("x" * 20_000, "x" * 9_000)
    [found] = read(content.encode("utf-16"))

    assert (lines_of(found)[0].remittance or "").startswith("a bxxx")


@pytest.mark.parametrize(
    ("content", "why"),
    [
        ("", "no header"),
        (HEADER, "no line"),
        ("Date,Betrag\n2026-10-01,1\n", "no column Amount, Balance, Text"),
        (HEADER + "x,x,x,x\n" * 200, "no line among its first 100"),
    ],
)
def test_a_file_that_does_not_fit_is_refused(content: str, why: str) -> None:
    with pytest.raises(BadFile, match=why):
        read(content)


def test_a_table_is_recognised_by_its_columns() -> None:
    assert looks_like_bank_csv(GERMAN_FILE.encode("cp1252"), GERMAN)
    assert not looks_like_bank_csv(b"Date,Amount\n", PLAIN)
