"""Renders the pages. Everything that a page shows is text: no value is ever markup."""

from collections.abc import Callable, Mapping
from datetime import UTC, datetime
from decimal import Decimal
from functools import cache
from importlib.resources import files
from typing import Any

from jinja2 import Environment, PackageLoader, StrictUndefined

from postledger.finance.rules.decision_rule import VERBS
from postledger.notifications.decide_by_link import Decided, Opened
from postledger.notifications.letters import write_amount

_PACKAGE = "postledger.console"
_MOST_LINES = 200
"""The lines that a page lists; the total is over all of them."""
_SUBJECTS = {
    "line": "a conversion", "payee_day": "all of a payee's day", "bill": "a bill",
    "payee_change": "a new payee or bank account",
}  # fmt: skip


def show_code_form(problem: str = "") -> str:
    """Write the page that asks for the code of a mail."""
    return _render("code.html", problem=problem)


def show_request(opened: Opened, code: str) -> str:
    """Write the page of one request, with the form for the decision."""
    request = opened.request
    lines = request["lines"]
    return _render(
        "request.html",
        request=request,
        subject=_SUBJECTS[request["subject"]],
        lines=lines[:_MOST_LINES],
        bill_lines=opened.bill_lines,
        more=max(0, len(lines) - _MOST_LINES),
        totals=_sum(lines),
        login=opened.login,
        deciding_for=opened.deciding_for,
        code=code,
    )


def show_outcome(decided: Decided) -> str:
    """Write the page that confirms a decision."""
    return _render("outcome.html", decided=decided, verb=VERBS[decided.verdict])


def show_problem(title: str, words: str = "") -> str:
    """Write a page that says what is wrong."""
    return _render("problem.html", title=title, words=words)


def read_static(name: str) -> bytes:
    """Read a file that pages load."""
    return files(_PACKAGE).joinpath("static", name).read_bytes()


def _sum(lines: list[dict[str, Any]]) -> Mapping[str, Decimal]:
    totals: dict[str, Decimal] = {}
    for line in lines:
        totals[line["currency"]] = totals.get(line["currency"], Decimal(0)) + line["amount"]
    return totals


def _show_time(moment: datetime) -> str:
    return moment.astimezone(UTC).strftime("%Y-%m-%d %H:%M:%S UTC")


_FILTERS: Mapping[str, Callable[..., str]] = {"time": _show_time, "money": write_amount}


@cache
def _environment() -> Environment:
    environment = Environment(
        loader=PackageLoader(_PACKAGE),
        autoescape=True,
        undefined=StrictUndefined,
        trim_blocks=True,
        lstrip_blocks=True,
        auto_reload=False,
    )
    environment.filters.update(_FILTERS)
    environment.globals["verbs"] = VERBS
    return environment


def _render(name: str, **values: object) -> str:
    return _environment().get_template(name).render(**values)
