"""Bills go to a real Tryton at five a second or faster, and a bill of 500 lines in less than five seconds."""

import time

from postledger.finance.exports.target import ExportedBill, Sent
from tests.drills.promises import Promises
from tests.parts.postgres import Postgres
from tests.parts.tryton import Tryton
from tests.parts.tryton_bills import make_bill, make_target, send

BILLS, LEAST_PER_S = 50, 5
LINES, LINES_WITHIN_S = 500, 5


def test_bills_go_to_tryton_at_five_a_second(postgres: Postgres, promises: Promises) -> None:
    bills = [make_bill("10.00", "0.01", "-2.50") for _ in range(BILLS)]
    with Tryton(postgres) as tryton:
        target = make_target(tryton)
        send(target, make_bill())  # Tryton reads its models when it is asked first

        def send_all(bills: list[ExportedBill]) -> float:
            before_s = time.monotonic()
            assert all(isinstance(send(target, bill), Sent) for bill in bills)
            return time.monotonic() - before_s

        promises.keep("50 bills of 3 lines to Tryton", send_all(bills), BILLS / LEAST_PER_S)
        promises.keep("the same 50 bills again", send_all(bills), BILLS / LEAST_PER_S)
        promises.keep("a bill of 500 lines to Tryton", send_all([make_bill(*["0.01"] * LINES)]), LINES_WITHIN_S)
        assert tryton.fetch("SELECT count(*) FROM account_invoice") == [(BILLS + 2,)]
