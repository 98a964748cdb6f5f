"""A partner that integrates: it tries postbacks in the sandbox, and looks samples and receipts up with its token."""

import msgspec
from locust import User, between, task
from locust.env import Environment

from loadtests.acks import TRIED
from loadtests.client import Answer, Request, now_s
from loadtests.generator import Sale, generator, report
from loadtests.stack import PARTNER
from loadtests.users import write_get

EXPECTED = "accepted|found|rate_limited"  # its rate is its own, and a flood of the sandbox may use up that of all


class Partner(User):
    """One request about once a second. Production must not notice, and nothing of it is on the ledger."""

    abstract = True
    fixed_count = 1
    wait_time = between(0.5, 1.5)

    def __init__(self, environment: Environment) -> None:
        super().__init__(environment)
        shared = generator()
        self.address, self.client = shared.connect()
        self.secret = shared.settings.secrets[PARTNER]
        self.headers = {"Authorization": f"Bearer {shared.settings.partner_token}"}

    @task(4)
    def try_postback(self) -> None:
        """A postback with a click of production, which the sandbox books and production does not."""
        shared = generator()
        sale = Sale(f"tried-{shared.next_transaction()}", shared.choose_click(), "7.00", "EUR", kind=TRIED)
        sent = write_get(PARTNER, self.secret, sale)
        target = sent.target.replace("/tracking/", "/sandbox/", 1)
        answer = self.client.send(Request(target, headers=self.headers))
        self._report(sale, answer)

    @task(4)
    def look_up_receipt(self) -> None:
        """The receipt of a conversion that was booked just now."""
        if generator().booked:
            self._look_up(f"/receipts/{generator().booked[-1]}")

    @task(1)
    def look_up_samples(self) -> None:
        """All samples of its source."""
        self._look_up(f"/sandbox/samples/{PARTNER}")

    def _look_up(self, target: str) -> None:
        sale = Sale(f"tried-{generator().next_transaction()}", "", "", "", kind=TRIED)
        self._report(sale, self.client.send(Request(target, headers=self.headers)), is_look_up=True)

    def _report(self, sale: Sale, answer: Answer, *, is_look_up: bool = False) -> None:
        fire, sent_s = self.environment.events.request.fire, answer.sent_s or now_s()
        report(fire, sale, answer, sent_s, PARTNER, "Partner", EXPECTED, _read_found if is_look_up else None)


class _Found(msgspec.Struct):
    verdict: str = ""
    samples: list[msgspec.Raw] = []
    reason: str | None = None


def _read_found(answer: Answer) -> tuple[str, str, str]:
    """Say whether a receipt of a booked conversion, or samples, were found; the receipt is that of another request."""
    if not answer.http:
        return "", answer.error, ""
    try:
        body = msgspec.json.decode(answer.body, type=_Found)
    except msgspec.DecodeError:
        return "", "", ""
    return "found" if body.verdict == "accepted" or body.samples else "", body.reason or "", ""
