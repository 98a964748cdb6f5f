"""Fuzzed requests find no 5xx, no response without a receipt, no dead process, and no canary in a log.

`make fuzz` sends more of them, or other ones. Each failure names the command that repeats it.
"""

import logging
import os
import time
from collections import Counter
from collections.abc import Callable, Iterable, Iterator
from concurrent.futures import ThreadPoolExecutor
from itertools import count

import pytest

from tests.fuzz.cases import Case, make_case
from tests.fuzz.exchange import Response, send_all
from tests.fuzz.system import System

SEED = os.environ.get("FUZZ_SEED", "1")
SECONDS = int(os.environ.get("FUZZ_SECONDS", "0"))
"""How long `make fuzz` goes on with further seeds. `make test` sends what one seed gives."""
COUNTS = {"edge": 6_500, "backend": 3_000, "http2": 500}
SHARE = int(os.environ.get("FUZZ_COUNT", "10000")) / sum(COUNTS.values())
ONLY = os.environ.get("FUZZ_CASE")
BETWEEN_HONEST, SENDERS = 500, 4
TOO_MANY = 20

_log = logging.getLogger(__name__)

Send = Callable[[list[Case]], Iterable[tuple[Case, Response]]]


def senders(system: System) -> dict[str, Send]:
    """How the cases for each entrance are sent."""
    return {
        "edge": lambda cases: send_all(system.connect_to_edge, cases),
        "backend": lambda cases: send_all(system.connect_to_backend, cases),
        "http2": lambda cases: [(case, system.ask_over_http2(case)) for case in cases],
    }


def numbers(entrance: str) -> list[int]:
    """The numbers of this entrance's cases."""
    return [int(ONLY)] if ONLY else list(range(round(COUNTS[entrance] * SHARE)))


@pytest.mark.parametrize("entrance", COUNTS)
def test_fuzzed_requests_are_refused_and_nothing_else_happens(system: System, entrance: str) -> None:
    faults: list[str] = []
    statuses: Counter[int] = Counter()

    system.assert_works()
    for seed, cases in batches(entrance, system):
        for case, response in send_side_by_side(senders(system)[entrance], cases):
            statuses[response.status] += 1
            if fault := find_fault(entrance, case, response):
                faults.append(describe(entrance, seed, case, response, fault))
        assert len(faults) < TOO_MANY, "\n".join(faults)
        system.assert_works()

    _log.info("%s: %s requests, by status: %s", entrance, statuses.total(), dict(sorted(statuses.items())))
    assert faults == [], "\n".join(faults)
    assert system.find_leaks() == []
    assert ONLY or statuses[0] < statuses.total() / 4, statuses
    assert ONLY or (statuses[401] and statuses[400]), statuses


def batches(entrance: str, system: System) -> Iterator[tuple[str, list[Case]]]:
    """Seeds and their cases, in portions between which an honest sender comes."""
    chosen = numbers(entrance)
    for seed in seeds():
        for start in range(0, len(chosen), BETWEEN_HONEST):
            portion = chosen[start : start + BETWEEN_HONEST]
            yield seed, [make_case(f"{seed}/{entrance}", number, system.targets) for number in portion]


def seeds() -> Iterator[str]:
    """The seed that was asked for, and further ones until the time of this entrance is over."""
    until_s = time.monotonic() + SECONDS / len(COUNTS)
    yield SEED
    for number in count(1):
        if time.monotonic() >= until_s:
            return
        yield f"{SEED}.{number}"


def send_side_by_side(send: Send, cases: list[Case]) -> Iterator[tuple[Case, Response]]:
    """Send from several clients, each case once."""
    with ThreadPoolExecutor(SENDERS) as pool:
        shares = pool.map(lambda first: list(send(cases[first::SENDERS])), range(SENDERS))
        yield from (exchanged for share in shares for exchanged in share)


def find_fault(entrance: str, case: Case, response: Response) -> str | None:
    """What is wrong with a response, or None. A closed connection is no fault.

    The edge adds the receipt to each response. The backend has it in refusals, unless it was asked with HEAD. It
    answers 503 to a request that claims another policy of the edge, which only the edge can.
    """
    is_past_the_edge = entrance == "backend"
    if response.status >= 500 and not (is_past_the_edge and response.is_unavailable):
        return "an answer of a fault of ours"
    needs_receipt = response.status >= 400 and not case.raw.startswith(b"HEAD") if is_past_the_edge else response.raw
    if needs_receipt and not response.has_receipt:
        return "a response without a receipt"
    return None


def describe(entrance: str, seed: str, case: Case, response: Response, fault: str) -> str:
    """The fault, the request, and how to send it again."""
    again = f"script/fuzz SEED={seed} CASE={case.number}"
    return f"{fault}: {entrance}, {again}\n  sent {case.raw[:2000]!r}\n  got {response.raw[:400]!r}"
