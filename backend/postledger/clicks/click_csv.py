"""Reads a row of a CSV file as a click of another system, and says what is wrong with a bad row."""

from collections.abc import Mapping, Sequence
from datetime import datetime

from postledger.clicks.csv_rows import BadRow
from postledger.decoding.identities import MAX_LENGTH
from postledger.decoding.parameters import SUB_NAMES, read_event_time
from postledger.vocabulary.click import Click
from postledger.vocabulary.refusal import Refused
from postledger.vocabulary.wording import count

_TIME_FORM = "ISO 8601 with an offset, or unix seconds"


class ClickReader:
    """Turns the rows of one file into clicks. `columns` has the position of each column that is read."""

    def __init__(self, columns: Mapping[str, int], width: int, campaigns: Mapping[str, int], now: datetime) -> None:
        self._columns, self._width, self._campaigns, self._now = dict(columns), width, campaigns, now

    def __call__(self, cells: Sequence[str]) -> Click:
        """Read one row. Raises `BadRow`."""
        if len(cells) != self._width:
            raise BadRow(f"has {count(len(cells), 'cell')}; the header has {self._width}")
        row = {name: cells[position].strip() for name, position in self._columns.items()}
        for name, cell in row.items():
            if len(cell) > MAX_LENGTH or not cell.isprintable():
                raise BadRow(_describe_fault(name, cell))
        if not row["click_id"]:
            raise BadRow("click_id is empty; it is required")
        return Click(
            row["click_id"],
            self._read_campaign(row.get("campaign", "")),
            row.get("affiliate_id") or None,
            {name: row[name] for name in SUB_NAMES if row.get(name)} or None,
            self._read_created_at(row.get("created_at", "")),
        )

    def _read_campaign(self, slug: str) -> int | None:
        if not slug:
            return None
        if slug not in self._campaigns:
            raise BadRow("campaign is not the slug of a campaign in force; apply the campaign first")
        return self._campaigns[slug]

    def _read_created_at(self, text: str) -> datetime:
        try:
            return read_event_time(text) if text else self._now
        except Refused:
            raise BadRow(f"created_at must be {_TIME_FORM}, from 2000 to 2100") from None


def _describe_fault(name: str, cell: str) -> str:
    if any(
        "\udc80" <= letter <= "\udcff" for letter in cell
    ):  # "surrogateescape" writes a byte that is not UTF-8 like this
        return f"{name} is not UTF-8"
    return f"{name} must be at most {MAX_LENGTH} printable characters"
