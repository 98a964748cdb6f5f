"""`/sandbox/samples/{source}`: sample postbacks, for the holder of the source's partner token."""

from collections.abc import Callable

import falcon
import msgspec

from postledger.http.answers import answer_get_only, answer_refusal
from postledger.http.requests import SOURCE, receipt_of
from postledger.http.sandbox.gatekeeper import Gatekeeper, answer_no_token
from postledger.partners.sample_formats import describe_sample, write_address
from postledger.partners.sample_writer import Wish
from postledger.partners.samples import MAX_SAMPLES, Kind, NoEvent, Order, Samples, read_kind
from postledger.policy.policy import Policy
from postledger.policy.source import Source
from postledger.vocabulary.operator_error import NotPossible
from postledger.vocabulary.refusal import Reason, Refusal, Refused
from postledger.vocabulary.statuses import Status

Make = Callable[[Source, Order], Samples]


class SamplesResource:
    """Makes samples. `base` is the address of the edge; without one the samples have relative URLs."""

    route = "sandbox"

    def __init__(self, make: Make, policy: Callable[[], Policy | None], gatekeeper: Gatekeeper, base: str) -> None:
        self._make, self._policy, self._gatekeeper, self._base = make, policy, gatekeeper, base

    def on_get(self, request: falcon.Request, response: falcon.Response, source: str) -> None:
        """Answer with samples of a source."""
        request.env[SOURCE] = source
        if not self._gatekeeper.admits(request, response, source):
            return
        policy = self._policy()
        found = None if policy is None else policy.sources.get(source)
        if found is None:
            answer_no_token(request, response)
            return
        try:
            made = self._make(found, _read_order(request))
        except Refused as refused:
            answer_refusal(response, receipt_of(request), refused.refusal)
            return
        except NoEvent:
            answer_refusal(response, receipt_of(request), Refusal(Reason.INVALID_PARAMETER, "event"))
            return
        except NotPossible:  # the source cannot send what is wished
            answer_refusal(response, receipt_of(request), Refusal(Reason.INVALID_PARAMETER, "kind"))
            return
        response.set_header("Cache-Control", "no-store")
        response.data = msgspec.json.encode(self._describe(source, made))

    on_head = on_get

    def on_options(self, request: falcon.Request, response: falcon.Response, source: str) -> None:  # noqa: ARG002
        """Refuse OPTIONS like every other method; Falcon would answer 200."""
        answer_get_only(response, receipt_of(request))

    def _describe(self, slug: str, made: Samples) -> dict[str, object]:
        samples = [
            describe_sample(one, write_address(self._base, one.request, is_for_sandbox=True)) for one in made.samples
        ]
        return {"source": slug, "samples": samples, "left_out": made.left_out, "secret": made.secret}


def _read_order(request: falcon.Request) -> Order:
    status = request.get_param("status")
    wish = Wish(request.get_param("event"), None if status is None else _read_status(status))
    return Order(_read_kind(request.get_param("kind") or "all"), wish, _read_number(request.get_param("n") or "1"))


def _read_kind(text: str) -> Kind:
    try:
        return read_kind(text)
    except NotPossible:
        raise Refused(Reason.INVALID_PARAMETER, "kind") from None


def _read_status(text: str) -> Status:
    try:
        return Status(text)
    except ValueError:
        raise Refused(Reason.INVALID_PARAMETER, "status") from None


def _read_number(text: str) -> int:
    if text.isascii() and text.isdigit() and len(text) < 4 and 1 <= int(text) <= MAX_SAMPLES:
        return int(text)
    raise Refused(Reason.INVALID_PARAMETER, "n")
