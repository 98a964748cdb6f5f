"""From the mail to the decision: the code of a real mail opens the request, and decides it once."""

import pytest

from postledger.notifications.decide_by_link import decide_by_link, open_by_link
from postledger.notifications.links import LinkUsed
from tests.integration.test_notified_by_mail import authority, ledger, mailbox, notifying
from tests.parts.notifying import Notifying, read_tokens
from tests.parts.receivers import Mailbox

__all__ = ["authority", "ledger", "mailbox", "notifying"]


def test_the_mails_of_a_chain_lead_to_its_decisions(notifying: Notifying, mailbox: Mailbox) -> None:
    notifying.add_user("mia", "manager")
    notifying.add_user("dan", "director")
    request = notifying.ask("150.5", ("manager", "director"))

    notifying.work()
    (first,) = read_tokens(mailbox.mails[0])
    opened = open_by_link(notifying.ledger, first, notifying.now)
    decided = decide_by_link(notifying.ledger, first, "approve", "as agreed", notifying.now)
    notifying.pass_time(minutes=1)
    (second,) = read_tokens(mailbox.mails[1])
    last = decide_by_link(notifying.ledger, second, "approve", None, notifying.now)

    assert (opened.login, opened.request["id"]) == ("mia", request)
    assert (decided.state, decided.waits_for, last.state) == ("waiting", "director", "approved")
    with pytest.raises(LinkUsed):
        open_by_link(notifying.ledger, first, notifying.now)
    recorded = "SELECT actor, action FROM audit_log WHERE subject = %s ORDER BY seq"
    assert notifying.ledger.execute(recorded, (request,)).fetchall() == [
        ("mia", "approval.approve"), ("dan", "approval.approve"),
    ]  # fmt: skip
