"""A full disk is answered 503 and kills no worker. Everything goes on by itself when there is room."""

import ssl
import subprocess
import tempfile
import time
from collections.abc import Iterator
from contextlib import suppress
from itertools import count
from pathlib import Path

import httpx
import pytest

from tests.drills.promises import Promises
from tests.parts.checkout import Checkout
from tests.parts.databases import fetch
from tests.parts.part import ANSWER_WITHIN_S
from tests.parts.sender import Answer, Sender, send
from tests.parts.waiting import wait_until

SIZE = "300m"
NOTE = "n" * 20_000  # so that the ledger needs new blocks soon
RECOVERED_WITHIN_S = 15.0  # Postgres may have ended, and replays its log
REFUSED_WITHIN_S = 30.0  # the last free blocks of Postgres are used up by then


@pytest.fixture
def small(root: Path) -> Iterator[Checkout]:
    """A checkout that is up, with `var` on a small file system of its own."""
    mount = Path(tempfile.mkdtemp(prefix="postledger-small-", dir="/tmp"))
    subprocess.run(["mount", "-t", "tmpfs", "-o", f"size={SIZE},mode=755", "tmpfs", mount], check=True)
    # The metric files as well, which are in /dev/shm by default: they must not kill a worker either.
    checkout = Checkout(root, mount / "var", POSTLEDGER_METRICS_DIR=str(mount))
    try:
        checkout.up()
        yield checkout
    finally:
        checkout.destroy()
        subprocess.run(["umount", mount], check=True)
        mount.rmdir()


def fill(file: Path) -> None:
    """Write until there is no byte left."""
    with suppress(OSError), file.open("ab", buffering=0) as handle:
        while True:
            handle.write(b"0" * 4096)


def connect(checkout: Checkout) -> httpx.Client:
    """A client of the edge."""
    runtime = checkout.runtime()
    trust = ssl.create_default_context(cafile=runtime["POSTLEDGER_CA_FILE"])
    return httpx.Client(base_url=runtime["POSTLEDGER_EDGE_URL"], verify=trust, timeout=ANSWER_WITHIN_S)


def workers(checkout: Checkout) -> set[str]:
    """The processes below gunicorn's master."""
    listed = subprocess.run(["pgrep", "-P", str(checkout.pid("backend"))], capture_output=True, text=True, check=True)
    return set(listed.stdout.split())


def test_a_full_disk_is_answered_503_and_recovers(small: Checkout, promises: Promises) -> None:
    demo = Sender("demo", secret=small.runtime()["POSTLEDGER_DEMO_SECRET"])
    before, ballast = workers(small), small.var / "ballast"
    numbers = count()

    with connect(small) as client:

        def book() -> Answer:
            number = next(numbers)
            return send(client, demo.form({"click_id": f"c{number}", "transaction_id": f"t{number}", "note": NOTE}))

        assert book().code == 200
        began = time.monotonic()
        booked = 0
        fill(ballast)
        while (answer := book()).is_success:
            booked += 1
            fill(ballast)
        promises.keep("503 on a full disk", time.monotonic() - began, REFUSED_WITHIN_S)
        assert (answer.code, answer.reason) == (503, "unavailable")
        assert workers(small) == before, "no worker was killed"
        for _ in range(20):
            assert book().code in {503, 429}, "the demo may send 10 a second"

        ballast.unlink()
        promises.keep("booked again with room", wait_until(lambda: book().is_success), RECOVERED_WITHIN_S)

    assert workers(small) == before, "no worker was killed"
    assert "SIGBUS" not in (small.var / "log/backend.log").read_text()
    count_booked = "SELECT count(*) FROM conversions WHERE transaction_id LIKE 't%'"
    ((stored,),) = fetch(small.runtime()["DATABASE_URL"], count_booked)
    assert stored >= booked + 2, "every postback that was answered 2xx"
