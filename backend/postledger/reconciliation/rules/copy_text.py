"""Writes the lines of reports as COPY takes them: a driver that looks at each value is too slow for a million."""

import hashlib

from postledger.reconciliation.rules.statement_lines import ReportLine

_NULL = "\\N"


def write_report_line(statement_id: str, line: ReportLine) -> str:
    """Write one line in the order of `sql/copy_report_lines.sql`."""
    return (
        f"{statement_id}\t{line.line_no}\t{line.amount}\t{line.currency}\t{line.status}\t{_write(line.event)}\t"
        f"{_write(line.transaction_id)}\t{_write(line.click_id)}\t{line.booked_on or _NULL}\t"
        f"{line.happened_at or _NULL}\t{_write(line.status_word)}\t{_NULL if line.fee is None else line.fee}\t"
        f"\\\\x{fingerprint(line)}\n"
    )


def fingerprint(line: ReportLine) -> str:
    """Return a digest of all that a line says: equal lines of a report have equal ones."""
    facts = (
        f"{line.transaction_id}\x1f{line.click_id}\x1f{line.event}\x1f{line.status}\x1f{line.amount.normalize()}\x1f"
        f"{line.currency}\x1f{line.booked_on}\x1f{line.happened_at}"
    )
    return hashlib.sha256(facts.encode()).hexdigest()[:32]


def _write(text: str | None) -> str:
    # Texts are printable, therefore they have no tab and no line break.
    if text is None:
        return _NULL
    return text.replace("\\", "\\\\") if "\\" in text else text
