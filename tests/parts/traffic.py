"""Many senders at once, as sources really are: each repeats a postback until it is told 2xx, and then makes the next.

Apart from `sender` because it keeps the books: what was sent, what each attempt brought, and how long that took.
"""

import http.client
import time
from collections import Counter
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from threading import Event, Thread

from tests.parts.edge import Edge
from tests.parts.sender import Answer, Postback, read_answer

ATTEMPT_TIMEOUT_S = 120.0  # far longer than the edge may take for anything: such a sender was forgotten
GIVE_UP_AFTER_S = 300.0
PAUSE_S = 0.1  # shorter than Retry-After asks for, because impatient senders are the harder ones


@dataclass(slots=True)
class Books:
    """What one sender has seen."""

    delivered: dict[str, int] = field(default_factory=dict)  # key -> number of attempts
    undelivered: list[str] = field(default_factory=list)
    receipts: dict[str, str] = field(default_factory=dict)  # receipt of a 2xx answer -> its verdict
    repeated_receipts: list[str] = field(default_factory=list)
    outcomes: Counter[str] = field(default_factory=Counter)
    slowest_s: float = 0.0

    def add(self, other: "Books") -> None:
        """Take over another sender's books."""
        self.repeated_receipts += [*other.repeated_receipts, *(self.receipts.keys() & other.receipts.keys())]
        self.delivered |= other.delivered
        self.receipts |= other.receipts
        self.undelivered += other.undelivered
        self.outcomes += other.outcomes
        self.slowest_s = max(self.slowest_s, other.slowest_s)


class Traffic:
    """Senders in threads, each on its own connection through the edge; `make` turns an event's key into a postback.

    Its senders never give a connection up by themselves, so that whatever closes one is seen.
    """

    def __init__(self, edge: Edge, make: Callable[[str], Postback], *, senders: int = 24) -> None:
        self._edge, self._make = edge, make
        self._context = edge.tls_context()
        self._stopping = Event()
        self._books = [Books() for _ in range(senders)]
        self._threads = [Thread(target=self._run, args=(number,)) for number in range(senders)]

    @property
    def delivered(self) -> int:
        """How many events have been answered 2xx so far."""
        return sum(len(books.delivered) for books in self._books)

    @contextmanager
    def flowing(self) -> Iterator[None]:
        """Send all the time; on leaving, each sender still delivers the postback that it is at."""
        for thread in self._threads:
            thread.start()
        try:
            yield
        finally:
            self._stopping.set()
            for thread in self._threads:
                thread.join()

    def books(self) -> Books:
        """All senders' books as one, after they have stopped."""
        total = Books()
        for books in self._books:
            total.add(books)
        return total

    def _run(self, number: int) -> None:
        connection, count = self._connect(), 0
        while not self._stopping.is_set():
            self._deliver(connection, f"{number}-{count}", self._books[number])
            count += 1
        connection.close()

    def _deliver(self, connection: http.client.HTTPSConnection, key: str, books: Books) -> None:
        postback, attempts, give_up_s = self._make(key), 0, time.monotonic() + GIVE_UP_AFTER_S
        while time.monotonic() < give_up_s:
            attempts += 1
            if self._attempt(connection, postback, books):
                books.delivered[key] = attempts
                return
            Event().wait(PAUSE_S)
        books.undelivered.append(key)

    def _attempt(self, connection: http.client.HTTPSConnection, postback: Postback, books: Books) -> bool:
        started_s = time.monotonic()
        try:
            answer = _exchange(connection, postback)
        except TimeoutError:
            connection.close()
            books.outcomes["no answer"] += 1
            return False
        except (OSError, http.client.HTTPException):
            connection.close()
            books.outcomes["closed connection"] += 1
            return False
        books.slowest_s = max(books.slowest_s, time.monotonic() - started_s)
        _note(answer, books)
        return answer.is_success

    def _connect(self) -> http.client.HTTPSConnection:
        port, context = self._edge.https_port, self._context
        return http.client.HTTPSConnection("127.0.0.1", port, context=context, timeout=ATTEMPT_TIMEOUT_S)


def _exchange(connection: http.client.HTTPSConnection, postback: Postback) -> Answer:
    connection.request(postback.method, postback.target, postback.body or None, dict(postback.headers))
    response = connection.getresponse()
    return read_answer(response.status, response.read(), response.getheader("Retry-After"))


def _note(answer: Answer, books: Books) -> None:
    books.outcomes[f"{answer.code} {answer.reason or answer.status}"] += 1
    if answer.is_success:
        assert answer.receipt, "a 2xx answer has a receipt"
        assert answer.status, "a 2xx answer has a verdict"
        if answer.receipt in books.receipts:
            books.repeated_receipts.append(answer.receipt)
        books.receipts[answer.receipt] = answer.status
