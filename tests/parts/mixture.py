"""Traffic as a whole day brings it, in small: visits that become conversions, repeats, changes, mistakes, and worse.

For whoever wants to see every number of a dashboard move; the sources are those of `tests/data/mixture.toml`.
"""

import random
from collections.abc import Sequence
from urllib.parse import parse_qs, urlencode, urlsplit

import httpx

from tests.parts.sender import DEFAULT_SECRET, Postback, Sender, send

PAYOUTS = {"acme": ("0.50", "1.20", "2.50", "2.50", "12.00"), "borealis": ("3.10", "4.00", "4.00", "25.00")}
AFFILIATES = {"101": 0.08, "102": 0.15, "666": 0.75}
"""Which share of an affiliate's visits becomes a conversion; the last is no honest one."""
IMPORTED_CLICKS = "click_id,campaign\n" + "".join(f"imported-{number},autumn\n" for number in range(1, 101))
"""A file for `postledger clicks import`: the clicks of another system that the first hundred rounds bring back."""


class Mixture:
    """Sends rounds of mixed traffic through the edge; `seed` makes two runs alike but for their ids."""

    def __init__(self, client: httpx.Client, *, seed: int, campaigns: Sequence[str] = ("spring", "autumn")) -> None:
        self._client, self._campaigns = client, campaigns
        self._brought_back = 0
        self._random = random.Random(seed)  # noqa: S311 - nobody gains anything by guessing it
        self._name, self._count = f"{seed}-{random.randrange(10**9)}", 0  # noqa: S311

    def send_round(self) -> None:
        """Visits of every affiliate, what comes of them, and one of each thing that goes wrong."""
        for affiliate, share in AFFILIATES.items():
            for campaign in self._campaigns:
                click_id = self._visit(campaign, affiliate)
                if self._random.random() < share:
                    self._convert(click_id, affiliate)
        self._bring_back()
        self._take_back()
        self._err()

    def _visit(self, campaign: str, affiliate: str) -> str:
        """Visit, again where the ledger was too slow for the one before, and give the click id."""
        while (answer := self._client.get(f"/click/{campaign}", params={"aff": affiliate})).status_code != 302:
            assert answer.status_code == 503, answer.text
        return parse_qs(urlsplit(answer.headers["location"]).query)["cid"][0]

    def _convert(self, click_id: str, affiliate: str) -> None:
        slug = self._random.choice(list(PAYOUTS))
        parameters = {
            "click_id": click_id,
            "transaction_id": self._next_id(),
            "event": "sale",
            "status": self._random.choice(("approved", "approved", "pending")),
            "payout": self._random.choice(PAYOUTS[slug]),
            "affiliate_id": affiliate,
        }
        postback = Sender(slug).get(parameters)
        send(self._client, postback)
        if self._random.random() < 0.3:
            send(self._client, postback)
        if self._random.random() < 0.3:
            after = {"approved": "reversed", "pending": self._random.choice(("approved", "rejected"))}
            send(self._client, Sender(slug).get(parameters | {"status": after[parameters["status"]]}))

    def _bring_back(self) -> None:
        """A sale by a click of another system, which is known where `IMPORTED_CLICKS` were imported before."""
        self._brought_back += 1
        parameters = {"click_id": f"imported-{self._brought_back}", "transaction_id": self._next_id(), "payout": "2.50"}
        send(self._client, Sender("acme").get(parameters))

    def _take_back(self) -> None:
        """A sale that is corrected and reversed, by a source that signs nothing; beyond its guard it is parked."""
        order = {"token": DEFAULT_SECRET, "click_id": self._next_id(), "transaction_id": self._next_id()}
        for change in ({"payout": "5.00"}, {"payout": "4.50"}, {"status": "reversed"}):
            send(self._client, Postback("GET", f"/tracking/postback/tallied?{urlencode(order | change)}"))

    def _err(self) -> None:
        order = {"click_id": self._next_id(), "transaction_id": self._next_id(), "event": "sale", "payout": "1.00"}
        acme = Sender("acme")
        wrong = (
            Sender("acme", "not-the-secret").get(order),
            Sender("acme", "s3cret-previous").get(order),
            acme.get(order | {"payout": "9.00"}),
            acme.get(order | {"transaction_id": self._next_id(), "payout": "{payout}"}),
            Sender("borealis").get(order | {"click_id": "nobody-clicked-this"}),
            Sender("guarded").get(order),
            *(Sender("hasty").get(order) for _ in range(3)),
            Sender("newcomer", "not-the-secret").get(order),
            Sender("nobody").get(order),
        )
        for postback in wrong:
            send(self._client, postback)

    def _next_id(self) -> str:
        self._count += 1
        return f"{self._name}-{self._count}"
