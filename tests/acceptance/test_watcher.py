"""The watcher restarts a killed supervisor, so that a part that is killed later comes back without `make up`."""

import os
import signal

from tests.parts.checkout import Checkout, kill_part, kill_supervisor
from tests.parts.waiting import wait_until


def test_a_killed_supervisor_is_replaced_and_restarts_parts(checkout: Checkout) -> None:
    kill_supervisor(checkout)

    kill_part(checkout, "backend")


def test_a_killed_watcher_is_replaced(checkout: Checkout) -> None:
    killed = checkout.pid("watcher")
    os.kill(killed, signal.SIGKILL)

    wait_until(lambda: checkout.pid("watcher") not in (0, killed))


def test_down_stops_everything_without_supervisor_and_watcher(checkout: Checkout) -> None:
    for part in ("supervisord", "watcher"):
        os.kill(checkout.pid(part), signal.SIGKILL)

    down = checkout.run("down")

    assert down.returncode == 0, down.stdout
    assert checkout.processes() == []


def test_down_ends_a_watcher_that_restarts_the_supervisor(checkout: Checkout) -> None:
    watcher, log = checkout.pid("watcher"), checkout.var / "log" / "watcher.log"
    before = log.stat().st_size
    os.kill(checkout.pid("supervisord"), signal.SIGKILL)
    wait_until(lambda: log.stat().st_size > before)

    down = checkout.run("down")

    assert down.returncode == 0, down.stdout
    assert checkout.processes() == []
    assert not os.path.exists(f"/proc/{watcher}")
