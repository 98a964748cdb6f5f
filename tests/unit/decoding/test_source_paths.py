"""A source's own paths: their format, their key, and conflicts between two sources."""

from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from postledger.decoding.source_paths import KEY, RESERVED, check_host, check_key, check_path, split_path
from postledger.policy.config_file import BadConfiguration, Configuration, read_configuration
from postledger.policy.diff import Stored
from postledger.policy.path_conflicts import find_contested_paths
from postledger.policy.preset_files import read_known

NOTHING = Configuration()


def read(*sources: dict[str, Any]) -> Configuration:
    return read_configuration({"sources": list(sources)}, {}, read_known())


def faults_of(**source: Any) -> list[str]:
    with pytest.raises(BadConfiguration) as caught:
        read({"slug": "acme", "secrets": ["s3cret"], **source})
    return [str(fault) for fault in caught.value.faults]


def contested(wanted: Configuration, in_force: Configuration = NOTHING, *, prune: bool = False) -> list[str]:
    return [str(fault) for fault in find_contested_paths(wanted, Stored(in_force, NOTHING), prune=prune)]


@pytest.mark.parametrize("path", ["/", "/postback", "/click.php", "/pb/", "/{key}/postback", "/px/{key}", "/a/b~c_d-e"])
def test_a_path_as_trackers_have_them_is_one(path: str) -> None:
    check_path(path)


@pytest.mark.parametrize(
    "path",
    ["", "postback", "//", "/a//b", "/a b", "/a?b=c", "/%70ostback", "/{key}/{key}", "/{id}/postback", "/a{key}",
     "/é", "/../a", "/./a", "/a" * 200, "/{key"]
    + [f"/{part}" for part in RESERVED] + ["/tracking/postback/acme", "/internal/policy", "/click/spring"],
)  # fmt: skip
def test_what_is_no_path_or_is_ours_is_refused(path: str) -> None:
    with pytest.raises(ValueError, match=r"must be paths|is reserved|cannot contain"):
        check_path(path)


@pytest.mark.parametrize("key", ["", "a/b", "a b", "a%20", "é", ".", "..", "internal", "tracking", "x" * 256])
def test_a_secret_that_a_path_cannot_hold_is_refused_and_not_quoted(key: str) -> None:
    with pytest.raises(ValueError, match="it cannot be part of a path") as caught:
        check_key(key)

    assert len(key) < 3 or key not in str(caught.value)


@pytest.mark.parametrize(
    "host", ["", "Track.example", "a..b", "-a.example", "a_b.example", "a.example:443", "*.example"]
)
def test_what_is_no_host_name_is_refused(host: str) -> None:
    with pytest.raises(ValueError, match="must be host names"):
        check_host(host)


@given(st.text(max_size=30))
def test_no_text_crashes_the_checks(text: str) -> None:
    for check in (check_path, check_key, check_host, split_path):
        try:
            check(text)
        except ValueError:
            continue


@pytest.mark.parametrize(
    ("source", "fault"),
    [
        ({"paths": ["/{key}/x"]}, "sources[acme].paths: {key} in a path is a token"),
        ({"hosts": ["a.example"]}, "sources[acme].hosts: has no effect without paths"),
        ({"dialect": "voluum"}, "sources[acme].auth: is missing; URLs of this tracker have no secret"),
        ({"dialect": "affise"}, "sources[acme].auth: is missing; URLs of this tracker may have secure: set"),
        ({"dialect": "volum"}, "sources[acme].dialect: is not the name of a dialect; run postledger dialect"),
        ({"dialect": "keitaro", "preset": "everflow"}, "sources[acme].dialect: cannot be combined with preset"),
        ({"dialect": "keitaro", "secrets": ["a/b"]}, "sources[acme].secrets: secret 1 cannot be used: it cannot"),
        ({"status_parameters": {"sub1": "approved"}}, "sources[acme].status_parameters: sub1 is a"),
        ({"status_parameters": {"a": "sold"}}, "sources[acme].status_parameters: a must be one of pending"),
        ({"status_parameters": {"a": "approved"}, "params": {"sub1": "a"}}, "sources[acme].status_parameters: a is"),
    ],
)  # fmt: skip
def test_contradicting_path_settings_are_faults(source: dict[str, Any], fault: str) -> None:
    assert any(told.startswith(fault) for told in faults_of(**source)), faults_of(**source)


def test_the_operators_keys_override_the_dialect() -> None:
    document = {"slug": "acme", "dialect": "voluum", "auth": "none", "paths": ["/pb.php"], "params": {"event": "goal"}}

    settings = read(document).sources["acme"].settings

    assert settings.paths == ("/pb.php",)
    assert (settings.params["event"], settings.params["click_id"]) == (("goal",), ("cid",))


VOLUUM = {"dialect": "voluum", "auth": "none"}
KEITARO = {"dialect": "keitaro", "secrets": ["3f9c0de"]}


def test_a_path_of_two_sources_is_a_fault_with_advice() -> None:
    wanted = read({"slug": "a", **VOLUUM}, {"slug": "b", **VOLUUM})

    assert contested(wanted) == ["sources[b].paths: /postback is already used by a; give each of them its own hosts"]


def test_sources_with_different_hosts_may_share_a_path() -> None:
    in_force = read({"slug": "a", **VOLUUM}, {"slug": "b", **VOLUUM, "hosts": ["b.example"]})
    same = read({"slug": "c", **VOLUUM, "hosts": ["c.example", "b.example"]})

    assert contested(in_force) == []
    assert contested(same, in_force) == [
        "sources[c].paths: /postback on b.example is already used by b; give each of them its own hosts"
    ]


def test_a_path_is_free_again_after_its_source_drops_it() -> None:
    in_force = read({"slug": "a", **VOLUUM})
    moved = read({"slug": "a", **VOLUUM, "paths": ["/other"]}, {"slug": "b", **VOLUUM})

    assert contested(moved, in_force) == []
    assert contested(read({"slug": "b", **VOLUUM}), in_force, prune=True) == []
    assert len(contested(read({"slug": "b", **VOLUUM}), in_force)) == 1


def test_a_path_with_the_same_secret_is_a_fault_that_hides_the_secret() -> None:
    in_force = read({"slug": "a", **KEITARO})

    told = contested(read({"slug": "b", **KEITARO}), in_force)

    assert told == [f"sources[b].paths: /{KEY}/postback has the same secret as in a; give one of them another secret"]
    assert contested(read({"slug": "b", **KEITARO, "secrets": ["other"]}), in_force) == []
