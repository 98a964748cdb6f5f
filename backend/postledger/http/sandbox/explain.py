"""`/sandbox/explain/{source}` explains a pasted request, and `Explainer` a postback that the sandbox answers.

Nothing of a pasted request is stored or logged, because it may hold credentials for others.
"""

import re
from collections.abc import Callable
from datetime import UTC, datetime

import falcon
import msgspec

from postledger.http.answers import answer, answer_refusal
from postledger.http.requests import ROUTE, SOURCE, read_postback, receipt_of
from postledger.http.sandbox.gatekeeper import Gatekeeper, answer_no_token, find_token
from postledger.ingest.receive import Reply, evaluate
from postledger.partners.explain import Diagnoser, Facts, decline, explain, explain_misaddressed, name_leak
from postledger.partners.explain_pasted import JudgedPaste, Ledger, judge_pasted
from postledger.partners.explained_signature import Diagnose
from postledger.partners.explanation import Answered, Explanation
from postledger.partners.explanation_table import write_table
from postledger.partners.judged import Judged
from postledger.partners.pasted_address import PLAIN_HTTP
from postledger.partners.pasted_request import read_pasted
from postledger.platform.postgres.errors import DatabaseFailed
from postledger.policy.policy import Policy
from postledger.policy.source import Source
from postledger.vocabulary.incoming_request import MAX_BODY_BYTES
from postledger.vocabulary.refusal import Cause, Reason, Refusal, Refused

_SHARE = re.compile(r"[01]\.[0-9]{2}")
_TEXT = "text/plain; charset=utf-8"


class Explainer:
    """Adds an explanation to the answer of the sandbox. Only the holder of a token gets a diagnosis."""

    def __init__(self, ledger: Ledger, diagnoser: Diagnoser) -> None:
        self._ledger, self._diagnoser = ledger, diagnoser

    def __call__(self, request: falcon.Request, response: falcon.Response, judged: Judged) -> None:
        """Explain a postback that was judged and answered. The answer of an unknown source stays as it is."""
        source = judged.source
        if source is None:
            return
        try:
            explanation = self._explain(request, response, judged, source)
        except DatabaseFailed:  # the postback is judged and answered; an explanation must not change that
            return
        _add(request, response, explanation, is_forced=judged.has_token)

    def _explain(
        self, request: falcon.Request, response: falcon.Response, judged: Judged, source: Source
    ) -> Explanation:
        event = evaluate(judged.request, source).event
        known = self._ledger.find_known(event.dedup_key, judged.request.receipt, True) if event is not None else None
        facts = Facts(known, _read_used(request), is_for_sandbox=judged.address == "sandbox")
        token = find_token(request) if judged.has_token else None
        diagnose = decline if token is None else self._diagnose_for(source, token)
        return explain(judged.request, source, _describe(response, judged.reply), facts, diagnose)

    def explain_paste(self, judged: JudgedPaste, source: Source, token: str) -> Explanation:
        """Explain a pasted request to the holder of a token."""
        scratch = falcon.Response()
        answer(scratch, judged.request.receipt, judged.reply)
        if judged.fault is not None:
            if judged.fault.reason is None:
                scratch.status, scratch.data = falcon.HTTP_403, PLAIN_HTTP
            answered = _describe(scratch, judged.reply)
            explanation = explain_misaddressed(judged.request, source, answered, judged.fault.next)
            return name_leak(explanation, judged.request)
        facts = Facts(judged.known, is_for_sandbox=judged.is_for_sandbox)
        answered = _describe(scratch, judged.reply)
        explanation = explain(judged.request, source, answered, facts, self._diagnose_for(source, token))
        return name_leak(explanation, judged.request)

    def _diagnose_for(self, source: Source, token: str) -> Diagnose:
        return lambda examined: self._diagnoser.diagnose(examined, source, token)


def _read_used(request: falcon.Request) -> float | None:
    """Read how much of its burst the address has used, as the edge reports it."""
    text = request.env.get("HTTP_X_EDGE_QUOTA_USED", "")
    return float(text) if _SHARE.fullmatch(text) else None


def _describe(response: falcon.Response, reply: Reply) -> Answered:
    http = int(str(response.status)[:3])
    return Answered(reply.outcome.verdict, reply.outcome.refusal, http, response.data or b"")


def _add(request: falcon.Request, response: falcon.Response, explanation: Explanation, *, is_forced: bool) -> None:
    """Add it to the JSON answer. A network's own body is replaced only for the holder of a token."""
    if "text/plain" in request.accept:
        response.content_type, response.data = _TEXT, write_table(explanation).encode()
        return
    data = response.data or b""
    if data.startswith(b"{") and data.endswith(b"}"):
        response.data = data[:-1] + b',"explanation":' + msgspec.json.encode(explanation) + b"}"
    elif is_forced:
        _write(response, explanation)


def _write(response: falcon.Response, explanation: Explanation) -> None:
    response.content_type = falcon.MEDIA_JSON
    response.data = msgspec.json.encode({"explanation": explanation})


class ExplainResource:
    """Explains what a partner pastes: a URL, a curl command, a raw request or a HAR."""

    def __init__(
        self, explainer: Explainer, ledger: Ledger, policy: Callable[[], Policy | None], gatekeeper: Gatekeeper
    ) -> None:
        self._explainer, self._ledger, self._policy, self._gatekeeper = explainer, ledger, policy, gatekeeper

    def on_post(self, request: falcon.Request, response: falcon.Response, source: str) -> None:
        """Explain the pasted request; the answer is 200 whatever production would answer to it."""
        request.env[ROUTE], request.env[SOURCE] = "sandbox", source
        if not self._gatekeeper.admits(request, response, source):
            return
        policy, token = self._policy(), find_token(request)
        found = None if policy is None else policy.sources.get(source)
        if found is None or token is None:
            answer_no_token(request, response)
            return
        try:
            explanation = self._explain(request, found, token)
        except Refused as refused:
            answer_refusal(response, receipt_of(request), refused.refusal)
            return
        response.set_header("Cache-Control", "no-store")
        if "text/plain" in request.accept:
            response.content_type, response.data = _TEXT, write_table(explanation).encode()
        else:
            _write(response, explanation)

    def on_get(self, request: falcon.Request, response: falcon.Response, source: str) -> None:
        """Refuse every other method."""
        request.env[ROUTE], request.env[SOURCE] = "sandbox", source
        answer_refusal(response, receipt_of(request), Refusal(Reason.METHOD_NOT_ALLOWED))
        response.set_header("Allow", "POST")

    on_head = on_put = on_patch = on_delete = on_options = on_get

    def _explain(self, request: falcon.Request, source: Source, token: str) -> Explanation:
        sent = read_postback(request)
        pasted = read_pasted(_read_text(sent.body), lambda path: _is_postback(path, source))
        judged = judge_pasted(pasted, source, sent.receipt, datetime.now(UTC), self._ledger)
        return self._explainer.explain_paste(judged, source, token)


def _read_text(body: bytes) -> str:
    if len(body) > MAX_BODY_BYTES:
        raise Refused(Reason.PAYLOAD_TOO_LARGE)
    try:
        return body.decode()
    except UnicodeDecodeError as error:
        raise Refused(Reason.MALFORMED, cause=Cause.ENCODING, byte_offset=error.start) from None


def _is_postback(path: bytes, source: Source) -> bool:
    own = [one.partition("{")[0].encode() for one in source.settings.paths]
    return b"postback" in path or any(begin and begin in path for begin in own if begin != b"/")
