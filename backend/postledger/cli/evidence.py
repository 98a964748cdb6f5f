"""`evidence`: gathers all that belongs to a work item or an id, as proof for a dispute: JSON, or one HTML page."""

from collections.abc import Sequence
from datetime import UTC, datetime
from pathlib import Path
from typing import Annotated

import msgspec
import typer

from postledger.audit.evidence.gather import Evidence, gather_evidence
from postledger.audit.evidence.page import write_page
from postledger.cli.connections import LONG_STATEMENT_TIMEOUT_MS, open_ledger
from postledger.cli.file_output import write_file
from postledger.cli.output import AsJson, print_json, print_table
from postledger.vocabulary.wording import count


def evidence(
    context: typer.Context,
    searched: Annotated[
        str, typer.Argument(metavar="ID", help="The id of a work item; or a receipt, transaction id or click id.")
    ],
    *,
    html: Annotated[
        Path | None,
        typer.Option("--html", metavar="FILE", help="Write one HTML file, which needs no other one. - prints it."),
    ] = None,
    external: Annotated[
        bool,
        typer.Option("--external", help="For the other party: without expense lines, approvals, bills and notes."),
    ] = False,
    as_json: AsJson = False,
) -> None:
    """Gather click, postbacks with their signature check, conversion, lines, report or bank line, and audit proof."""
    with open_ledger(context, statement_timeout_ms=LONG_STATEMENT_TIMEOUT_MS) as connection:
        found = gather_evidence(connection, searched, datetime.now(UTC), external=external)
    if html is not None:
        write_file(html, write_page(found))
    if as_json:
        print_json(msgspec.structs.asdict(found) | {"audit": msgspec.to_builtins(found.audit)})
    elif html is None:
        _print(found)
    elif str(html) != "-":
        print(f"the evidence of {searched} is in {html}")


def _print(found: Evidence) -> None:
    counted: list[tuple[str, Sequence[object]]] = [
        ("clicks", found.clicks), ("postbacks", found.postbacks), ("conversions", found.conversions),
        ("report lines", _list_all(found, "report_lines")), ("bank lines", found.bank_lines),
        ("bills", _list_all(found, "bills")), ("receivables", _list_all(found, "receivables")),
        ("entries of the audit chain", found.audit.entries),
    ]  # fmt: skip
    print_table(("part", "rows"), [(name, len(rows)) for name, rows in counted])
    valid = sum(row["signature"]["result"] == "valid" for row in found.postbacks)
    print(f"{count(valid, 'postback')} with a valid signature; --html FILE and --json have everything")


def _list_all(found: Evidence, part: str) -> list[object]:
    return [*(row for each in found.conversions for row in each.get(part, ())), *getattr(found, part)]
