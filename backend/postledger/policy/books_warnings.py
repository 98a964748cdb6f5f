"""Finds what an operator must do or know after the settings of the books have changed. Pure."""

from datetime import UTC, datetime

from postledger.decoding.toml_table import Fault
from postledger.policy.config_file import Configuration
from postledger.policy.diff import Stored


def find_books_warnings(target: Configuration, stored: Stored, last_line_at: datetime | None) -> list[Fault]:
    """Find the warnings for a file. `last_line_at` is when the last expense line was written, None if there is none."""
    if target.finance is None or last_line_at is None:
        return []
    before = stored.in_force.finance
    if before is None:
        return [_warn_of_a_gap(last_line_at)]
    if before.base_currency != target.finance.base_currency:
        return [_warn_of_another_base(before.base_currency)]
    return []


def _warn_of_a_gap(last_line_at: datetime) -> Fault:
    day = f"{last_line_at.astimezone(UTC):%F}"
    message = (
        f"opens the books again; their last line is of {day}, and changes made while they were closed have no lines"
        f" yet; run postledger expenses backfill --since {day}, or an earlier day if conversions from before then were"
        " approved meanwhile"
    )
    return Fault("finance", "", message)


def _warn_of_another_base(before: str) -> Fault:
    message = f"the lines so far keep their base amounts in {before}; do not add them to those of new lines"
    return Fault("finance", "base_currency", message)
