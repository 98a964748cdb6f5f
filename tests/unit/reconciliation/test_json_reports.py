"""Reports in JSON: numbers go by their value, and what is no text, number or object is a fault of its line."""

import io
from decimal import Decimal

import pytest
from msgspec.structs import replace

from postledger.reconciliation.readers.report_rows import ReportContent, read_column_names
from postledger.reconciliation.readers.rows import BadFile
from postledger.reconciliation.rules.read_report_line import has_columns
from postledger.reconciliation.rules.statement_lines import FaultReason, LineFault, ReportLine
from postledger.vocabulary.statuses import Status
from tests.unit.reconciliation.test_report_lines import PLAIN, line_of, read

COLUMNS = {"transaction_id": "oid", "click_id": "sub", "event": "goal", "amount": "pay", "currency": "cur"}
JSON = replace(PLAIN, kind="json", columns=COLUMNS)
STATES = replace(JSON, columns={**COLUMNS, "status": "state"}, statuses={Status.APPROVED: ("true", "1")})


def read_one(oid: str = '"T"', pay: str = "1", cur: str = '"USD"', more: str = "") -> ReportLine | LineFault:
    """Read one object of raw values."""
    [line] = read(f'{{"oid": {oid}, "pay": {pay}, "cur": {cur}{more}}}\n'.encode(), JSON)
    return line


@pytest.mark.parametrize(
    ("written", "found"),
    [
        ("1.5e3", "1500"),
        ("45000.0", "45000"),
        ("12345678901234567890", "12345678901234567890"),
        ("1.5", "1.5"),
        ('"1.5e3"', "1.5e3"),
    ],
)
def test_a_number_is_the_same_id_as_in_excel(written: str, found: str) -> None:
    assert line_of(read_one(oid=written)).transaction_id == found


@pytest.mark.parametrize("written", ["1.234567890123457E+19", "1e99", "1e-99", f"1.{'0' * 40}1"])
def test_a_number_that_lost_digits_is_no_id(written: str) -> None:
    assert read_one(oid=written) == LineFault(1, "transaction_id", FaultReason.LOST_DIGITS)


@pytest.mark.parametrize(
    "written", ["[1]", "{}", "true", "false", "NaN", "Infinity", "1e99999999999999999999", "1e-999999999"]
)
def test_what_is_no_text_and_no_number_is_a_fault_of_its_field(written: str) -> None:
    bad = {
        "transaction_id": (read_one(oid=written), FaultReason.BAD_TEXT),
        "click_id": (read_one(more=f', "sub": {written}'), FaultReason.BAD_TEXT),
        "event": (read_one(more=f', "goal": {written}'), FaultReason.BAD_EVENT),
        "amount": (read_one(pay=written), FaultReason.BAD_AMOUNT),
        "currency": (read_one(cur=written), FaultReason.BAD_CURRENCY),
    }

    assert {field: found for field, (found, _) in bad.items()} == {
        field: LineFault(1, field, reason) for field, (_, reason) in bad.items()
    }


@pytest.mark.parametrize(
    ("written", "amount"), [("1e2", "100"), ("1.25E1", "12.5"), ("-0.5", "-0.5"), ("0.1000000", "0.1")]
)
def test_each_number_of_json_is_an_amount(written: str, amount: str) -> None:
    line = line_of(read_one(pay=written))

    assert line.amount == Decimal(amount)
    assert "E" not in str(line.amount)


@pytest.mark.parametrize("written", ["0.1234567", "1e12", "1e-999999999", '"1e2"'])
def test_an_amount_is_not_rounded(written: str) -> None:
    assert read_one(pay=written) == LineFault(1, "amount", FaultReason.BAD_AMOUNT)


def test_a_decimal_comma_does_not_move_the_point_of_a_number() -> None:
    [line] = read(b'{"oid": "T", "pay": 1.234, "cur": "EUR"}', replace(JSON, decimal=","))

    assert line_of(line).amount == Decimal("1.234")


@pytest.mark.parametrize(
    "twice", ['"pay": 1, "pay": 2, "cur": "USD"', '"pay": 1, "cur": "USD", "more": {"a": {"b": 1, "b": 1}}']
)
def test_a_key_that_stands_twice_is_a_fault_of_its_line(twice: str) -> None:
    content = f'{{"oid": "A", {twice}}}\n{{"oid": "B", "pay": 3, "cur": "USD"}}\n'.encode()

    first, second = read(content, JSON)

    assert first == LineFault(1, None, FaultReason.BAD_ROW)
    assert line_of(second).transaction_id == "B"


@pytest.mark.parametrize(
    ("keys", "fits"),
    [
        ('"oid": null, "pay": [], "cur": 7, "state": {}', True),
        ('"sub": "c", "pay": 1, "cur": "USD", "state": "1"', True),
        ('"pay": 1, "cur": "USD", "state": "1"', False),
        ('"oid": "T", "cur": "USD", "state": "1"', False),
        ('"oid": "T", "pay": 1, "cur": "USD"', False),
        ('"oid": "T", "pay": 1, "state": "1"', False),
    ],
)
def test_a_format_fits_by_the_keys_that_no_line_can_lack(keys: str, fits: bool) -> None:
    content = ReportContent(io.BytesIO(f"null\n{{{keys}}}\n".encode()))

    assert has_columns(STATES, read_column_names(content, STATES)) is fits


def test_a_key_within_an_object_is_found_and_a_default_is_no_key() -> None:
    form = replace(JSON, columns={"transaction_id": "order.id", "amount": "pay", "currency": "cur"}, currency="EUR")
    content = ReportContent(io.BytesIO(b'[{"order": {"id": "T"}, "pay": 1}, {"order": 1}]'))

    assert has_columns(form, read_column_names(content, form))


def test_two_arrays_of_one_name_are_no_guess() -> None:
    with pytest.raises(BadFile, match="a key twice"):
        read(b'{"data": [], "data": [{"oid": "T", "pay": 1, "cur": "USD"}]}', replace(JSON, rows="data"))


def test_a_state_can_be_true_and_true_is_not_one() -> None:
    content = '{"oid": "A", "pay": 1, "cur": "USD", "state": %s}\n'

    lines = read("".join(content % each for each in ("1", "true", "1.0")).encode(), STATES)

    assert [line_of(line).status_word for line in lines] == ["1", "true", "1"]
    [fault] = read((content % "[1]").encode(), STATES)
    assert fault == LineFault(1, "status", FaultReason.UNKNOWN_STATUS)
