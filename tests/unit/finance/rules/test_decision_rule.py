"""Who may decide a request: every combination of step, role, delegate and conflict, without a ledger."""

from datetime import UTC, datetime

import pytest
from hypothesis import given
from hypothesis import strategies as st
from msgspec.structs import replace

from postledger.finance.rules.decision_rule import Decided, Fault, Person, Request, Taken, Verdict, judge

AT = datetime(2026, 11, 30, 12, tzinfo=UTC)
REQUEST = Request(
    "r1", "waiting", 0, ("manager", "director"), "456", b"now", b"now", frozenset(), frozenset(), ()
)  # fmt: skip
LOGINS = ("mia", "bob", "dan", "eve", "pia")


def person(login: str, *roles: str, payee: str | None = None, os_user: str | None = None) -> Person:
    names = frozenset({login} if os_user is None else {login, os_user})
    return Person(LOGINS.index(login), login, frozenset(roles), names, payee)


def decided(login: str, step: int = 0, for_login: str | None = None) -> Decided:
    for_user = None if for_login is None else LOGINS.index(for_login)
    return Decided(step, LOGINS.index(login), login, for_user, for_login, "approve", AT)


def fault_of(request: Request, who: Person, *givers: Person, seen: bytes | None = None) -> str | None:
    judged = judge(request, who, givers, "approve", seen)
    return judged.reason if isinstance(judged, Fault) else None


MIA, DAN, EVE = person("mia", "manager"), person("dan", "director"), person("eve", "manager", "director")
SECOND = replace(REQUEST, step=1, decided=(decided("mia"),))


@pytest.mark.parametrize(
    ("verdict", "request_", "who", "after"),
    [
        ("approve", REQUEST, MIA, ("waiting", 1)),
        ("reject", REQUEST, MIA, ("rejected", 0)),
        ("return", REQUEST, MIA, ("returned", 0)),
        ("approve", SECOND, DAN, ("approved", 1)),
        ("reject", SECOND, DAN, ("rejected", 1)),
    ],
)
def test_a_decision_moves_the_request(verdict: Verdict, request_: Request, who: Person, after: tuple[str, int]) -> None:
    taken = judge(request_, who, (), verdict)

    assert isinstance(taken, Taken)
    assert (taken.state, taken.step, taken.for_user) == (*after, None)


@pytest.mark.parametrize(
    ("request_", "who", "givers", "reason"),
    [
        (REQUEST, DAN, (), "not_your_step"),
        (REQUEST, person("bob"), (), "not_your_step"),
        (REQUEST, person("bob"), (DAN,), "not_your_step"),
        (REQUEST, person("bob"), (MIA,), None),
        (SECOND, MIA, (), "already_decided"),
        (SECOND, person("bob", "manager"), (), "already_decided"),
        (SECOND, person("bob"), (MIA,), "already_decided"),
        (SECOND, EVE, (), None),
        (replace(SECOND, decided=(decided("eve"),)), EVE, (), "four_eyes"),
        (SECOND, MIA, (DAN,), "four_eyes"),
        (replace(SECOND, decided=(decided("bob", 0, "eve"),)), EVE, (), "four_eyes"),
        (replace(SECOND, decided=(decided("mia", 0, "eve"),)), DAN, (EVE,), None),
        (replace(SECOND, decided=(decided("mia", 0, "eve"),)), person("bob"), (EVE,), "four_eyes"),
        (replace(REQUEST, made_by=frozenset({"mia"})), MIA, (), "four_eyes"),
        (replace(REQUEST, made_by=frozenset({"root"})), person("mia", "manager", os_user="root"), (), "four_eyes"),
        (replace(REQUEST, made_by=frozenset({"bob"})), MIA, (), None),
        (replace(REQUEST, made_by=frozenset({"bob"})), person("bob"), (MIA,), "four_eyes"),
        (replace(REQUEST, changed_by=frozenset({"mia"})), MIA, (), "four_eyes"),
        (REQUEST, person("pia", "manager", payee="456"), (), "four_eyes"),
        (REQUEST, person("pia", "manager", payee="457"), (), None),
        (replace(REQUEST, payee=None), person("pia", "manager"), (), None),
        (REQUEST, person("bob"), (person("pia", "manager", payee="456"),), "four_eyes"),
        (REQUEST, person("bob"), (person("pia", "manager", payee="456"), MIA), None),
        (replace(REQUEST, content_now=b"other"), MIA, (), "content_changed"),
        (replace(REQUEST, state="superseded"), MIA, (), "content_changed"),
        (replace(REQUEST, state="approved"), MIA, (), "already_decided"),
        (replace(REQUEST, state="rejected", content_now=b"x", decided=(decided("bob"),)), DAN, (), "already_decided"),
    ],
)  # fmt: skip
def test_who_may_decide(request_: Request, who: Person, givers: tuple[Person, ...], reason: str | None) -> None:
    assert fault_of(request_, who, *givers) == reason


@pytest.mark.parametrize(("seen", "reason"), [(b"now", None), (b"other", "content_changed"), (None, None)])
def test_a_decision_counts_for_what_was_seen(seen: bytes | None, reason: str | None) -> None:
    assert fault_of(REQUEST, MIA, seen=seen) == reason


def test_the_delegate_is_recorded_with_the_giver() -> None:
    taken = judge(REQUEST, person("bob"), (DAN, MIA), "approve")

    assert isinstance(taken, Taken)
    assert taken.for_user == MIA


def test_who_was_first_is_named_with_the_time() -> None:
    request = replace(REQUEST, state="approved", decided=(decided("bob", 0, "mia"),))

    assert str(judge(request, MIA, (), "reject")) == "already_decided: bob for mia approved it at 2026-11-30 12:00:00Z"


PEOPLE = st.builds(
    person, st.sampled_from(LOGINS), st.sampled_from(["manager", "director"]), payee=st.sampled_from([None, "456"])
)


@given(st.lists(st.tuples(PEOPLE, st.lists(PEOPLE, max_size=2)), max_size=8), st.frozensets(st.sampled_from(LOGINS)))
def test_no_chain_is_approved_with_fewer_people_than_steps(
    turns: list[tuple[Person, list[Person]]], made_by: frozenset[str]
) -> None:
    request = replace(REQUEST, made_by=made_by)
    for who, givers in turns:
        taken = judge(request, who, givers, "approve")
        if isinstance(taken, Taken):
            giver = taken.for_user
            done = Decided(request.step, who.id, who.login, giver.id if giver else None, None, "approve", AT)
            request = replace(request, state=taken.state, step=taken.step, decided=(*request.decided, done))

    involved = [each for done in request.decided for each in {done.user_id, done.for_user} - {None}]
    assert len(involved) == len(set(involved))
    assert not {LOGINS[each] for each in involved if each is not None} & made_by
    assert request.state != "approved" or len(request.decided) == len(request.steps)
