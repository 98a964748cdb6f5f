"""Who is missing to decide by a rule of approval."""

from collections.abc import Mapping, Sequence
from itertools import permutations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from postledger.finance.rules.approvers import find_missing_roles, find_only_creator

ROLES = ("manager", "director", "owner")
PEOPLE = st.dictionaries(st.sampled_from(["mia", "dan", "eve", "joe"]), st.sets(st.sampled_from(ROLES)))


@pytest.mark.parametrize(
    ("steps", "people", "missing"),
    [
        (["manager"], {"mia": ["manager"]}, []),
        (["manager"], {"mia": ["director"], "ada": ["admin"]}, ["manager"]),
        (["manager"], {}, ["manager"]),
        (["manager", "director"], {"mia": ["manager", "director"]}, ["director"]),
        (["manager", "director"], {"mia": ["manager", "director"], "dan": ["director"]}, []),
        (["manager", "director"], {"mia": ["manager", "director"], "dan": ["manager"]}, []),
        (["manager", "manager"], {"mia": ["manager"]}, ["manager"]),
        (["manager", "manager"], {"mia": ["manager"], "dan": ["manager", "director"]}, []),
        (["manager", "director", "owner"], {"mia": ["manager"]}, ["director", "owner"]),
    ],
)
def test_each_step_needs_another_person(
    steps: Sequence[str], people: Mapping[str, Sequence[str]], missing: Sequence[str]
) -> None:
    assert find_missing_roles(steps, people) == missing


@given(st.lists(st.sampled_from(ROLES), min_size=1, max_size=4), PEOPLE)
def test_roles_are_missing_exactly_if_no_order_of_people_fits(steps: list[str], people: dict[str, set[str]]) -> None:
    fits = any(
        all(role in people[login] for role, login in zip(steps, order, strict=True))
        for order in permutations(people, len(steps))
    )

    assert (find_missing_roles(steps, people) == []) is fits


@given(st.lists(st.sampled_from(ROLES), min_size=1, max_size=4), PEOPLE)
def test_one_more_person_for_each_missing_role_is_enough(steps: list[str], people: dict[str, set[str]]) -> None:
    added = {f"new-{number}": {role} for number, role in enumerate(find_missing_roles(steps, people))}

    assert find_missing_roles(steps, people | added) == []


@pytest.mark.parametrize(
    ("creators", "people", "found"),
    [
        (["mia"], {"mia": ["manager"]}, "mia"),
        (["mia", "mia"], {"mia": ["manager"]}, "mia"),
        (["mia", "root"], {"mia": ["manager"]}, None),
        (["mia"], {"mia": ["manager"], "dan": ["manager"]}, None),
        (["root"], {"mia": ["manager"]}, None),
    ],
)
def test_one_manager_who_is_the_only_creator_is_found(
    creators: Sequence[str], people: Mapping[str, Sequence[str]], found: str | None
) -> None:
    assert find_only_creator(creators, ["manager"], people) == found
