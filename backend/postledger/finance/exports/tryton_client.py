"""Speaks JSON-RPC with a Tryton server: signs in once, keeps the session, and says why there is no answer.

Written after trytond 8.2: `protocols/dispatcher.py`, `protocols/jsonrpc.py` and `protocols/wrappers.py`.
"""

import base64
import zlib
from collections.abc import Mapping
from contextlib import suppress
from datetime import date
from decimal import Decimal, InvalidOperation
from http import HTTPStatus
from http.client import HTTPConnection, HTTPResponse
from typing import Any, TypeVar
from urllib.parse import quote

import msgspec

from postledger.finance.exports.target import Secrets
from postledger.finance.rules.export_settings import ExportSettings
from postledger.outgoing.connect import (
    EXCHANGE_ERRORS,
    USER_AGENT,
    AddressRefused,
    Broken,
    Network,
    connect,
    name_fault,
)
from postledger.outgoing.rules.url_template import UrlTemplate

T = TypeVar("T")
MAX_ANSWER_BYTES = 4 * 1024 * 1024
"""An answer that is longer is no answer to what is asked here."""
_GZIP = 31
_BUSY = "busy"
_STATUS_FAULTS: Mapping[int, str] = {
    HTTPStatus.UNAUTHORIZED: "login",
    HTTPStatus.FORBIDDEN: "forbidden",
    HTTPStatus.NOT_FOUND: "database",
    HTTPStatus.TOO_MANY_REQUESTS: _BUSY,
}
"""These are answered before anything is done."""


class Unanswered(Exception):
    """There is no answer of Tryton to a request. `was_sent` if Tryton may have done what was asked."""

    def __init__(self, fault: str, *, was_sent: bool) -> None:
        super().__init__(fault)
        self.fault, self.was_sent = fault, was_sent


class Objection(Exception):
    """Tryton has done nothing, for a reason that a person can read: a UserError, or a warning."""

    def __init__(self, words: str) -> None:
        super().__init__("Tryton objects")  # not the words, because they can quote amounts
        self.words = words


class _SessionEnded(Exception):
    """The session is not known, or not any more."""


class TrytonClient:
    """One user of one database. Not for several threads at once. The caller bounds the time of a call."""

    def __init__(self, settings: ExportSettings, secrets: Secrets, network: Network) -> None:
        self._place = UrlTemplate.parse(settings.url)
        self._target = f"{self._place.fill({}).rstrip('/')}/{quote(settings.database, safe='')}/rpc/"
        self._allow_private = settings.allow_private
        self._login, self._password = secrets["login"], secrets["password"]
        self._network = network
        self._session: str | None = None
        self._context: Mapping[str, Any] = {}

    @property
    def company(self) -> int | None:
        """The company that the user works for. Known after the first call."""
        found = self._context.get("company")
        return found if isinstance(found, int) else None

    def call(self, kind: type[T], method: str, *params: object) -> T:
        """Call a method of a model that returns `kind`, in the context of the user.

        Raises `Unanswered` and `Objection`.
        """
        self._sign_in()
        try:
            result = self._ask(method, *params, self._context)
        except _SessionEnded:  # nothing was done
            self.forget()
            self._sign_in()
            result = self._ask_again(method, *params)
        return _convert(result, kind)

    def _ask_again(self, method: str, *params: object) -> object:
        try:
            return self._ask(method, *params, self._context)
        except _SessionEnded:
            raise Unanswered("login", was_sent=False) from None

    def forget(self) -> None:
        """Sign in again before the next call."""
        self._session, self._context = None, {}

    def _sign_in(self) -> None:
        if self._session is not None:
            return
        try:
            login = self._ask("common.db.login", self._login, {"password": self._password})
            user, token, *_ = _convert(login, list[int | str | None])
            self._session = base64.b64encode(f"{self._login}:{user}:{token}".encode()).decode()
            self._context = _convert(self._ask("model.res.user.get_preferences", True, {}), dict[str, Any])
        except BaseException as error:  # a timeout of gevent too
            self.forget()
            if isinstance(error, _SessionEnded | ValueError):
                fault = "login" if isinstance(error, _SessionEnded) else "answer"
                raise Unanswered(fault, was_sent=False) from None
            raise

    def _ask(self, method: str, *params: object) -> object:
        body = msgspec.json.encode({"id": 0, "method": method, "params": params})
        status, answer = self._post(body)
        if status == HTTPStatus.OK:
            return _read_answer(answer)
        if status == HTTPStatus.UNAUTHORIZED and self._session is not None:
            raise _SessionEnded
        raise Unanswered(_STATUS_FAULTS.get(status, "status"), was_sent=status not in _STATUS_FAULTS)

    def _post(self, body: bytes) -> tuple[int, bytes]:
        try:
            sock = connect(self._place, self._network, allow_private=self._allow_private)
        except AddressRefused as refused:
            raise Unanswered(f"blocked_{refused.reason}", was_sent=False) from None
        except EXCHANGE_ERRORS as error:
            raise Unanswered(name_fault(error), was_sent=False) from None
        try:
            return self._exchange(sock, body)
        except EXCHANGE_ERRORS as error:
            raise Unanswered(name_fault(error), was_sent=True) from None
        finally:
            sock.close()

    def _exchange(self, sock: Any, body: bytes) -> tuple[int, bytes]:
        connection = HTTPConnection(self._place.host, self._place.port)
        connection.sock = sock
        connection.request("POST", self._target, body, self._make_headers())
        with connection.getresponse() as response:
            return response.status, _read_body(response)

    def _make_headers(self) -> dict[str, str]:
        headers = {
            "Host": self._place.origin.partition("://")[2],
            "User-Agent": USER_AGENT,
            "Connection": "close",
            "Content-Type": "application/json",
            # Without it, trytond marks a long answer as compressed that is not.
            "Accept-Encoding": "gzip",
        }
        return headers if self._session is None else {**headers, "Authorization": f"Session {self._session}"}


def write_decimal(amount: Decimal) -> dict[str, str]:
    """Write an amount as Tryton reads it."""
    return {"__class__": "Decimal", "decimal": f"{amount:f}"}


def write_date(day: date) -> dict[str, object]:
    """Write a day as Tryton reads it."""
    return {"__class__": "date", "year": day.year, "month": day.month, "day": day.day}


def read_decimal(written: object) -> Decimal:
    """Read an amount. Raises `Unanswered` if it is none."""
    if isinstance(written, dict) and written.get("__class__") == "Decimal":
        with suppress(KeyError, InvalidOperation):
            return Decimal(str(written["decimal"]))
    raise Unanswered("answer", was_sent=True)


def _read_body(response: HTTPResponse) -> bytes:
    body = response.read(MAX_ANSWER_BYTES + 1)
    if response.length or len(body) > MAX_ANSWER_BYTES:
        raise Broken
    if response.headers.get("Content-Encoding") != "gzip":
        return body
    unpacked = zlib.decompressobj(wbits=_GZIP)
    try:
        return unpacked.decompress(body, MAX_ANSWER_BYTES)
    except zlib.error:
        raise Broken from None


def _read_answer(body: bytes) -> object:
    try:
        answer = msgspec.json.decode(body, type=dict[str, Any])
    except (msgspec.DecodeError, UnicodeError):
        raise Unanswered("answer", was_sent=True) from None
    if "error" in answer:
        raise _read_error(answer["error"])
    if "result" not in answer:
        raise Unanswered("answer", was_sent=True)
    return answer["result"]


def _convert(result: object, kind: type[T]) -> T:
    try:
        return msgspec.convert(result, kind)
    except msgspec.ValidationError:
        raise Unanswered("answer", was_sent=True) from None


def _read_error(error: object) -> Exception:
    """Read the arguments of an exception of trytond: its name and its own arguments, or of a bug its text."""
    match error:
        case ["UserError", [str(message), description, *_]]:
            return Objection(_join(message, description))
        case ["UserWarning", [_, str(message), description, *_]]:
            return Objection(_join(message, description))
        case ["ConcurrencyException", *_]:
            return Unanswered(_BUSY, was_sent=False)
        case ["LoginException", *_]:
            return Unanswered("login", was_sent=False)
        case _:
            return Unanswered("error", was_sent=True)


def _join(message: str, description: object) -> str:
    return f"{message}\n{description}" if description else message
