"""Finds who is missing to decide by a rule of approval. Pure.

Each step of a chain needs another person, and no one decides about what they caused themselves.
"""

from collections.abc import Collection, Mapping, Sequence

Roles = Mapping[str, Collection[str]]
"""The roles of people by login."""


def find_missing_roles(steps: Sequence[str], people: Roles) -> list[str]:
    """Return the roles of the steps for which no other person is left. Empty if each step can have its own person."""
    taken: dict[str, int] = {}
    return [role for number, role in enumerate(steps) if not _seat(number, steps, people, taken, set())]


def find_only_creator(creators: Collection[str], steps: Sequence[str], people: Roles) -> str | None:
    """Return the only creator if the steps cannot do without them. None if others create, or others can decide."""
    if len(set(creators)) != 1:
        return None
    (creator,) = set(creators)
    return creator if find_missing_roles(steps, leave_out(people, creator)) else None


def leave_out(people: Roles, login: str) -> Roles:
    """Return all people except one."""
    return {other: roles for other, roles in people.items() if other != login}


def _seat(number: int, steps: Sequence[str], people: Roles, taken: dict[str, int], tried: set[str]) -> bool:
    """Give a step a person. A person who has another step already gives way if that one finds someone else."""
    for login, roles in people.items():
        if steps[number] not in roles or login in tried:
            continue
        tried.add(login)
        if login not in taken or _seat(taken[login], steps, people, taken, tried):
            taken[login] = number
            return True
    return False
