"""`clicks import` stores click ids of another system and reports the line of every bad row."""

import psycopg
import pytest

from tests.parts.cli import CommandLine
from tests.parts.sources import add_campaign


def stored(cli: CommandLine) -> list[tuple[object, ...]]:
    """All clicks of the ledger."""
    with psycopg.connect(cli.environment["DATABASE_URL"]) as connection:
        return connection.execute(
            "SELECT click_id, campaign_id, affiliate_id, subs FROM clicks ORDER BY click_id"
        ).fetchall()


def test_clicks_are_stored_with_every_column_of_the_file(cli: CommandLine) -> None:
    campaign_id = add_campaign(cli.environment["DATABASE_URL"], "spring")
    file = cli.write(
        "clicks.csv",
        b"\xef\xbb\xbfclick_id,campaign,affiliate_id,sub1,sub10,created_at\r\n"
        b'c1,spring,456,a,"b,c",2026-11-01T12:00:00+02:00\r\nc2,,,,,\r\n\r\nc\xc3\xa93,spring,,,,1790000000\r\n',
    )

    counts = cli("clicks", "import", file, "--json").facts

    assert counts == {"rows": 3, "new": 3, "known": 0, "bad": 0}
    assert stored(cli) == [
        ("c1", campaign_id, "456", {"sub1": "a", "sub10": "b,c"}),
        ("c2", None, None, None),
        ("cé3", campaign_id, None, None),
    ]


def test_a_repeat_is_harmless(cli: CommandLine) -> None:
    first = cli.write("first.csv", "click_id,sub1\nc1,original\nc2,x\nc1,again\n")

    once, twice = cli("clicks", "import", first, "--json").facts, cli("clicks", "import", first, "--json").facts

    assert once == {"rows": 3, "new": 2, "known": 1, "bad": 0}
    assert twice == {"rows": 3, "new": 0, "known": 3, "bad": 0}
    assert [row[0] for row in stored(cli)] == ["c1", "c2"]


def test_bad_rows_are_reported_by_line_and_good_ones_stored(cli: CommandLine) -> None:
    rows = [
        b"good-1,,,", b",,,", b"x" * 256 + b",,,", b"tab\there,,,", b"\xff\xfe,,,", b"c,no-such,,", b"c,,,2026-01-01",
        b"too,few", b'"quote"d,,,', b'"two\nlines",,,', b"nul\0,,,", b"good-2,,,",
    ]  # fmt: skip
    file = cli.write("clicks.csv", b"click_id,campaign,sub1,created_at\n" + b"\n".join(rows))

    ran = cli("clicks", "import", file)
    told = {line.partition(": ")[0]: line for line in ran.err.splitlines()}

    assert ran.code == 1
    assert [name for name in told if name.startswith("line")] == [f"line {number}" for number in (*range(3, 12), 13)]
    assert "not UTF-8" in told["line 6"]
    assert "campaign" in told["line 7"]
    assert "created_at" in told["line 8"]
    last = "10 bad rows skipped (read as utf-8, delimiter comma); correct the file and import it again"
    assert ran.err.splitlines()[-1].endswith(last)
    assert [row[0] for row in stored(cli)] == ["good-1", "good-2"]


@pytest.mark.parametrize(
    ("content", "fault"),
    [
        ("", "the header is missing"),
        ("campaign\nspring\n", "no column is click_id; name the column that is, such as --map click_id=COLUMN"),
        ("subid;color\na;b\n", "The columns are subid, color (read as utf-8, delimiter semicolon)"),
        ("click_id,click_id\na,b\n", 'the header has "click_id" twice'),
    ],
)
def test_an_unknown_header_stops_the_import(cli: CommandLine, content: str, fault: str) -> None:
    ran = cli("clicks", "import", cli.write("clicks.csv", content))

    assert ran.code == 1
    assert len(ran.err.splitlines()) == 1
    assert fault in ran.err


def test_every_row_of_several_portions_is_stored(cli: CommandLine) -> None:
    rows = "".join(f"click-{number}\n" for number in range(45_000))

    counts = cli("clicks", "import", cli.write("clicks.csv", "click_id\n" + rows), "--json").facts

    assert counts == {"rows": 45_000, "new": 45_000, "known": 0, "bad": 0}
    assert len(stored(cli)) == 45_000
