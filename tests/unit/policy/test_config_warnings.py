"""What `apply` refuses because it can never work, and what it warns of."""

from typing import Any

import pytest

from postledger.policy.config_file import BadConfiguration, Configuration, read_configuration
from postledger.policy.config_warnings import find_warnings
from postledger.policy.diff import Stored
from postledger.policy.preset_files import read_known
from postledger.policy.secret_strength import find_short_secrets

STRONG = "0123456789abcdef"
EXAMPLE = ["s3cret-current", "s3cret-previous"]
NOTHING = Stored(Configuration(), Configuration())


def read(**own: Any) -> Configuration:
    document = {"slug": "acme", "secrets": [STRONG], **own}
    return read_configuration({"sources": [document]}, {}, read_known())


def faults_of(**own: Any) -> list[str]:
    with pytest.raises(BadConfiguration) as caught:
        read(**own)
    return [str(fault) for fault in caught.value.faults]


def warnings_of(destination: str) -> list[str]:
    campaign = {"slug": "spring", "destination": destination}
    return [str(warning) for warning in find_warnings(read_configuration({"campaigns": [campaign]}, {}))]


@pytest.mark.parametrize(
    "secret", ["v1,whsec_MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLaSw", "V1, whsec_x", "v1a,whpk_x", " v1,whsec_x"]
)
def test_a_version_in_front_of_a_secret_is_refused(secret: str) -> None:
    (fault,) = faults_of(secrets=[STRONG, secret])

    assert fault.startswith("sources[acme].secrets: secret 2 has ")
    assert "MfKQ" not in fault


@pytest.mark.parametrize(
    "own",
    [
        {"params": {"click_id": "sub id"}},
        {"params": {"click_id": ["sub", "{subid}"]}},
        {"params": {"payout": "payout="}},
        {"params": {"payout": "a&payout"}},
        {"statuses": {"approved": "in review"}},
        {"statuses": {"approved": ["sale", "{status}"]}},
        {"statuses": {"approved": "status=sale"}},
        {"status_parameters": {"sale status": "approved"}},
        {"test_parameters": {"{debug}": "1"}},
        {"notices": {"e&v": "1"}},
        {"auth": "token", "token": "my token"},
    ],
)
def test_a_name_or_word_that_can_never_arrive_is_refused(own: dict[str, Any]) -> None:
    assert 'can never be sent as it stands; write it without blanks, braces, "=" and "&"' in faults_of(**own)[0]


def test_names_of_events_may_have_blanks_and_no_braces() -> None:
    assert read(event_names={"trial": "Free Trial"}).sources["acme"].settings.event_names
    assert faults_of(event_names={"trial": ["Free Trial", "{goal}"]})[0].startswith(
        'sources[acme].event_names: trial "{goal}" is a placeholder and can never be sent as it stands; write the value'
    )


@pytest.mark.parametrize("secret", ["short", "123456789012345", "s3cret-current2", "whsec_MTIzNDU2Nzg5MDEyMzQ1"])
def test_a_new_secret_of_our_own_profile_needs_sixteen_bytes(secret: str) -> None:
    (fault,) = find_short_secrets(read(secrets=[STRONG, secret]), NOTHING)

    assert str(fault).startswith("sources[acme].secrets: secret 2 has less than 16 bytes; use at least 16 random bytes")


def test_a_live_short_secret_may_stay_until_it_is_replaced() -> None:
    live = Stored(read(secrets=["short"]), Configuration())

    assert find_short_secrets(read(secrets=[STRONG, "short"]), live) == []


@pytest.mark.parametrize("own", [{"preset": "cpx"}, {"auth": "token"}, {"dialect": "keitaro"}, {"preset": "everflow"}])
def test_a_short_secret_of_a_network_is_only_a_warning(own: dict[str, Any]) -> None:
    target = read(**own, secrets=["3f9c0de"])

    assert find_short_secrets(target, NOTHING) == []
    assert "secret 1 has less than 16 bytes" in str(find_warnings(target)[0])


def test_the_secrets_of_the_documented_example_are_accepted_with_a_warning() -> None:
    target = read(secrets=EXAMPLE)

    assert find_short_secrets(target, NOTHING) == []
    first, second = map(str, find_warnings(target))
    assert "secret 1 has less than 16 bytes" in first
    assert first.endswith("it is an example from the documentation, so everyone can sign with it")
    assert "secret 2" in second


def test_a_strong_secret_is_no_warning() -> None:
    assert find_warnings(read(secrets=[STRONG, "whsec_MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLaSw"])) == []
    assert find_warnings(read(auth="none", secrets=["s"])) == []


@pytest.mark.parametrize(
    ("secret", "is_warned"),
    [
        ("whsec_MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLaSw", False),
        ("whsec_MfKQ9r8GKYqrTwjUPD8ILPZIo2LaL_-w", True),
        ("whsec_MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLQ", True),
        ("MfKQ9r8GKYqrTwjUPD8ILPZIo2LaL_-w", False),
    ],
)
def test_base64_that_libraries_read_in_two_ways_is_a_warning(secret: str, *, is_warned: bool) -> None:
    warnings = [str(warning) for warning in find_warnings(read(secrets=[secret]))]

    assert any("is base64 only if it is read leniently" in warning for warning in warnings) is is_warned


@pytest.mark.parametrize(
    "name",
    [
        "[click_id]",
        "#click_id#",
        "%click_id%",
        "!!!click_id!!!",
        "(click_id)",
        "$click_id",
        "%affiliate_id%",
        "%campaign%",
        "[%click_id%]",
        "__CLICK_ID__",
    ],
)
def test_a_placeholder_of_another_style_in_a_destination_is_a_warning(name: str) -> None:
    first, second = warnings_of(f"https://shop.example/?cid={name}")

    assert first.startswith("campaigns[spring].destination: has no {click_id}")
    assert second.startswith(f"campaigns[spring].destination: {name} is no macro of Postledger")


def test_a_placeholder_beside_the_right_one_is_a_warning_too() -> None:
    (warning,) = warnings_of("https://shop.example/?cid={click_id}&a=[affiliate_id]")

    assert "[affiliate_id] is no macro" in warning


@pytest.mark.parametrize("rest", ["&a={affiliate_id}", "&q=50%25off", "&x=%5Bcid%5D", "#top", "&price=$5"])
def test_a_usual_destination_is_no_warning(rest: str) -> None:
    assert warnings_of(f"https://shop.example/landing?cid={{click_id}}{rest}") == []
