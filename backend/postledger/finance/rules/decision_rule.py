"""Who may decide a request, and what becomes of it: steps, four eyes, delegates, changed content. Pure."""

from collections.abc import Iterator, Sequence
from datetime import datetime
from typing import Literal

import msgspec

Verdict = Literal["approve", "reject", "return"]
State = Literal["waiting", "approved", "rejected", "returned", "superseded"]
Reason = Literal["unknown", "already_decided", "content_changed", "four_eyes", "not_your_step"]

VERBS: dict[Verdict, str] = {"approve": "approved", "reject": "rejected", "return": "returned"}
_SETTLED: dict[Verdict, State] = {"approve": "approved", "reject": "rejected", "return": "returned"}


class Person(msgspec.Struct, frozen=True):
    """Someone who decides, or for whom a delegate does. `names`: the login, and the operating system's user."""

    id: int
    login: str
    roles: frozenset[str]
    names: frozenset[str]
    payee: str | None


class Decided(msgspec.Struct, frozen=True):
    """A decision that was taken. `for_login`: whose delegate took it."""

    step: int
    user_id: int
    login: str
    for_user: int | None
    for_login: str | None
    verdict: Verdict
    at: datetime


class Request(msgspec.Struct, frozen=True):
    """A request, with the facts on which it depends who may decide it.

    `content_sha256`: what it was made for. `content_now`: what that is now. `made_by`: who caused it, or one that it
    took the place of. `changed_by`: who changed one of its rules a short while ago. `successor`: the request that
    waits in its place.
    """

    id: str
    state: State
    step: int
    steps: tuple[str, ...]
    payee: str | None
    content_sha256: bytes
    content_now: bytes
    made_by: frozenset[str]
    changed_by: frozenset[str]
    decided: tuple[Decided, ...]
    successor: str | None = None


class Taken(msgspec.Struct, frozen=True):
    """A decision that is allowed, and the state and step of the request after it."""

    for_user: Person | None
    state: State
    step: int


class Fault(msgspec.Struct, frozen=True):
    """Why a decision is refused. `decided`: the decision that came first."""

    reason: Reason
    words: str
    decided: Decided | None = None

    def __str__(self) -> str:
        return f"{self.reason}: {self.words}"


def judge(
    request: Request, person: Person, givers: Sequence[Person], verdict: Verdict, seen: bytes | None = None
) -> Taken | Fault:
    """Judge a decision. `givers`: for whom the person may decide now. `seen`: the content that the person saw."""
    fault = _find_change(request, seen) or _find_earlier(request)
    if fault is not None:
        return fault
    role = request.steps[request.step]
    ways: list[Person | None] = [None] if role in person.roles else []
    ways += [giver for giver in givers if role in giver.roles]
    if not ways:
        return _find_taken_step(request, person, givers) or Fault(
            "not_your_step", f"step {request.step + 1} of {len(request.steps)} needs the role {role}"
        )
    conflicts = [_find_conflict(request, person, way) for way in ways]
    if None not in conflicts:
        return Fault("four_eyes", next(filter(None, conflicts)))
    return _take(request, ways[conflicts.index(None)], verdict)


def _find_change(request: Request, seen: bytes | None) -> Fault | None:
    if request.state == "superseded":
        at = f"look at {request.successor}, which took its place" if request.successor else "nothing is left to decide"
        return Fault("content_changed", f"what it holds has changed; {at}")
    if seen is not None and seen != request.content_sha256:
        return Fault("content_changed", f"it does not hold what you saw; run: postledger approvals show {request.id}")
    if request.state == "waiting" and request.content_now != request.content_sha256:
        return Fault("content_changed", "what it holds has changed; a new request takes its place")
    return None


def _find_earlier(request: Request) -> Fault | None:
    if request.state == "waiting":
        return None
    if not request.decided:
        return Fault("already_decided", f"it is {request.state}")
    return _name_earlier(request.decided[-1])


def _find_taken_step(request: Request, person: Person, givers: Sequence[Person]) -> Fault | None:
    """Find who took the step that would have been the person's."""
    roles = person.roles.union(*(giver.roles for giver in givers))
    taken = [each for each in request.decided if request.steps[each.step] in roles]
    return _name_earlier(taken[-1]) if taken else None


def _name_earlier(decided: Decided) -> Fault:
    by = decided.login if decided.for_login is None else f"{decided.login} for {decided.for_login}"
    at = decided.at.isoformat(sep=" ", timespec="seconds").replace("+00:00", "Z")
    return Fault("already_decided", f"{by} {VERBS[decided.verdict]} it at {at}", decided)


def _find_conflict(request: Request, person: Person, giver: Person | None) -> str | None:
    """Say why neither this person, nor this person for that one, may decide. None: they may."""
    involved = [person] if giver is None else [person, giver]
    return next((words for each in involved for words in _list_conflicts(request, each)), None)


def _list_conflicts(request: Request, person: Person) -> Iterator[str]:
    if request.made_by & person.names:
        yield f"{person.login} caused it; another person decides"
    if request.payee is not None and request.payee == person.payee:
        yield f"{person.login} is the payee; another person decides"
    if request.changed_by & person.names:
        yield f"{person.login} changed its rule within rule_cooling; another person decides, or wait"
    if any(person.id in (each.user_id, each.for_user) for each in request.decided):
        yield f"{person.login} has decided another step of it; another person decides this one"


def _take(request: Request, giver: Person | None, verdict: Verdict) -> Taken:
    is_last = request.step + 1 == len(request.steps)
    if verdict == "approve" and not is_last:
        return Taken(giver, "waiting", request.step + 1)
    return Taken(giver, _SETTLED[verdict], request.step)
