"""A user, the roles that one can have, and what these allow. Pure."""

import re
from collections.abc import Collection, Iterable
from datetime import datetime

import msgspec

from postledger.vocabulary.operator_error import InvalidRequest

VIEWER, OPERATOR, ADMIN = "viewer", "operator", "admin"
SCOPES = (
    "read", "expenses", "approve", "bills", "statements", "reconcile", "periods", "operate", "admin",
)  # fmt: skip
"""What a token may be good for."""
_LOGIN = re.compile(r"[A-Za-z0-9][A-Za-z0-9._@+-]{0,63}")
_ROLE = re.compile(r"[a-z][a-z0-9_-]{0,31}")
_EMAIL = re.compile(r"[^\s@<>,;:\"]+@[^\s@<>,;:\"]+")
_LONGEST_TEXT = 255


class User(msgspec.Struct, frozen=True):
    """Someone who may look, operate or decide. `payee` is the payee that they are, about which they decide nothing."""

    id: int
    login: str
    name: str
    roles: list[str]
    email: str | None
    os_user: str | None
    payee: str | None
    created_at: datetime
    disabled_at: datetime | None

    @property
    def only_looks(self) -> bool:
        """Whether the user may change nothing."""
        return set(self.roles) <= {VIEWER}


class NewUser(msgspec.Struct, frozen=True):
    """A user to add."""

    login: str
    roles: list[str]
    name: str
    email: str | None = None
    os_user: str | None = None
    payee: str | None = None


def list_levels(roles: Iterable[str]) -> list[str]:
    """Return the roles that are levels of approval: every name that is no other role."""
    return [role for role in roles if role not in (VIEWER, OPERATOR, ADMIN)]


def check_new_user(user: NewUser) -> None:
    """Refuse what cannot be a user. Raises `InvalidRequest`."""
    if not _LOGIN.fullmatch(user.login):
        raise InvalidRequest("LOGIN must be 1 to 64 letters, digits and . _ @ + -, and begin with a letter or a digit")
    check_roles(user.roles)
    if user.email is not None and (len(user.email) > _LONGEST_TEXT or not _EMAIL.fullmatch(user.email)):
        raise InvalidRequest("--email must be one address such as mia@example.com")
    for option, text in (("--name", user.name), ("--os-user", user.os_user), ("--payee", user.payee)):
        if text is not None and not (0 < len(text) <= _LONGEST_TEXT and text.isprintable()):
            raise InvalidRequest(f"{option} must be text of 1 to {_LONGEST_TEXT} printable characters")


def check_roles(roles: Collection[str]) -> None:
    """Refuse no roles, and names that cannot be one. Raises `InvalidRequest`."""
    if not roles:
        raise InvalidRequest("a user needs a role: viewer, operator, admin, or a level of approval such as manager")
    if not all(_ROLE.fullmatch(role) for role in roles):
        raise InvalidRequest("a role must be 1 to 32 characters of a-z, 0-9, _ and -, and begin with a letter")


def check_scopes(user: User, scopes: Collection[str]) -> None:
    """Refuse a token that could do more than its user. Raises `InvalidRequest`."""
    unknown = [scope for scope in scopes if scope not in SCOPES]
    if unknown or not scopes:
        raise InvalidRequest(f"--scope must be one of {', '.join(SCOPES)}")
    denied = [scope for scope in scopes if not _allows(user, scope)]
    if denied:
        roles = ", ".join(user.roles)
        raise InvalidRequest(f"{user.login} has the roles {roles}, which do not allow the scope {', '.join(denied)}")


def _allows(user: User, scope: str) -> bool:
    if scope == "read":
        return True
    if scope == "approve":
        return bool(list_levels(user.roles))
    if scope == "admin":
        return ADMIN in user.roles
    return OPERATOR in user.roles or ADMIN in user.roles
