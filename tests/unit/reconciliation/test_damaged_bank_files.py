"""Damaged bank files are refused, or what can be read of them is what is written there. The seeds are fixed."""

import io
import re
from collections.abc import Iterator
from contextlib import suppress
from decimal import Decimal, InvalidOperation
from random import Random

import pytest
from hypothesis import given
from hypothesis import strategies as st

from postledger.reconciliation.readers.bank_csv import read_bank_csv
from postledger.reconciliation.readers.bank_files import read_bank_file, recognise_bank_file
from postledger.reconciliation.readers.rows import BadFile
from postledger.reconciliation.rules.statement_lines import BankLine, BankStatement
from tests.unit.reconciliation.test_bank_csv import GERMAN, GERMAN_FILE
from tests.unit.reconciliation.test_bank_files import FILES

ROUNDS = 40
SAMPLES = {path.name: path.read_bytes() for path in FILES.iterdir()} | {"german.csv": GERMAN_FILE.encode("cp1252")}
ODD = (
    b"<",
    b">",
    b"&",
    b"&#0;",
    b"\0",
    b"\xff",
    b"\n",
    b":61:",
    b":20:",
    b"1.234,56",
    b"-",
    b",",
    b"9" * 30,
    b"\xf0\x9f\x92\xa9",
)


def damage(random: Random, content: bytes) -> bytes:
    """Damage a file in one to three places."""
    for _ in range(random.randint(1, 3)):
        at, length = random.randrange(len(content) + 1), random.randint(1, 40)
        part = random.choice((b"", bytes([random.randrange(256)]), random.choice(ODD), content[at : at + length] * 2))
        content = content[:at] + part + content[at + random.choice((0, 1, len(part), length)) :]
    return content if random.random() > 0.1 else content[: random.randrange(len(content) + 1)]


def read(name: str, content: bytes) -> Iterator[tuple[BankStatement, BankLine]]:
    """Read the lines of a file whose kind is known by its sample."""
    if name.endswith(".csv"):
        found = read_bank_csv(io.BytesIO(content), GERMAN)
    else:
        kind = recognise_bank_file(SAMPLES[name])
        assert kind is not None
        found = read_bank_file(io.BytesIO(content), kind)
    for statement in found:
        yield from ((statement, line) for line in statement.lines if isinstance(line, BankLine))


def find_numbers(content: bytes) -> set[Decimal]:
    """Find all numbers that are written in a file, with either decimal mark."""
    numbers = set[Decimal]()
    for encoding in ("utf-16", "latin-1"):
        for written in re.findall("[0-9.,]+", content.decode(encoding, errors="replace")):
            for text in (written.replace(",", ""), written.replace(".", "").replace(",", ".")):
                try:
                    numbers.add(Decimal(text))
                except InvalidOperation:
                    continue
    return numbers


@pytest.mark.parametrize("name", sorted(SAMPLES))
def test_a_damaged_file_is_refused_or_read_as_it_is_written(name: str) -> None:
    for seed in range(ROUNDS):
        content = damage(Random(f"{name} {seed}"), SAMPLES[name])  # noqa: S311
        try:
            lines = list(read(name, content))
        except BadFile:
            continue
        written = find_numbers(content)
        assert {abs(line.amount) for _, line in lines} <= written, seed
        assert all(statement.currency in (line.currency, None) for statement, line in lines), seed


@given(st.binary(max_size=300), st.sampled_from(("camt053", "mt940", "ofx")))
def test_any_bytes_are_refused_or_read(content: bytes, kind: str) -> None:
    name = {"camt053": "camt053_pending.xml", "mt940": "mt940_pages.sta", "ofx": "ofx1_sgml.ofx"}[kind]
    with suppress(BadFile):
        list(read(name, content))
