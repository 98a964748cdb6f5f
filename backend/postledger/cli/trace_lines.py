"""Writes what followed from a traced conversion: what waits, expense lines, approvals, bills, deliveries …"""

from collections.abc import Iterator

from postledger.audit.trace_rows import Row
from postledger.cli.output import show
from postledger.finance.rules.decision_rule import VERBS

Line = tuple[str, object, str, str]  # kind, time, name, the rest


def print_line(kind: str, at: object, name: str, rest: str) -> None:
    """Print one line of a trace. What others wrote, as an ERP its refusal, cannot begin another or move the cursor."""
    line = f"{kind:<11}{show(at)}  {name}  {rest}"
    print("".join(letter if letter.isprintable() else " " for letter in line).rstrip())


def list_consequences(conversion: Row) -> Iterator[Line]:
    """List the lines of what followed, in the order in which it followed."""
    for change in conversion["waiting"]:
        yield "  waiting", change["received_at"], change["receipt"], _describe_waiting(change)
    for line in conversion["lines"]:
        yield "  line", line["created_at"], line["id"], _describe_line(line)
    for approval in conversion["approvals"]:
        yield "  approval", approval["created_at"], approval["id"], _describe_approval(approval)
        for decision in approval["decisions"]:
            yield "   decided", decision["decided_at"], f"#{decision['step'] + 1}", _describe_decision(decision)
    for bill in conversion["bills"]:
        yield "  bill", bill["created_at"], bill["number"], _describe_bill(bill)
        for export in bill["exports"]:
            yield "   export", export["updated_at"], export["target"], _describe_export(export)
    for delivery in conversion["forwards"]:
        yield "  forward", delivery["created_at"], delivery["receipt"], _describe_delivery(delivery)
        for attempt in delivery["attempts"]:
            yield "   attempt", attempt["at"], f"#{attempt['attempt']}", _describe_attempt(attempt)
    for publication in conversion["publications"]:
        yield "  publish", publication["received_at"], publication["receipt"], _describe_publication(publication)


def _describe_waiting(change: Row) -> str:
    return f"{change['kind']}  revision={change['revision']}  no worker has taken this change"


def _describe_line(line: Row) -> str:
    rate = "" if line["rate"] is None or line["rate"] == 1 else f"rate {show(line['rate'])} of {line['rate_on']}"
    base = "" if line["base_amount"] is None else f"{show(line['base_amount'])} {line['base_currency']}"
    return _join(
        f"{line['kind']} #{line['seq']}" + ("" if line["adjusts"] is None else f" of #{line['adjusts']}"),
        f"{line['amount']:+f} {line['currency']} {line['direction']}",
        f"unmapped ({line['unmapped']})" if line["unmapped"] else line["category"],
        f"({_join(base, rate)})" if rate else "",
        *_labelled(line, "payee", "rule", "account"),
        *_labelled(line, "approved_by_rule"),
        f"period={line['period']:%Y-%m}",
        f"cause={line['cause']}",
    )


def _describe_approval(approval: Row) -> str:
    waits = f"waits for {approval['steps'][approval['step']]}" if approval["state"] == "waiting" else ""
    amount = "" if approval["amount"] is None else f"{show(approval['amount'])} {approval['currency']}"
    return _join(
        approval["subject"],
        amount,
        approval["state"],
        waits,
        *_labelled(approval, "rule", "created_by"),
        f"lines={','.join(f'#{seq}' for seq in approval['seqs'])}",
    )


def _describe_decision(decision: Row) -> str:
    by = _join(decision["decided_by"], f"for {decision['decided_for']}" if decision["decided_for"] else "")
    return _join(f"{VERBS[decision['decision']]} by {by}", decision["comment"])


def _describe_bill(bill: Row) -> str:
    return _join(
        f"{show(bill['amount'])} {bill['currency']}",
        bill["state"],
        f"lines={','.join(f'#{seq}' for seq in bill['lines'])}",
        f"payee={bill['payee']}",
        f"period={bill['period']:%Y-%m}",
        *_labelled(bill, "approved_by_rule"),
        f"by={bill['created_by']}",
    )


def _describe_export(export: Row) -> str:
    return _join(export["state"], *_labelled(export, "reference", "fault"), f"attempts={export['attempted']}")


def _describe_delivery(delivery: Row) -> str:
    return _join(
        delivery["forward"],
        delivery["state"],
        _describe_wait(delivery) if delivery["state"] == "waiting" else "",
        f"revision={delivery['revision']}",
        "backfill" if delivery["is_backfill"] else "",
    )


def _describe_wait(delivery: Row) -> str:
    is_held = delivery["behind"] is not None
    return f"behind revision {delivery['behind']}" if is_held else f"due at {show(delivery['due_at'])}"


def _describe_attempt(attempt: Row) -> str:
    answer = f"HTTP {attempt['http_status']}" if attempt["http_status"] is not None else ""
    return _join(answer, attempt["fault"], f"after {attempt['took_ms']} ms")


def _describe_publication(publication: Row) -> str:
    published_at, refusals = publication["published_at"], publication["refusals"]
    return _join(
        "waiting for the broker" if published_at is None else f"published at {show(published_at)}",
        f"revision={publication['revision']}",
        publication["kind"],
        f"refusals={refusals}" if refusals else "",
        "" if publication["due_at"] is None else f"tried again at {show(publication['due_at'])}",
    )


def _labelled(row: Row, *names: str) -> Iterator[str]:
    return (f"{name}={row[name]}" for name in names if row[name] is not None)


def _join(*parts: str | None) -> str:
    return "  ".join(part for part in parts if part)
