"""Writes what followed from a traced conversion: what waits, expense lines, approvals, bills, statements …"""

from collections.abc import Iterator

from postledger.audit.trace import Trace
from postledger.audit.trace_rows import Row
from postledger.cli.output import show
from postledger.finance.rules.decision_rule import VERBS
from postledger.reconciliation.rules.work_item import name_class

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
        yield from _list_payments(bill)
    for delivery in conversion["forwards"]:
        yield "  forward", delivery["created_at"], delivery["receipt"], _describe_delivery(delivery)
        for attempt in delivery["attempts"]:
            yield "   attempt", attempt["at"], f"#{attempt['attempt']}", _describe_attempt(attempt)
    for publication in conversion["publications"]:
        yield "  publish", publication["received_at"], publication["receipt"], _describe_publication(publication)
    yield from _list_statements(conversion)


def _list_statements(conversion: Row) -> Iterator[Line]:
    for line in conversion["report_lines"]:
        yield "  report", line["happened_at"] or line["booked_on"], _name_line(line), _describe_report_line(line)
    for receivable in conversion["receivables"]:
        yield "  owed", receivable["created_at"], receivable["number"], _describe_receivable(receivable)
        yield from _list_payments(receivable)
    yield from _list_items(conversion)


def list_documents(found: Trace) -> Iterator[Line]:
    """List the lines of what an id names beside conversions: report lines, bank lines, bills, receivables."""
    for line in found.report_lines:
        yield "report", line["happened_at"] or line["booked_on"], _name_line(line), _describe_report_line(line)
        yield from _list_items(line)
    for line in found.bank_lines:
        yield "bank", line["booked_on"], _name_line(line), _describe_bank_line(line)
        for part in line["parts"]:
            yield "  part", part["matched_at"], _name_claim(part), _describe_payment(part)
        yield from _list_items(line)
    for bill in found.bills:
        yield "bill", bill["created_at"], bill["number"], _describe_bill(bill)
        yield from _list_payments(bill)
        yield from _list_items(bill)
    for receivable in found.receivables:
        yield "owed", receivable["created_at"], receivable["number"], _describe_receivable(receivable)
        yield from _list_payments(receivable)
        yield from _list_items(receivable)


def _list_payments(claim: Row) -> Iterator[Line]:
    for payment in claim["payments"]:
        yield "   bank", payment["booked_on"], _name_line(payment), _describe_payment(payment)


def _list_items(parent: Row) -> Iterator[Line]:
    for item in parent["discrepancies"]:
        yield "  item", item["opened_at"], str(item["id"]), _describe_item(item)


def _name_line(line: Row) -> str:
    return f"{line['statement_id']}:{line['line_no']}"


def _name_claim(part: Row) -> str:
    return str(part["bill"] or part["receivable"] or part["part"])


def _describe_report_line(line: Row) -> str:
    word = "" if line["status_word"] in (None, line["status"]) else f"({line['status_word']})"
    return _join(
        f"{show(line['amount'])} {line['currency']}",
        " ".join(filter(None, [line["status"], word])),
        *_labelled(line, "source", "transaction_id", "click_id"),
        _describe_match(line["match_state"], line["method"]) if line["method"] else "not matched",
        f"{line['file_name']} of {line['period']:%Y-%m}",
        "" if line["state"] == "current" else "a newer report replaced it",
    )


def _describe_bank_line(line: Row) -> str:
    return _join(
        f"{line['amount']:+f} {line['currency']}",
        *_labelled(line, "account", "statement", "bank_reference", "end_to_end"),
        "pending, no money yet" if line["pending"] else "",
        "returned" if line["reversal"] else "",
        "" if line["parts"] else "not matched",
    )


def _describe_payment(payment: Row) -> str:
    applied = payment["applied_amount"]
    in_other = applied is not None and payment["applied_currency"] != payment["currency"]
    return _join(
        f"{payment['part']} {show(payment['amount'])} {payment['currency']}",
        f"= {show(applied)} {payment['applied_currency']}" if in_other else "",
        "returned" if payment["reversal"] else "",
        _describe_match(payment["state"], payment["method"]),
        *_labelled(payment, "account", "statement", "bank_reference", "end_to_end", "confirmed_by"),
    )


def _describe_match(state: str, method: str) -> str:
    return "matched by hand" if method == "by_hand" else f"{state} by {method}"


def _describe_receivable(receivable: Row) -> str:
    return _join(
        f"{show(receivable['amount'])} {receivable['currency']}",
        f"received {show(receivable['received'])}",
        f"payee={receivable['payee']}",
        f"period={receivable['period']:%Y-%m}",
    )


def _describe_item(item: Row) -> str:
    return _join(
        name_class(item["class"], item["late_class"]),
        f"stake {show(item['stake'])} {item['currency']}",
        item["state"],
        *_labelled(item, "owner"),
        item["resolution"],
    )


def _describe_waiting(change: Row) -> str:
    state = f"set aside: {change['fault']}" if change["fault"] else "no worker has taken this change"
    return f"{change['kind']}  revision={change['revision']}  {state}"


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
        f"paid {show(bill['paid'])}" if bill["paid"] else "",
        f"lines={','.join(f'#{seq}' for seq in bill['lines'])}" if "lines" in bill else "",
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
