"""Files of bills: whole or not at all, never outside of their folder."""

import os
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from postledger.finance.exports.file_target import FileTarget, name_file
from postledger.finance.exports.target import ExportedBill, Failed, Sent
from tests.parts.exporting import make_bill

BILL = make_bill()


def write(bill: ExportedBill) -> bytes:
    return bill.payee_name.encode()


def test_a_bill_is_a_file_that_others_cannot_read(tmp_path: Path) -> None:
    assert FileTarget(tmp_path / "a" / "b", "csv", write).send(BILL, find_first=False) == Sent(f"{BILL.number}.csv")

    (file,) = (tmp_path / "a" / "b").iterdir()
    assert (file.name, file.read_bytes(), file.stat().st_mode & 0o007) == (f"{BILL.number}.csv", b"Affiliate 456", 0)


def test_written_again_it_is_the_same_file(tmp_path: Path) -> None:
    target = FileTarget(tmp_path, "csv", write)
    target.send(BILL, find_first=False)
    target.send(BILL, find_first=True)

    assert [path.name for path in tmp_path.iterdir()] == [f"{BILL.number}.csv"]


def test_a_failure_leaves_the_old_file_and_no_other(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    def fail(_descriptor: int) -> None:
        raise OSError(28, "No space left on device")

    target = FileTarget(tmp_path, "csv", write)
    target.send(BILL, find_first=False)
    monkeypatch.setattr(os, "fsync", fail)
    changed = make_bill(payee_name="Affiliate Ltd")

    assert target.send(changed, find_first=False) == Failed("enospc")
    assert [(path.name, path.read_bytes()) for path in tmp_path.iterdir()] == [(f"{BILL.number}.csv", b"Affiliate 456")]


@pytest.mark.parametrize("number", ["../../etc/passwd", "/etc/passwd", "..", ".hidden", "", "a\0b", "x" * 500, "ä/ö"])
def test_a_number_never_leads_out_of_the_folder(tmp_path: Path, number: str) -> None:
    (tmp_path / "bills").mkdir()

    outcome = FileTarget(tmp_path / "bills", "csv", write).send(make_bill(number=number), find_first=False)

    assert isinstance(outcome, Sent)
    assert [path.name for path in tmp_path.iterdir()] == ["bills"]
    assert [path.name for path in (tmp_path / "bills").iterdir()] == [outcome.reference]


@given(st.text(max_size=300), st.text(max_size=300))
def test_two_numbers_never_have_one_file(one: str, other: str) -> None:
    assert (name_file(one) == name_file(other)) == (one == other)
