"""`/click/{campaign}`: records a visit and redirects the visitor to the offer."""

from datetime import UTC, datetime

import falcon

from postledger.clicks.record import RecordClick, UnknownCampaign
from postledger.decoding.pairs import MAX_PARAMETERS, Unreadable, read_segments
from postledger.decoding.parameters import SUB_NAMES
from postledger.http.answers import answer_get_only, answer_not_found, answer_refusal
from postledger.http.requests import receipt_of
from postledger.vocabulary.refusal import Reason, Refused, malformed

_KNOWN = frozenset({"aff", *SUB_NAMES})


class ClickResource:
    """Records a click and redirects the visitor."""

    route = "click"

    def __init__(self, record: RecordClick) -> None:
        self._record = record

    def on_get(self, request: falcon.Request, response: falcon.Response, campaign: str) -> None:
        """Answer 302 to the campaign's destination, never cached, because each visitor needs another click id."""
        try:
            location = self._record(campaign, read_parameters(request.env["QUERY_STRING"]), datetime.now(UTC))
        except UnknownCampaign:
            answer_not_found(response, receipt_of(request))
        except Refused as refused:
            answer_refusal(response, receipt_of(request), refused.refusal)
        else:
            response.status = falcon.HTTP_302
            response.set_header("Location", location)
            response.set_header("Cache-Control", "no-store")

    def on_options(self, request: falcon.Request, response: falcon.Response, campaign: str) -> None:  # noqa: ARG002
        """Refuse OPTIONS like every other method; Falcon would answer 200."""
        answer_get_only(response, receipt_of(request))


def read_parameters(query: str) -> dict[str, str]:
    """Read the parameters of a link that Postledger knows. Raises `Refused`.

    Ad platforms append parameters of their own, so no other is checked. What follows the hundredth is ignored: a long
    link costs no more, and still sends its visitor on.
    """
    parts = query.split("&", MAX_PARAMETERS)[:MAX_PARAMETERS]
    own = "&".join(part for part in parts if part.partition("=")[0] in _KNOWN)
    parameters: dict[str, str] = {}
    for _, name, value in read_segments(own.encode("latin-1")):
        if name in parameters:
            raise Refused(Reason.DUPLICATE_PARAMETER, name)
        if type(value) is Unreadable:
            raise malformed(value.cause)
        parameters[name] = value
    return parameters
