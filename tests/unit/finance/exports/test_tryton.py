"""What a bill counts as if Tryton fails once it was asked to make the invoice."""

from typing import Any

import msgspec
import pytest

from postledger.finance.exports.target import Outcome, Unknown
from postledger.finance.exports.tryton import TrytonTarget
from postledger.finance.rules.export_settings import ExportSettings
from postledger.outgoing.connect import Network, trust_system
from tests.parts.sinks import Asked, Reply, Sink
from tests.parts.tryton_bills import make_bill, send

CREATE = "model.account.invoice.create"
RESULTS: dict[str, Any] = {
    "common.db.login": [7, "token", None],
    "model.res.user.get_preferences": {"company": 3},
    "model.party.party.search_read": [{"id": 1, "supplier_payment_term": None}],
    "model.party.address.search": [2],
    "model.currency.currency.search_read": [{"id": 3, "digits": 2}],
    "model.account.account.search_read": [{"id": 4, "type": 1}],
    "model.account.journal.search_read": [{"id": 5}],
    "model.account.invoice.search_read": [],
    CREATE: [6],
}


def reply(asked: Asked) -> Reply:
    """Answer as a Tryton that forgets each invoice."""
    result = RESULTS[msgspec.json.decode(asked.body)["method"]]
    return Reply(200, {}, msgspec.json.encode({"id": 0, "result": result}))


def send_to(sink: Sink, *, is_gone_after_create: bool) -> Outcome:
    def resolve(_host: str, _port: int) -> list[str]:
        is_gone = is_gone_after_create and any(CREATE.encode() in asked.body for asked in sink.asked)
        return [] if is_gone else ["127.0.0.1"]

    url = f"http://erp.example:{sink.port}"
    settings = ExportSettings("erp", "tryton", url=url, database="a b", allow_private=True, payable_account="2110")
    target = TrytonTarget(settings, {"login": "me", "password": "p"}, Network(resolve, trust_system()))
    return send(target, make_bill())


@pytest.mark.parametrize(("is_gone", "outcome"), [(True, Unknown("name")), (False, Unknown("vanished"))])
def test_an_invoice_that_is_not_seen_again_may_be_there(is_gone: bool, outcome: Outcome) -> None:
    with Sink(reply) as sink:
        assert send_to(sink, is_gone_after_create=is_gone) == outcome

    assert sink.targets[0] == "/a%20b/rpc/"
