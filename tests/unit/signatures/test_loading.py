"""The checks of a profile when it is loaded: each contradiction is refused by name."""

import tomllib
from typing import Any

import pytest
import tomli_w

from postledger.policy.config_export import write_document
from postledger.policy.config_file import BadConfiguration, read_configuration
from postledger.signatures.profile_checks import check_secrets
from postledger.signatures.profile_schema import POSTLEDGER_V1, Profile, read_profile
from postledger.signatures.public_url import read_public_url
from postledger.signatures.verifier import Verifier

SIGNATURE = {"from": "header", "name": "X-Sig"}
GOOD: dict[str, Any] = {"signature": SIGNATURE, "mac": "hmac-sha256", "message": "{body}", "methods": ["POST"]}


def check(**changes: Any) -> None:
    document = {name: value for name, value in {**GOOD, **changes}.items() if value is not None}
    Verifier(read_profile(document), ())


def test_the_plainest_profile_loads() -> None:
    check()
    Verifier(POSTLEDGER_V1, ())


@pytest.mark.parametrize(
    ("changes", "told"),
    [
        ({"message": ""}, "no content of the postback is signed"),
        ({"message": "{ts}", "timestamp": {"from": "header", "name": "X-Ts"}}, "no content of the postback is signed"),
        ({"message": "{bdy}"}, "{bdy} is not a placeholder"),
        ({"message": "{body}{"}, "a brace has no counterpart"),
        ({"message": "{ts}.{body}"}, "{ts} cannot be filled"),
        ({"message": "{id}.{body}"}, "{id} cannot be filled"),
        ({"message": "{part:t}.{body}"}, "{part:t} cannot be filled"),
        ({"message": "{url}"}, "set public_url for this source"),
        ({"message": "{body}", "methods": ["GET"]}, "{body} cannot be filled by a GET"),
        ({"message": "{form:a}", "methods": ["GET"]}, "{form:a} cannot be filled by a GET"),
        ({"message": "{body:crc32:hex}"}, "is not a placeholder"),
        ({"message": "{parameters}"}, "add the table parameters"),
        ({"parameters": {"from": "form"}}, "the table parameters is not used"),
        (
            {"message": "{parameters}", "parameters": {"from": "form", "item": "{name}"}},
            "parameters.item: {value} is missing",
        ),
        (
            {"message": "{parameters}", "parameters": {"from": "form", "item": "{value}{x}"}},
            "unknown placeholder; use {name}",
        ),
        ({"mac": "hash-md5"}, "can compute a plain hash"),
        ({"mac": "ed25519", "key": "ed25519", "message": "{body}{key}"}, "has no secret"),
        ({"mac": "ecdsa-p256-sha256"}, "cannot be used with mac"),
        ({"key": "spki"}, "cannot be used with mac"),
        ({"timestamp": {"from": "header", "name": "X-Ts"}}, "anyone can renew it"),
        ({"timestamp": {"from": "part", "name": "t"}, "message": "{ts}{body}"}, "needs a list of named items"),
        ({"signature": {**SIGNATURE, "pair": "="}}, "pair and pick need each other"),
        ({"signature": {**SIGNATURE, "truncate": 4}}, "can be guessed"),
        ({"mac": "token"}, "signs nothing"),
        ({"mac": "crc32"}, "mac: is not a supported value; use one of ecdsa-p256-sha256, ed25519, hash-md5"),
        ({"signature": {"from": "cookie", "name": "x"}}, "signature.from: is not a supported value; use one of form,"),
        ({"signature": {"from": "header", "name": ""}}, "signature.name: expected `str` of length"),
        ({"mesage": "{body}"}, "mesage: is not a known key; use one of signature, mac, message"),
        ({"signature": None}, "signature: is missing; add it"),
        (
            {"timestamp": {"from": "header", "nam": "x"}},
            "timestamp.nam: is not a known key; use one of from, name, unit",
        ),
        ({"decode": ["utf7"]}, "decode[0]: is not a supported value; use one of form, pct, raw"),
        ({"url": "as-is"}, "url: expected `array`"),
        ({"methods": []}, "the list is empty"),
        ({"message": "{form:a}", "covers": ["a", "b"]}, "covers: b is not part of the message"),
        (
            {"message": "{query}{header:X-Id}", "methods": ["GET", "POST"], "covers": ["a"]},
            "covers: a is not part of the message",
        ),
        (
            {"message": "{form:id}{form:payout}", "methods": ["POST"], "covers": ["payout"]},
            "covers: payout is joined to its neighbour without a separator",
        ),
        ({"message": "", "mac": "token", "covers": ["a"]}, "covers: a is not part of the message"),
    ],
)
def test_a_profile_that_cannot_work_is_refused(changes: dict[str, Any], told: str) -> None:
    with pytest.raises(ValueError, match=r".") as error:
        check(**changes)

    assert told in str(error.value)


def test_a_fault_in_one_of_several_schemes_is_named_with_its_number() -> None:
    with pytest.raises(ValueError, match=r"^schemes\[1\]\.mac: is not a supported value; use one of"):
        read_profile({"schemes": [GOOD, {**GOOD, "mac": "x"}]})


def test_a_secret_in_the_wrong_key_is_not_quoted() -> None:
    with pytest.raises(ValueError, match=r"^key: is not a supported value") as error:
        check(key="canary")

    assert "canary" not in str(error.value)


def test_covers_accepts_parameters_of_the_message() -> None:
    check(covers=["payout"])
    check(message="{form:payout}.{form:id?}", covers=["payout", "id"])


@pytest.mark.parametrize("secret", ["whpk_1SiA4o9hyqTCpIqC5V9HUakiiaeACeqfZTInDBbOir4=", "whsk_AAAA"])
@pytest.mark.parametrize("profile", [POSTLEDGER_V1, read_profile({**GOOD, "key": "whsec"})])
def test_a_public_key_is_never_used_as_a_secret(profile: Profile, secret: str) -> None:
    """Used as HMAC key text, a public key would let anyone sign."""
    with pytest.raises(ValueError, match="ed25519 key") as error:
        check_secrets(profile, [secret])

    assert secret not in str(error.value)


@pytest.mark.parametrize(
    ("key", "mac", "secret", "told"),
    [
        ("utf8", "hmac-sha256", "  ", "empty"),
        ("utf8", "hmac-sha256", "\ud800", "not text"),
        ("whsec", "hmac-sha256", "whsec_", "empty"),
        ("whsec", "hmac-sha256", "whsec_***", "not base64"),
        ("base64", "hmac-sha256", "***", "not base64"),
        ("hex", "hmac-sha256", "abc", "not hex"),
        ("spki", "ecdsa-p256-sha256", "AAAA", "not a public key"),
        ("ed25519", "ed25519", "AAAA", "not an ed25519 public key"),
    ],
)
def test_an_invalid_secret_is_refused_and_not_quoted(key: str, mac: str, secret: str, told: str) -> None:
    profile = read_profile({**GOOD, "key": key, "mac": mac})

    with pytest.raises(ValueError, match=told) as error:
        check_secrets(profile, [secret])

    assert "secret 1" in str(error.value)
    assert "***" not in str(error.value)


@pytest.mark.parametrize(
    "text", ["example.com", "ftp://x", "https://", "https://a@b", "https://x?y=1", "https://x:0", "https://x:y"]
)
def test_an_invalid_public_url_is_refused(text: str) -> None:
    with pytest.raises(ValueError, match=r"."):
        read_public_url(text)


def test_a_profile_survives_its_export() -> None:
    source = {"slug": "acme", "secrets": ["s"], "signature": {**GOOD, "signature": {**SIGNATURE, "prefix": "v0="}}}
    configuration = read_configuration({"sources": [source]}, {})

    exported = read_configuration(tomllib.loads(tomli_w.dumps(write_document(configuration))), {})

    assert exported.sources["acme"].settings == configuration.sources["acme"].settings
    assert isinstance(exported.sources["acme"].settings.signature, Profile)


def test_a_fault_of_a_profile_names_its_table_and_key() -> None:
    source = {"slug": "acme", "secrets": ["s"], "signature": {**GOOD, "message": "{url}"}}

    with pytest.raises(BadConfiguration) as caught:
        read_configuration({"sources": [source]}, {})

    assert [str(fault) for fault in caught.value.faults] == [
        "sources[acme].signature: message: {url} cannot be filled; set public_url for this source"
    ]
