"""`/decide`: shows the request that the code of a mail opens, and takes the decision.

The code is behind `#` in the link of the mail, so no browser sends it by itself, and no log has it. The page's script
moves it into the form; without script a person copies it. It is in the body of a POST, and in nothing else.
"""

from collections.abc import Callable, Mapping

import falcon

from postledger.console.form import read_form
from postledger.console.guesses import WINDOW_S, Guesses
from postledger.console.pages import show_code_form, show_outcome, show_problem, show_request
from postledger.finance.approval.decide import DecisionRefused
from postledger.finance.rules.decision_rule import VERBS, Reason, Verdict
from postledger.notifications.decide_by_link import Decided, Opened
from postledger.notifications.links import LinkExpired, LinkUnknown, LinkUsed
from postledger.platform.postgres.errors import DatabaseFailed
from postledger.vocabulary.operator_error import InvalidRequest, OperatorError

Look = Callable[[str], Opened]
Take = Callable[[str, Verdict, str | None], Decided]
Count = Callable[[str], None]

RESULTS = ("form", "shown", "decided", "refused", "unknown", "expired", "used", "limited", "unavailable")
"""What a request for the page can result in: the values of the metric's label."""
_VERDICTS: Mapping[str, Verdict] = {verdict: verdict for verdict in VERBS}
_TITLES: Mapping[Reason, tuple[str, str]] = {
    "content_changed": (falcon.HTTP_409, "What you saw has changed"),
    "already_decided": (falcon.HTTP_409, "This is decided already"),
    "four_eyes": (falcon.HTTP_403, "Another person must decide this"),
    "not_your_step": (falcon.HTTP_403, "This step is not yours"),
    "unknown": (falcon.HTTP_404, "This request does not exist"),
}


class DecisionResource:
    """`look` opens a request and `take` decides it, by a code. Both raise `OperatorError` or `DatabaseFailed`."""

    def __init__(self, look: Look, take: Take, guesses: Guesses, count: Count) -> None:
        self._look, self._take, self._guesses, self._count = look, take, guesses, count

    def on_get(self, _: falcon.Request, response: falcon.Response) -> None:
        """Ask for the code."""
        self._count("form")
        response.text = show_code_form()

    on_head = on_get

    def on_post(self, request: falcon.Request, response: falcon.Response) -> None:
        """Show what the code opens, or decide it."""
        form = read_form(request)
        code = form.get("code", "").strip().rpartition("#")[2]  # of a whole link, what the script would have taken
        address = request.get_header("X-Client-Address", default="")
        if self._guesses.are_spent(address):
            self._answer_limited(response)
            return
        try:
            response.text = self._answer(form, code)
        except LinkUnknown as error:
            self._guesses.note(address)
            self._count("unknown")
            response.status, response.text = falcon.HTTP_404, show_code_form(str(error))
        except OperatorError as error:
            self._answer_error(response, error)
        except DatabaseFailed:
            self._count("unavailable")
            response.status = falcon.HTTP_503
            response.text = show_problem("The ledger does not answer", "Nothing was decided. Try again in a minute.")

    def _answer(self, form: Mapping[str, str], code: str) -> str:
        if "decision" not in form:
            page = show_request(self._look(code), code)
            self._count("shown")
            return page
        verdict = _VERDICTS.get(form["decision"])
        if verdict is None:
            raise falcon.HTTPBadRequest
        comment = form.get("comment", "").replace("\r\n", "\n").strip() or None
        page = show_outcome(self._take(code, verdict, comment))
        self._count("decided")
        return page

    def _answer_limited(self, response: falcon.Response) -> None:
        self._count("limited")
        response.status = falcon.HTTP_429
        response.set_header("Retry-After", str(int(WINDOW_S)))
        response.text = show_problem("Too many wrong codes", "Wait a minute, then copy the whole code from the mail.")

    def _answer_error(self, response: falcon.Response, error: OperatorError) -> None:
        match error:
            case DecisionRefused():
                result, (status, title) = "refused", _TITLES[error.reason]
                words = str(error.fault)
            case LinkExpired():
                result, status, title, words = "expired", falcon.HTTP_410, "This code is too old", str(error)
            case LinkUsed():
                result, status, title, words = "used", falcon.HTTP_409, "This code was used", str(error)
            case InvalidRequest():
                result, status, title, words = "refused", falcon.HTTP_400, "This cannot be decided", str(error)
            case _:
                result, status, title, words = "refused", falcon.HTTP_403, "This cannot be decided", str(error)
        self._count(result)
        response.status, response.text = status, show_problem(title, words)
