"""Bills for tests of the export to Tryton, and targets that send them to its server."""

from datetime import date
from decimal import Decimal
from itertools import count
from typing import Any
from uuid import uuid4

from msgspec.structs import replace

from postledger.finance.exports.target import ExportedBill, ExportedLine, Outcome
from postledger.finance.exports.tryton import TrytonTarget
from postledger.finance.rules.export_settings import ExportSettings
from postledger.outgoing.connect import Network, trust_system
from tests.parts.tryton import LOGIN, PASSWORD, Tryton
from tests.parts.waiting import HANGS_AFTER_S

SECRETS = {"login": LOGIN, "password": PASSWORD}
_numbers = count(1)


def make_target(tryton: Tryton, *, password: str = PASSWORD, **settings: Any) -> TrytonTarget:
    """A target that gives the server the time that it needs on a busy machine."""
    common = ExportSettings("erp", "tryton", None, tryton.url, tryton.database, "2110", "expense", HANGS_AFTER_S, True)
    secrets = {**SECRETS, "password": password}
    return TrytonTarget(replace(common, **settings), secrets, Network(lambda *_: ["127.0.0.1"], trust_system()))


def make_bill(*amounts: str, **fields: Any) -> ExportedBill:
    """A bill with a number of its own, and a line for each amount."""
    lines = [
        ExportedLine(nth, f"Commission {nth}", "6010", None, Decimal(each), Decimal(each), 1)
        for nth, each in enumerate(amounts or ("10.00",), 1)
    ]
    total = sum((line.amount for line in lines), Decimal(0))
    common = ExportedBill(
        uuid4(), f"T-{next(_numbers)}", "456", "Affiliate 456", "AFF-456", date(2026, 11, 1), date(2026, 11, 30),
        "USD", total, Decimal(0), total, Decimal(0), tuple(lines),
    )  # fmt: skip
    return replace(common, **fields)


def send(target: TrytonTarget, bill: ExportedBill) -> Outcome:
    """Send a bill of which nothing is known yet."""
    return target.send(bill, find_first=False)
