"""What a user may be called, and what the roles of a user allow."""

from datetime import UTC, datetime

import pytest

from postledger.people.user import NewUser, User, check_new_user, check_scopes, list_levels
from postledger.vocabulary.operator_error import InvalidRequest


def user(*roles: str) -> User:
    return User(1, "mia", "Mia", list(roles), None, None, None, datetime(2026, 11, 30, tzinfo=UTC), None)


@pytest.mark.parametrize("login", ["mia", "Mia.B-2_x", "mia@example.com", "a" * 64, "7"])
def test_a_login_may_be(login: str) -> None:
    check_new_user(NewUser(login, ["manager"], "Mia"))


@pytest.mark.parametrize("login", ["", "-mia", "mia b", "mia\n", "mía", "a" * 65, "mia:b", "mia/b"])
def test_a_login_may_not_be(login: str) -> None:
    with pytest.raises(InvalidRequest, match="LOGIN must be"):
        check_new_user(NewUser(login, ["manager"], "Mia"))


@pytest.mark.parametrize(
    ("new", "fault"),
    [
        (NewUser("mia", [], "Mia"), "needs a role"),
        (NewUser("mia", ["Manager"], "Mia"), "a role must be"),
        (NewUser("mia", ["a" * 33], "Mia"), "a role must be"),
        (NewUser("mia", ["manager"], "Mia\x1b"), "--name"),
        (NewUser("mia", ["manager"], "Mia", email="mia"), "--email"),
        (NewUser("mia", ["manager"], "Mia", email="a@b,c@d"), "--email"),
        (NewUser("mia", ["manager"], "Mia", email="a@b\nBcc: c@d"), "--email"),
        (NewUser("mia", ["manager"], "Mia", os_user=""), "--os-user"),
        (NewUser("mia", ["manager"], "Mia", payee="4" * 256), "--payee"),
    ],
)
def test_a_bad_value_is_named(new: NewUser, fault: str) -> None:
    with pytest.raises(InvalidRequest, match=fault):
        check_new_user(new)


def test_every_other_role_is_a_level_of_approval() -> None:
    assert list_levels(["viewer", "manager", "operator", "director", "admin"]) == ["manager", "director"]
    assert user("viewer").only_looks
    assert not user("viewer", "manager").only_looks


@pytest.mark.parametrize(
    ("roles", "scopes"),
    [
        (["viewer"], ["read"]),
        (["manager"], ["read", "approve"]),
        (["operator"], ["operate", "bills", "expenses"]),
        (["admin"], ["admin", "operate"]),
    ],
)
def test_a_token_may_do_what_its_user_may(roles: list[str], scopes: list[str]) -> None:
    check_scopes(user(*roles), scopes)


@pytest.mark.parametrize(
    ("roles", "scopes"),
    [
        (["viewer"], ["approve"]),
        (["operator"], ["approve"]),
        (["admin"], ["read", "approve"]),
        (["manager"], ["operate"]),
        (["operator"], ["admin"]),
        (["admin"], ["everything"]),
        (["admin"], []),
    ],
)
def test_a_token_may_do_no_more_than_its_user(roles: list[str], scopes: list[str]) -> None:
    with pytest.raises(InvalidRequest):
        check_scopes(user(*roles), scopes)
