"""Drives one contestant of `make bench EDGE=1` with wrk, and believes a number only when every answer was right.

Apart from `wrk.py`, which signs each request and reads statuses in Lua: here a nginx that answers a constant must not
be waiting for wrk, so wrk sends one request again and again and counts.
"""

import re
import resource
import subprocess

import httpx
import msgspec

from loadtests.bench.plan import Plan
from loadtests.bench.processes import cpu_seconds
from loadtests.bench.rounds import RoundFailed

QUERY = "click_id=b5bd8274b5d0359a&payout=0.50&currency=USD&affiliate_id=456&transaction_id=TXN789&ts=1790000000"
SIGNATURE = "b5bd8274b5d0359a26972e2a817c0acc3484b4aa2ff06ec4c51828ede13c335f"
# A machine that is busy with something else loses a connection now and then, which says nothing about the edge. More
# than that is a fault of it, and no number that came out beside it is to be believed.
LOST_AT_MOST = 0.003
_ANSWERED = re.compile(r"(\d+) requests in ")
_RATE = re.compile(r"Requests/sec:\s+([0-9.]+)")
_OTHER_THAN_2XX = re.compile(r"Non-2xx or 3xx responses: (\d+)")
_LOST = re.compile(r"Socket errors: connect (\d+), read (\d+), write (\d+), timeout (\d+)")


class EdgeContestant(msgspec.Struct, frozen=True):
    """Who answers what: `status` to every request, except `others` of them a second; `pid` is its first process.

    With `closes` each request comes on a new TLS connection. wrk offers the session of the one before.
    """

    name: str
    url: str
    pid: int
    status: int = 200
    others: int = 0
    closes: bool = False


class Told(msgspec.Struct, frozen=True):
    """What wrk tells of one round."""

    answered: int
    refused: int
    lost: int
    per_second: float


class Driven(msgspec.Struct, frozen=True):
    """One round of one contestant: answers a second, its own processor time for each in microseconds, how many
    requests were lost with their connection or in a time-out, and wrk's processor time for each answer.
    """

    per_second: float
    cpu_us: float
    lost: int = 0
    client_us: float = 0.0


def drive(plan: Plan, contestant: EdgeContestant, duration_s: int) -> Driven:
    """Send for that long; raises `RoundFailed` when more than a few in a thousand were lost, or an answer was wrong."""
    _check_one(contestant)
    before_s, client_before_s = cpu_seconds(contestant.pid), _client_seconds()
    told = read_told(_run_wrk(plan, contestant, duration_s))
    spent_s, client_s = cpu_seconds(contestant.pid) - before_s, _client_seconds() - client_before_s
    check_all(contestant, told, duration_s)
    return Driven(told.per_second, spent_s * 1e6 / told.answered, told.lost, client_s * 1e6 / told.answered)


def _client_seconds() -> float:
    """Processor time of all wrk processes so far."""
    ended = resource.getrusage(resource.RUSAGE_CHILDREN)
    return ended.ru_utime + ended.ru_stime


def read_told(text: str) -> Told:
    """Read what wrk has printed."""
    answered, rate, refused, lost = (one.search(text) for one in (_ANSWERED, _RATE, _OTHER_THAN_2XX, _LOST))
    if answered is None or rate is None:
        raise RoundFailed(f"wrk said: {text}")
    return Told(
        answered=int(answered[1]),
        refused=int(refused[1]) if refused else 0,
        lost=sum(map(int, lost.groups())) if lost else 0,
        per_second=float(rate[1]),
    )


def _request_of(contestant: EdgeContestant) -> str:
    return f"{contestant.url}?{QUERY}&sig={SIGNATURE}"


def _run_wrk(plan: Plan, contestant: EdgeContestant, duration_s: int) -> str:
    numbers = [f"-t{plan.threads}", f"-c{plan.connections}", f"-d{duration_s}s"]
    closes = ["-H", "Connection: close"] if contestant.closes else []
    command = ["wrk", *numbers, *closes, _request_of(contestant)]
    return subprocess.run(command, check=True, capture_output=True, text=True).stdout


def _check_one(contestant: EdgeContestant) -> None:
    """Which status it is: wrk tells only whether it was 2xx."""
    with httpx.Client(verify=False, trust_env=False) as client:  # noqa: S501 - wrk does not look at certificates either
        statuses = {client.get(_request_of(contestant)).status_code for _ in range(contestant.others + 1)}
    if contestant.status not in statuses:
        raise RoundFailed(f"{contestant.name}: answered {statuses}, not {contestant.status}")


def check_all(contestant: EdgeContestant, told: Told, duration_s: int) -> None:
    """Raise `RoundFailed` when what wrk tells of a round is not to be believed."""
    wrong = told.refused if contestant.status < 300 else told.answered - told.refused
    # wrk's seconds are a little longer than ours.
    too_many_lost = told.lost > told.answered * LOST_AT_MOST
    if too_many_lost or not told.answered or wrong > contestant.others * (duration_s + 2):
        raise RoundFailed(f"{contestant.name}: {wrong} wrong answers and {told.lost} lost of {told.answered}")
