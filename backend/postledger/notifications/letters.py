"""Writes the mails: plain text, one idea a line. Pure."""

from collections.abc import Sequence
from datetime import UTC, datetime
from decimal import Decimal

import msgspec

from postledger.notifications.facts import ExportRefused, Facts, ForwardOff, WaitingRequest

_SUBJECTS = {
    "line": "a conversion's commission",
    "payee_day": "a payee's day",
    "bill": "a bill",
    "payee_change": "a new or changed payee",
}
_CENT = Decimal("0.01")
_MOST_CATEGORIES = 5


class Letter(msgspec.Struct, frozen=True):
    """The subject and the text of a mail."""

    subject: str
    text: str


class Link(msgspec.Struct, frozen=True):
    """The link of one request for one user: the page, the code that opens it, and until when."""

    page: str
    token: str
    until: datetime

    @property
    def url(self) -> str:
        """What a click opens. What stands behind # is never sent to a server by itself."""
        return f"{self.page}#{self.token}"


class Item(msgspec.Struct, frozen=True):
    """One thing that is told: its facts, whether it is a reminder, and the link of a request."""

    facts: Facts
    is_reminder: bool = False
    link: Link | None = None


def write_letter(item: Item) -> Letter:
    """Write the mail of one notification."""
    match item.facts:
        case WaitingRequest() as request:
            return _write_request(request, item)
        case ForwardOff() as off:
            return _write_forward_off(off)
        case ExportRefused() as refused:
            return _write_refusal(refused)


def write_digest(items: Sequence[Item], total: int, login: str) -> Letter:
    """Write one mail about many notifications: the first ones with their links, and how to see the others."""
    parts = [_summarize(item) for item in items]
    if total > len(items):
        parts.append(f"And {total - len(items)} more. See those that wait for you:\n  {_list_command(login)}")
    return Letter(f"Postledger: {total} notifications", "\n\n".join(parts) + "\n")


def write_amount(amount: Decimal, currency: str) -> str:
    """Write an amount with at least two decimals, and with all that it has."""
    exact = amount.normalize()
    shown = exact.quantize(_CENT) if exact == exact.quantize(_CENT) else exact
    return f"{shown:f} {currency}"


def _write_request(request: WaitingRequest, item: Item) -> Letter:
    verb = "still waits" if item.is_reminder else "waits"
    title = f"{'Reminder: a' if item.is_reminder else 'A'}pproval {verb}: {_name_payee(request)}"
    facts = [f"  {name + ':':<10}{value}" for name, value in _list_facts(request) if value]
    parts = [f"This {verb} for your decision.", "\n".join(facts), *_write_link(item.link)]
    parts.append(f"On the command line: postledger approvals show {request.id}")
    return Letter(title, "\n\n".join(parts) + "\n")


def _list_facts(request: WaitingRequest) -> list[tuple[str, str | None]]:
    amount = None if request.amount is None or request.currency is None else (request.amount, request.currency)
    return [
        ("What", _SUBJECTS[request.subject] + (f", {request.bill}" if request.bill else "")),
        ("Payee", _name_payee(request) if request.payee else None),
        ("Category", _write_categories(request.categories or ())),
        ("Amount", None if amount is None else write_amount(*amount)),
        ("Step", f"{request.step + 1} of {len(request.steps)}, {request.steps[request.step]}"),
        ("Rule", request.rule),
        ("Since", _write_time(request.created_at)),
        ("Request", request.id),
    ]


def _write_link(link: Link | None) -> list[str]:
    if link is None:
        return []
    return [
        f"Decide:\n{link.url}",
        f"The link is for you alone. It decides once, until {_write_time(link.until)}.",
        f"If it opens without the request, enter this code at {link.page}:\n{link.token}",
    ]


def _write_forward_off(off: ForwardOff) -> Letter:
    text = (
        f"The forward {off.forward} is switched off. Its deliveries wait until it is resumed.\n\n"
        f"  postledger forwards test {off.forward}\n  postledger forwards resume {off.forward}\n"
    )
    return Letter(f"Forward switched off: {off.forward}", text)


def _write_refusal(refused: ExportRefused) -> Letter:
    text = (
        f"{refused.target} refuses the bill {refused.number}. It is not sent again until a person has acted.\n\n"
        f"What it says:\n  postledger export list\n\n"
        f"Once the cause is removed:\n  postledger export retry {refused.number}\n"
    )
    return Letter(f"Export refused: {refused.number} by {refused.target}", text)


def _summarize(item: Item) -> str:
    match item.facts:
        case WaitingRequest() as request:
            amount = (
                ""
                if request.amount is None or request.currency is None
                else write_amount(request.amount, request.currency)
            )
            told = [_name_payee(request), _SUBJECTS[request.subject], amount, request.steps[request.step]]
            lines = [", ".join(filter(None, told)), item.link.url if item.link else request.id]
            return "\n".join(lines)
        case ForwardOff() as off:
            return f"Forward switched off: {off.forward}"
        case ExportRefused() as refused:
            return f"Export refused: {refused.number} by {refused.target}"


def _name_payee(request: WaitingRequest) -> str:
    if request.payee is None:
        return _SUBJECTS[request.subject]
    if request.payee_name is None or request.payee_name == request.payee:
        return _show(request.payee)
    return f"{_show(request.payee_name)} ({_show(request.payee)})"


def _show(text: str) -> str:
    """Return a text as one line, because a line break would begin a header of the mail."""
    return "".join(letter if letter.isprintable() else " " for letter in text)


def _write_categories(categories: Sequence[str]) -> str:
    shown, more = list(categories[:_MOST_CATEGORIES]), len(categories) - _MOST_CATEGORIES
    return ", ".join(shown + ([f"{more} more"] if more > 0 else []))


def _write_time(moment: datetime) -> str:
    return f"{moment.astimezone(UTC):%Y-%m-%d %H:%M} UTC"


def _list_command(login: str) -> str:
    return f"postledger approvals list --waiting-for {login}"
