"""Changes of the policy while clients keep sending, on every route that leads to the source."""

import time
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from itertools import cycle
from pathlib import Path
from tempfile import TemporaryDirectory
from threading import Event, Thread

from tests.parts.cli import CommandLine
from tests.parts.edge import Edge
from tests.parts.sender import Answer, Postback, send
from tests.parts.waiting import wait_until

FILE = """
[[sources]]
slug = "{slug}"
name = "New"
auth = "none"
click = "optional"
currency = "USD"
rate = 1000000
burst = 1000000
allow = ["{allow}"]
paths = ["/{slug}.php"]
"""
TARGETS = ("/tracking/postback/{0}?", "/tracking/postback?source={0}&", "/%74racking/postback/{0}?", "/{0}.php?")


def apply_source(environment: Mapping[str, str], slug: str, allow: str) -> None:
    """Run `postledger apply` on a file with a new source."""
    with TemporaryDirectory() as folder:
        file = Path(folder, f"{slug}.toml")
        file.write_text(FILE.format(slug=slug, allow=allow))
        assert CommandLine(environment, file.parent).process("apply", str(file)).code == 0


Sent = list[tuple[float, Answer]]
"""When each postback was sent, by the monotonic clock, and its response."""


@contextmanager
def sending_often(edge: Edge, slug: str) -> Iterator[Sent]:
    """Send to every target in turn while the block runs; yields all responses so far."""
    sent: Sent = []
    stopping = Event()

    def run() -> None:
        with edge.client() as client:
            for number, target in enumerate(cycle(TARGETS)):
                if stopping.is_set():
                    return
                postback = Postback("GET", f"{target.format(slug)}click_id=C{number}&transaction_id={number}")
                sent.append((time.monotonic(), send(client, postback)))

    thread = Thread(target=run)
    thread.start()
    try:
        yield sent
    finally:
        stopping.set()
        thread.join()


def wait_for_eight(sent: Sent, code: int) -> None:
    """Wait until each target has given this code twice in a row."""
    wait_until(lambda: [answer.code for _, answer in sent[-8:]] == [code] * 8, what=f"nothing but {code}")


def last_other_s(sent: Sent, code: int) -> float:
    """When the last postback was sent that got another code."""
    return max(sent_s for sent_s, answer in sent if answer.code != code)
