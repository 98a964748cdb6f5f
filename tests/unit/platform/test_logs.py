"""The backend's log: own messages are logged whole, and of libraries' messages only what cannot quote a request."""

import io
import logging
import os
from collections.abc import Iterator

import pytest

from postledger.platform.logs import ScrubbingFormatter

CANARY = "click_id=canary"


@pytest.fixture
def written() -> Iterator[io.StringIO]:
    """What a library's logger and Postledger's have written through the formatter."""
    stream = io.StringIO()
    handler = logging.StreamHandler(stream)
    handler.setFormatter(ScrubbingFormatter())
    loggers = [logging.getLogger(name) for name in ("somebody.else", "postledger.ledger")]
    for logger in loggers:
        logger.addHandler(handler)
    yield stream
    for logger in loggers:
        logger.removeHandler(handler)


def test_an_own_message_is_logged_whole(written: io.StringIO) -> None:
    logging.getLogger("postledger.ledger").error("a row was rejected: %s", "CheckViolation")

    assert written.getvalue().endswith("ERROR postledger.ledger a row was rejected: CheckViolation\n")


def test_a_librarys_message_is_logged_by_type_and_place(written: io.StringIO) -> None:
    logging.getLogger("somebody.else").warning("error connecting in %r: %s", "pool-1", ConnectionError(CANARY))

    here = test_a_librarys_message_is_logged_by_type_and_place
    line = here.__code__.co_firstlineno + 1
    assert written.getvalue().endswith(
        "WARNING somebody.else message withheld, it may quote a request: "
        f"type=ConnectionError at={here.__name__}:{line}\n"
    )


def test_a_traceback_is_logged_by_its_places(written: io.StringIO) -> None:
    def fall() -> None:
        raise ValueError(CANARY)

    try:
        fall()
    except ValueError:
        logging.getLogger("somebody.else").exception("Error handling request %s", CANARY)

    assert "type=ValueError at=fall:" in written.getvalue()
    assert " < test_a_traceback_is_logged_by_its_places:" in written.getvalue()
    assert CANARY not in written.getvalue()


def test_a_message_without_an_error_has_no_type(written: io.StringIO) -> None:
    logging.getLogger("somebody.else").error(CANARY)

    assert "type=None at=test_a_message_without_an_error_has_no_type:" in written.getvalue()
    assert CANARY not in written.getvalue()


def told_of_a_killed_worker(*, master_id: int) -> str:
    """What gunicorn's log says when the kernel has killed a worker, written by this process."""
    record = logging.makeLogRecord(
        {
            "name": "gunicorn.error",
            "levelno": logging.ERROR,
            "msg": "Worker (pid:%s) was sent %s!",
            "args": (7, "SIGKILL"),
            "process": os.getpid(),
        }
    )
    return ScrubbingFormatter(master_id).format(record)


def test_a_message_of_gunicorns_master_is_logged_whole() -> None:
    assert "Worker (pid:7) was sent SIGKILL!" in told_of_a_killed_worker(master_id=os.getpid())


def test_the_same_message_of_a_worker_is_withheld() -> None:
    assert "withheld" in told_of_a_killed_worker(master_id=os.getppid())
