"""Whatever is killed, the next start serves again, and nothing that was killed goes on serving."""

import os
import signal
from pathlib import Path

from tests.edge.wire import exchange, get, status
from tests.parts.edge import Edge, wait_until

SERVER = ("nginx", "openresty")


def processes(edge: Edge, *names: str) -> set[int]:
    """The processes with one of these names in the group of the running edge."""
    return {pid for pid, (name, _, group) in _living().items() if group == edge.pid and name in names}


def alive() -> set[int]:
    return set(_living())


def _living() -> dict[int, tuple[str, str, int]]:
    """Name, state and group of every process but the zombies."""
    found = {}
    for entry in Path("/proc").glob("[0-9]*/stat"):
        try:
            text = entry.read_text()
        except (FileNotFoundError, ProcessLookupError):
            continue
        state, _, group = text.rsplit(") ", 1)[1].split()[:3]
        found[int(entry.parent.name)] = (text[text.index("(") + 1 : text.rindex(")")], state, int(group))
    return {pid: known for pid, known in found.items() if known[1] != "Z"}


def serves(edge: Edge) -> bool:
    return status(exchange(edge, get("/tracking/postback/acme"))) == 200


def test_after_kill_9_of_the_master_the_next_start_serves_and_no_old_worker_is_left(own_edge: Edge) -> None:
    assert serves(own_edge)
    old = processes(own_edge, *SERVER)
    assert old
    own_edge.kill()
    assert serves(own_edge), "workers are expected to outlive their master; that is the problem"

    own_edge.start()

    assert serves(own_edge)
    assert not old & alive()


def test_a_second_start_takes_over_from_a_running_edge(own_edge: Edge) -> None:
    old = own_edge.pid

    own_edge.start()

    assert own_edge.pid != old
    assert serves(own_edge)


def test_the_start_leaves_another_edge_alone(edge: Edge, own_edge: Edge) -> None:
    own_edge.kill()
    own_edge.start()

    assert serves(edge)


def test_a_killed_worker_is_replaced(own_edge: Edge) -> None:
    own_edge.expected_alarms.append(r"worker process \d+ exited on signal 9")
    assert serves(own_edge)  # the kernel accepts connections before there are workers
    (worker, *_) = processes(own_edge, *SERVER) - {own_edge.pid}

    os.kill(worker, signal.SIGKILL)

    wait_until(lambda: "exited on signal 9" in own_edge.error_output())
    wait_until(lambda: serves(own_edge))


def test_a_killed_scrubber_is_replaced_and_the_next_record_is_scrubbed_too(own_edge: Edge) -> None:
    wait_until(lambda: processes(own_edge, "sed") != set())
    (scrubber,) = processes(own_edge, "sed")

    os.kill(scrubber, signal.SIGKILL)

    wait_until(lambda: processes(own_edge, "sed") - {scrubber} != set())
    exchange(own_edge, get("/tracking/postback/die-before-answer?x=CANARY"))
    wait_until(lambda: "upstream prematurely closed" in own_edge.error_output())
    assert "CANARY" not in own_edge.error_output()


def test_the_access_log_can_be_rotated(own_edge: Edge) -> None:
    log = own_edge.prefix / "logs" / "access.log"
    log.rename(log.with_suffix(".old"))

    os.kill(own_edge.pid, signal.SIGUSR1)
    wait_until(log.exists)

    wait_until(lambda: serves(own_edge) and own_edge.access_log() != [])


def test_a_graceful_stop_leaves_no_process(own_edge: Edge) -> None:
    group = own_edge.pid

    own_edge.stop()

    wait_until(lambda: group not in [its_group for _, _, its_group in _living().values()])
