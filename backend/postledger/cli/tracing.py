"""`trace`: prints everything that belongs to one id, from the click to the ledger and what followed from it."""

from typing import Annotated, Any

import msgspec
import typer

from postledger.audit.trace import Trace, trace_sandbox
from postledger.audit.trace import trace as find_trace
from postledger.audit.trace_rows import Row
from postledger.cli.connections import open_ledger
from postledger.cli.output import AsJson, join_reason, print_json, show
from postledger.cli.trace_lines import list_consequences, list_documents, print_line


def trace(
    context: typer.Context,
    searched: Annotated[
        str,
        typer.Argument(
            metavar="ID", help="A receipt, a transaction id, a click id, the number of a bill, or a bank's reference."
        ),
    ],
    sandbox: Annotated[bool, typer.Option("--sandbox", help="Search the sandbox instead of the ledger.")] = False,
    as_json: AsJson = False,
) -> None:
    """Show what belongs to an id: click, postbacks, conversion, expense lines, bills, report and bank lines …"""
    with open_ledger(context) as connection:
        found = trace_sandbox(connection, searched) if sandbox else find_trace(connection, searched)
    if as_json:
        print_json(msgspec.structs.asdict(found))
    else:
        _print(found)


def _print(found: Trace) -> None:
    for click in found.clicks:
        notes = ", ".join(f"{name} ({cause})" for name, cause in (click["label_notes"] or {}).items())
        rest = _labelled(click, "campaign", "affiliate_id") + (f"  labels cut or left out: {notes}" if notes else "")
        print_line("click", click["created_at"], click["click_id"], rest)
    for postback in found.postbacks:
        print_line("postback", postback["received_at"], postback["id"], _describe_postback(postback))
    for conversion in found.conversions:
        print_line("conversion", conversion["created_at"], conversion["id"], _describe_conversion(conversion))
        for event in conversion["events"]:
            print_line(
                "  event", event["received_at"], event["receipt"], f"{event['verdict']}  {_describe_money(event)}"
            )
        for change in conversion["changes"]:
            print_line("  change", change["received_at"], change["receipt"], _describe_change(change))
        for parked in conversion["parked"]:
            print_line("  parked", parked["received_at"], parked["receipt"], _describe_parked(parked))
        for consequence in list_consequences(conversion):
            print_line(*consequence)
    for document in list_documents(found):
        print_line(*document)


def _describe_postback(postback: Row) -> str:
    reason = join_reason(postback)
    verdict = f"{postback['verdict']} ({reason})" if reason else str(postback["verdict"])
    return "  ".join(
        part
        for part in (verdict, postback["method"], _describe_secret(postback), _describe_money(postback),
                     _labelled(postback, "source", "transaction_id", "click_id"), _describe_labels(postback),
                     f"replay of {postback['replay_of']}" if postback["replay_of"] else "")
        if part
    )  # fmt: skip


def _describe_labels(postback: Row) -> str:
    notes = postback["label_notes"] or {}
    return f"labels cut or left out: {', '.join(f'{name} ({cause})' for name, cause in notes.items())}" if notes else ""


def _describe_secret(postback: Row) -> str:
    if postback["secret_id"] is None:
        return "no secret"
    position = postback["secret_position"]
    return f"secret #{postback['secret_id']} ({'no longer live' if position is None else f'position {position}'})"


def _describe_conversion(conversion: Row) -> str:
    conflicted = f"  conflict at {show(conversion['conflicted_at'])}" if conversion["conflicted_at"] else ""
    unsigned = f"  unsigned: {', '.join(conversion['unsigned'])}" if conversion["unsigned"] else ""
    labels = _labelled(conversion, "source", "transaction_id", "click_id", "campaign", "affiliate_id")
    return f"{_describe_money(conversion)}  {labels}{_describe_click(conversion)}{unsigned}{conflicted}"


def _describe_click(row: Row) -> str:
    return "  click_shed: its click was not stored" if row["click_shed"] else ""


def _describe_money(row: dict[str, Any]) -> str:
    return " ".join(show(row[name]) for name in ("event", "status", "payout", "currency") if row[name] is not None)


def _describe_change(change: Row) -> str:
    of = f"of {change['reverses']}" if change["reverses"] else ""
    delta = "" if change["delta"] is None else f"{change['delta']:+f} {change['currency'] or ''}".rstrip()
    before, after = change["status_before"], change["status_after"]
    status = f"{before} → {after}" if before != after else ""
    revision = f"revision={change['revision']}" if change["revision"] else ""
    return "  ".join(part for part in (change["kind"], status, delta, of, revision) if part)


def _describe_parked(parked: Row) -> str:
    amount = "all" if parked["payout"] is None else f"{show(parked['payout'])} {parked['currency'] or ''}".rstrip()
    described = f"{amount}  {_labelled(parked, 'transaction_id')}".rstrip()
    if parked["settled_at"] is not None:
        return f"{described}  {parked['outcome']} by {parked['settled_by']} at {show(parked['settled_at'])}"
    return (
        f"{described}  not booked: the source reversed more in an hour than its reversal_guard allows; run:"
        f" postledger conversions release {parked['receipt']} (or discard)"
    )


def _labelled(row: Row, *names: str) -> str:
    return "  ".join(f"{name.removesuffix('_id')}={row[name]}" for name in names if row[name] is not None)
