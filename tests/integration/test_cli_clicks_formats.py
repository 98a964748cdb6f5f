"""`clicks import` reads what other trackers export: from pipes, compressed, in other encodings, with other columns."""

import gzip
import os
import subprocess
import sys
import threading
from pathlib import Path

import psycopg
import pytest

from tests.parts.cli import BACKEND, CommandLine

ROWS = "click_id,sub1\nc1,a\nc2,b\n"
TWO = {"rows": 2, "new": 2, "known": 0, "bad": 0}
# Headers of exports, and what names the click in them.
EXPORTS = {
    "keitaro": ("Sub ID;Campaign;Sub ID 1;Datetime;Country", "click_id=sub id,sub1=sub id 1"),
    "voluum": ("Click ID,Campaign name,Custom variable 1,Visit timestamp", "click_id=Click ID,sub1=Custom variable 1"),
    "binom": ("clickid\tcampaign\tt1\tclick_time", "click_id=clickid,sub1=t1,campaign="),
    "redtrack": ("Clickid,Sub1,Campaign,Created At", "click_id=clickid,sub1=Sub1"),
}


def stored(cli: CommandLine) -> list[tuple[object, ...]]:
    """Every click of the ledger and its first label."""
    with psycopg.connect(cli.environment["DATABASE_URL"]) as connection:
        return connection.execute("SELECT click_id, subs ->> 'sub1' FROM clicks ORDER BY click_id").fetchall()


@pytest.mark.parametrize("name", EXPORTS)
def test_an_export_of_another_tracker_is_imported_by_its_own_columns(cli: CommandLine, name: str) -> None:
    header, mapping = EXPORTS[name]
    delimiter = next(one for one in ";\t," if one in header)
    width = header.count(delimiter) + 1
    rows = "\n".join(delimiter.join([f"c{number}", *("x" for _ in range(width - 1))]) for number in (1, 2))

    ran = cli("clicks", "import", cli.write("export.csv", f"{header}\n{rows}\n"), "--map", mapping, "--json")

    assert ran.facts == TWO
    assert stored(cli) == [("c1", "x"), ("c2", "x")]


def test_standard_input_is_read(cli: CommandLine) -> None:
    assert cli("clicks", "import", "-", "--json", stdin=ROWS).facts == TWO


def test_a_compressed_file_is_read(cli: CommandLine) -> None:
    assert cli("clicks", "import", cli.write("clicks.csv.gz", gzip.compress(ROWS.encode())), "--json").facts == TWO


@pytest.mark.parametrize(
    "content", [gzip.compress(ROWS.encode() * 1000)[:-30], b"\x1f\x8bnothing"], ids=["cut off", "no gzip"]
)
def test_a_damaged_compressed_file_is_one_clear_line(cli: CommandLine, content: bytes) -> None:
    ran = cli("clicks", "import", cli.write("clicks.csv.gz", content))

    assert ran.code == 1
    assert "clicks.csv.gz: " in ran.err.splitlines()[-1]


def test_a_fifo_is_read_to_its_end(cli: CommandLine, tmp_path: Path) -> None:
    fifo = tmp_path / "clicks.fifo"
    os.mkfifo(fifo)
    writer = threading.Thread(target=_write_slowly, args=(fifo,))
    writer.start()

    counts = cli("clicks", "import", str(fifo), "--json").facts

    writer.join()
    assert counts == TWO


def _write_slowly(fifo: Path) -> None:
    """Write in small parts, which a reader may receive one by one."""
    with fifo.open("wb", buffering=0) as opened:
        for start in range(0, len(ROWS), 5):
            opened.write(ROWS.encode()[start : start + 5])


def test_a_pipe_of_the_shell_is_read(cli: CommandLine) -> None:
    ran = subprocess.run(
        [sys.executable, "-m", "postledger", "clicks", "import", "/dev/stdin"],
        input=ROWS,
        env={"PATH": os.environ["PATH"], "PYTHONPATH": str(BACKEND), **cli.environment},
        cwd=cli.directory,
        capture_output=True,
        text=True,
        check=False,
    )

    assert (ran.returncode, ran.stdout) == (0, "2 rows: 2 new, 0 known, 0 bad\n")


@pytest.mark.parametrize(
    ("content", "options"),
    [
        (ROWS.encode("utf-16"), []),
        (ROWS.encode("utf-8-sig"), []),
        (ROWS.replace(",", ";").encode(), []),
        (ROWS.replace(",", "\t").encode(), ["--delimiter", "tab"]),
        (ROWS.replace(",", "^").encode(), ["--delimiter", "^"]),
        (ROWS.replace("a", "é").encode("cp1252"), ["--encoding", "cp1252"]),
    ],
)
def test_encoding_and_delimiter_are_detected_or_given(cli: CommandLine, content: bytes, options: list[str]) -> None:
    assert cli("clicks", "import", cli.write("clicks.csv", content), *options, "--json").facts == TWO


@pytest.mark.parametrize(
    ("content", "options", "fault"),
    [
        (b"click_id;sub1\nc\xe91;a\n", [], "1 bad row skipped (read as utf-8, delimiter semicolon)"),
        (ROWS.encode("utf-16")[:-1], [], "is not utf-16; give the --encoding of the file"),
        (ROWS.encode(), ["--encoding", "klingon"], "the encoding is unknown"),
        (ROWS.encode(), ["--encoding", "base64"], "the encoding is unknown"),
        (ROWS.encode(), ["--delimiter", "ab"], "the delimiter must be one character"),
        (ROWS.encode(), ["--map", "click=x"], "map must be NAME=COLUMN"),
        (ROWS.encode(), ["--map", "click_id=x", "--map", "click_id=y"], "map names click_id twice"),
        (ROWS.encode(), ["--map", "click_id=nope"], 'the header has no "nope", which --map names'),
    ],
)
def test_what_cannot_be_read_is_one_clear_line(
    cli: CommandLine, content: bytes, options: list[str], fault: str
) -> None:
    ran = cli("clicks", "import", cli.write("clicks.csv", content), *options)

    assert ran.code == 1
    assert fault in ran.err.splitlines()[-1]
