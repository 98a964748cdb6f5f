"""Bills for tests of the export to Tryton, and targets that send them to its server."""

from itertools import count
from typing import Any

from msgspec.structs import replace

from postledger.finance.exports.target import ExportedBill, Outcome
from postledger.finance.exports.tryton import TrytonTarget
from postledger.finance.rules.export_settings import ExportSettings
from postledger.outgoing.connect import Network, trust_system
from tests.parts import exporting
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
    lines = [(f"Commission {nth}", "6010", amount) for nth, amount in enumerate(amounts or ("10.00",), 1)]
    return exporting.make_bill(lines, **{"number": f"T-{next(_numbers)}", **fields})


def send(target: TrytonTarget, bill: ExportedBill) -> Outcome:
    """Send a bill of which nothing is known yet."""
    return target.send(bill, find_first=False)
