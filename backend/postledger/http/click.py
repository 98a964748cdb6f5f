"""`/click/{campaign}`: records a visit and redirects the visitor to the offer. Errors are pages, for people."""

from datetime import UTC, datetime

import falcon

from postledger.clicks.record import RecordClick, UnknownCampaign
from postledger.clicks.visit import read_visit
from postledger.http.answers import answer_get_only, answer_not_found, answer_refusal
from postledger.http.requests import receipt_of
from postledger.vocabulary.refusal import Reason, Refused

_PAGE = (
    "<!doctype html>\n"
    '<html lang="en"><head><meta charset="utf-8"><meta name="robots" content="noindex"><title>{title}</title></head>\n'
    "<body><h1>{title}</h1><p>{text}</p><p>Receipt: {receipt}</p></body></html>\n"
)
_NOT_FOUND = ("This link leads nowhere", "The offer has ended, or the link is not complete.")
_UNAVAILABLE = ("Please try again", "This link does not work at the moment.")


class ClickResource:
    """Records a click and redirects the visitor, without a campaign to `fallback_url`, if there is one."""

    route = "click"

    def __init__(self, record: RecordClick, fallback_url: str | None) -> None:
        self._record, self._fallback_url = record, fallback_url

    def on_get(self, request: falcon.Request, response: falcon.Response, campaign: str = "") -> None:
        """Answer 302 to the campaign's destination. HEAD is answered alike, and records nothing."""
        visit, now = read_visit(request.env["QUERY_STRING"]), datetime.now(UTC)
        try:
            if request.method == "HEAD":
                location = self._record.redirect(campaign, visit, now)
            else:
                is_over_rate = request.env.get("HTTP_X_EDGE_OBSERVED") == Reason.RATE_LIMITED
                location = self._record(campaign, visit, now, is_over_rate=is_over_rate)
        except UnknownCampaign:
            answer_not_found(response, receipt_of(request))
            self._answer_without_offer(request, response, _NOT_FOUND)
        except Refused as refused:
            answer_refusal(response, receipt_of(request), refused.refusal)
            self._answer_without_offer(request, response, _UNAVAILABLE)
        else:
            _redirect(response, location)

    on_head = on_get

    def _answer_without_offer(self, request: falcon.Request, response: falcon.Response, words: tuple[str, str]) -> None:
        if self._fallback_url is not None:
            _redirect(response, self._fallback_url)
        else:
            response.content_type = "text/html; charset=utf-8"
            title, text = words
            response.data = _PAGE.format(title=title, text=text, receipt=receipt_of(request)).encode()

    def on_options(self, request: falcon.Request, response: falcon.Response, campaign: str = "") -> None:  # noqa: ARG002
        """Refuse OPTIONS like every other method; Falcon would answer 200."""
        answer_get_only(response, receipt_of(request))


def _redirect(response: falcon.Response, location: str) -> None:
    # Never cached, because each visitor needs another click id.
    response.status = falcon.HTTP_302
    response.data = b""
    response.set_header("Location", location)
    response.set_header("Cache-Control", "no-store")
