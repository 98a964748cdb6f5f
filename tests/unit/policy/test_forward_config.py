"""Reads [[forwards]]: every fault is named with what to do."""

import tomllib
from collections.abc import Mapping

import pytest
import tomli_w
from msgspec.structs import replace

from postledger.outgoing.rules.forward import Forward, Match
from postledger.policy.config_export import write_document
from postledger.policy.config_file import BadConfiguration, Configuration, SourceConfig, read_configuration
from postledger.policy.diff import Stored
from postledger.policy.forward_checks import find_forward_faults, find_forward_warnings
from postledger.policy.forward_config import ForwardConfig
from postledger.policy.preset_files import read_known
from postledger.policy.source import Settings
from postledger.vocabulary.statuses import Status

URL = "https://track.example/pb?cid={click_id}"
ADDRESSES = {
    "inside.example": ["93.184.216.34", "10.0.0.5"],
    "local.example": ["::1"],
    "track.example": ["93.184.216.34"],
}
KEY = "whsec_AQEBAQEBAQEBAQEBAQEBAQEBAQEBAQEBAQEBAQEBAQE="


def read(*tables: Mapping[str, object]) -> Configuration:
    forwards = [{"slug": "out", "url": URL} | dict(table) for table in tables]
    return read_configuration({"forwards": forwards}, {"resolve": lambda host: ADDRESSES.get(host, ())}, read_known())


def read_one(**table: object) -> ForwardConfig:
    return read(table).forwards["out"]


def faults_of(**table: object) -> list[str]:
    with pytest.raises(BadConfiguration) as refused:
        read_one(**table)
    return [str(fault) for fault in refused.value.faults]


FULL = {
    "match": {"source": ["acme"], "campaign": ["spring-*"], "event": ["sale"], "status": ["approved", "reversed"]},
    "method": "json",
    "body": {"click": "{click_id}"},
    "sign": True,
    "secrets": [KEY],
    "statuses": {"approved": "1"},
    "events": {"sale": "7"},
    "expect": [200, 204],
    "concurrency": 4,
    "rate": 50,
    "timeout": "5s",
    "allow_private": True,
    "switch_off_after": "2d",
}


def test_every_key_is_read() -> None:
    assert read_one(**FULL) == ForwardConfig(
        Forward(
            "out",
            URL,
            match=Match(("acme",), ("spring-*",), ("sale",), (Status.APPROVED, Status.REVERSED)),
            method="json",
            body={"click": "{click_id}"},
            sign=True,
            statuses={Status.APPROVED: "1"},
            events={"sale": "7"},
            expect=(200, 204),
            concurrency=4,
            rate=50,
            timeout_s=5,
            allow_private=True,
            switch_off_after_s=2 * 86400,
        ),
        (KEY,),
    )


@pytest.mark.parametrize(
    "table",
    [FULL, {}, {"preset": "affise", "url": "https://track.example"}, {"preset": "voluum", "match": {"event": "x"}}],
)
def test_an_exported_forward_is_read_as_the_same(table: dict[str, object]) -> None:
    configuration = read(table)
    text = tomli_w.dumps(write_document(configuration))

    again = read_configuration(tomllib.loads(text), {"resolve": lambda host: ()}, read_known())

    assert again.forwards["out"].forward == configuration.forwards["out"].forward
    assert "whsec" not in text


@pytest.mark.parametrize(
    ("url", "reason"),
    [
        ("http://127.0.0.1:9000/x", "leads to a loopback address"),
        ("http://[::1]/x", "leads to a loopback address"),
        ("http://10.0.0.1/", "leads to a private address"),
        ("http://169.254.169.254/latest/meta-data", "leads to the metadata service of a cloud"),
        ("http://[::ffff:10.0.0.1]/", "leads to an IPv4 address inside an IPv6 address"),
        ("http://track.example:22/", "leads to a port below 1024 other than 80 and 443"),
        ("http://inside.example/", "leads to a private address: inside.example resolves to 10.0.0.5"),
        ("https://local.example/{click_id}", "leads to a loopback address: local.example resolves to ::1"),
    ],
)
def test_a_url_that_leads_inside_is_refused_with_the_reason(url: str, reason: str) -> None:
    assert faults_of(url=url) == [f"forwards[out].url: {reason}; use a public address, or set allow_private = true"]


@pytest.mark.parametrize(
    ("host", "plain"),
    [
        ("0x7f.1", "127.0.0.1"),
        ("2130706433", "127.0.0.1"),
        ("010.0.0.1.", "8.0.0.1"),
        ("1.2.3.256", "four decimal numbers with dots"),
    ],
)
@pytest.mark.parametrize("allow_private", [True, False])
def test_an_unusual_address_is_refused_with_its_plain_spelling(host: str, plain: str, allow_private: bool) -> None:
    fault = f"forwards[out].url: leads to an unusual spelling of an address; write it as {plain}"

    assert faults_of(url=f"http://{host}/", allow_private=allow_private) == [fault]


@pytest.mark.parametrize("url", ["", 5, [URL]])
@pytest.mark.parametrize("table", [{}, {"preset": "everflow"}])
def test_a_bad_url_is_one_fault(url: object, table: dict[str, object]) -> None:
    (fault,) = faults_of(**table, url=url)

    assert fault.startswith("forwards[out].url: must be a URL in quotes")


@pytest.mark.parametrize("url", ["http://127.0.0.1:22/x", "http://inside.example/"])
def test_allow_private_allows_such_a_url(url: str) -> None:
    assert read_one(url=url, allow_private=True).forward.url == url


@pytest.mark.parametrize(("written", "method"), [("get", "GET"), ("FORM", "form"), ("Json", "json")])
def test_a_method_may_be_written_in_any_case(written: str, method: str) -> None:
    assert read_one(method=written).forward.method == method


def test_a_name_that_does_not_resolve_yet_is_allowed() -> None:
    assert read_one(url="https://later.example/").forward.url == "https://later.example/"


@pytest.mark.parametrize(
    ("table", "fault"),
    [
        ({"url": "https://{sub1}.example/"}, "url: has a macro in its host or port"),
        ({"url": "https://a.example/?x={clickid}"}, "url: has an unknown macro"),
        ({"url": 5}, "url: must be a URL in quotes"),
        ({"preset": "volum"}, "preset: is not the name of a preset of forwards"),
        ({"preset": "everflow", "url": "https://a.example"}, "params: nid is missing"),
        ({"params": {"x": "{nothing}"}}, "params: x has an unknown macro"),
        ({"params": {"x": 1}}, "params: must be a table"),
        ({"match": {"sauce": ["acme"]}}, "match: sauce is unknown; use source, campaign, event, status"),
        ({"match": {"source": []}}, "match: source is empty and would match nothing"),
        ({"match": {"source": ["Acme"]}}, "match: source has a name that no source can have"),
        ({"match": {"event": ["Sale!"]}}, "match: event has a name that no event can have"),
        ({"match": {"status": ["paid"]}}, "match: status must be some of pending, approved, rejected, reversed"),
        ({"match": "acme"}, "match: must be a table"),
        ({"method": "PUT"}, 'method: must be "GET" or "form" or "json"'),
        ({"body": {"a": "{payout}"}}, "body: is never sent by GET"),
        ({"method": "json", "body": {"a": "{nothing}"}}, "body: a has an unknown macro"),
        ({"sign": True, "secrets": [KEY]}, "sign: signs the body, and GET has none"),
        (
            {"sign": True, "secrets": [KEY], "method": "json", "url": "https://a.example/{secret}"},
            "sign: cannot be combined with {secret}",
        ),
        ({"statuses": {"paid": "1"}}, "statuses: the keys must be some of pending"),
        ({"statuses": {"approved": 1}}, "statuses: must be a table"),
        ({"events": ["x"]}, "events: must be a table"),
        ({"events": {"A B": "x"}}, 'events: "A B" is not the name of an event'),
        ({"expect": []}, "expect: is empty"),
        ({"expect": [99]}, "expect: must be a whole number from 200 to 599"),
        ({"concurrency": 0}, "concurrency: must be a whole number from 1 to 256"),
        ({"rate": 0}, "rate: must be a whole number from 1 to 100000"),
        ({"timeout": "31s"}, 'timeout: must be at most "30s"'),
        ({"switch_off_after": "x"}, "switch_off_after: must be a duration"),
        ({"allow_private": "yes"}, "allow_private: must be true or false"),
        ({"secrets": [""]}, "secrets: secret 1 is empty"),
        ({"conccurrency": 4}, "conccurrency: is not a known key; did you mean concurrency?"),
    ],
)
def test_a_forward_that_cannot_work_is_refused(table: dict[str, object], fault: str) -> None:
    assert faults_of(**table)[0].startswith(f"forwards[out].{fault}")


ACME = Configuration(sources={"acme": SourceConfig("acme", "acme", Settings())})


def _check(config: ForwardConfig, known: ForwardConfig | None = None) -> list[str]:
    in_force = replace(ACME, forwards={} if known is None else {"out": known})
    target = Configuration(forwards={"out": config})
    return [str(fault) for fault in find_forward_faults(target, Stored(in_force, Configuration()))]


def _warn(**table: object) -> list[str]:
    return [str(warning) for warning in find_forward_warnings(read(table), Stored(ACME, Configuration()))]


def test_a_missing_secret_is_refused_and_a_stored_one_is_kept() -> None:
    config = read_one(url="https://track.example/{secret}/pb")
    signed = read_one(method="json", sign=True)

    assert _check(config)[0].startswith("forwards[out].url: uses {secret}, and the forward has none; add secrets_env")
    assert _check(signed)[0].startswith("forwards[out].sign: needs a secret; add secrets_env")
    assert _check(config, ForwardConfig(config.forward, ("old",))) == []
    assert _check(config, ForwardConfig(config.forward, None)) == []


def test_a_preset_that_needs_a_secret_says_so() -> None:
    preset = read_one(preset="keitaro", url="https://track.example")
    own = read_one(preset="keitaro", url="https://track.example/{secret}/x")
    body = read_one(method="json", body={"key": "{secret}"})

    assert _check(preset)[0].startswith("forwards[out].preset: keitaro needs a secret, and the forward has none; add ")
    assert _check(own)[0].startswith("forwards[out].url: uses {secret}")
    assert _check(body)[0].startswith("forwards[out].body: uses {secret}")


def test_parameters_of_a_preset_that_are_left_out_are_a_warning() -> None:
    url = "https://track.example/postback?cid={click_id}&payout={payout}&txid={transaction_id}"
    told = (
        "forwards[out].url: has a query, so the parameters of the preset are not added; add to params what you need of"
    )

    assert _warn(preset="voluum", url=url) == [f"{told} currency, et"]
    assert _warn(preset="voluum", url=url, params={"currency": "{currency}", "et": ""}) == []
    assert _warn(preset="voluum", url="https://track.example/postback") == []
    assert read_one(preset="voluum", url=url, params={"et": ""}).forward.url == url


def test_a_secret_that_cannot_sign_is_refused_without_quoting_it() -> None:
    config = read_one(method="json", sign=True, secrets=[KEY, "s3cret"])
    stored = ForwardConfig(config.forward, ("s3cret",))

    assert _check(config)[0].startswith("forwards[out].sign: secret 2 must be whsec_ and the base64 of 24 to 64")
    assert _check(ForwardConfig(config.forward), stored)[0].startswith("forwards[out].sign: secret 1 must be whsec_")
    assert "s3cret" not in str(_check(config))


def test_a_name_in_match_must_exist() -> None:
    known = read_one(match={"source": ["acme", "ot*"]})
    unknown = read_one(match={"source": ["acmee"], "campaign": ["spring"]})

    assert _check(known) == []
    advice = "correct it, or write a pattern with *"
    assert _check(unknown) == [
        f"forwards[out].match: source acmee does not exist; add it to [[sources]], {advice}",
        f"forwards[out].match: campaign spring does not exist; add it to [[campaigns]], {advice}",
    ]


def test_a_retired_source_can_be_matched_so_that_an_export_can_be_applied() -> None:
    target = read({"match": {"source": ["acme"]}})

    assert find_forward_faults(target, Stored(Configuration(), ACME)) == []


def test_a_secret_without_use_and_an_idle_pattern_are_warnings() -> None:
    assert _warn(secrets=["s3cret"], match={"campaign": ["spring-*"], "source": ["ac*"]}) == [
        "forwards[out].secrets: have no effect; use {secret} in url, or set sign = true",
        "forwards[out].match: campaign spring-* matches no campaign that exists now; check it",
    ]
    assert _warn(secrets=["s3cret"], url="https://track.example/{secret}") == []
    by_name = read_configuration(
        {"forwards": [{"slug": "out", "url": URL, "secrets_env": "KEY"}]},
        {"resolve": lambda _: (), "secrets_env": lambda _: ["s3cret"]},
        read_known(),
    )
    (warning,) = find_forward_warnings(by_name, Stored(ACME, Configuration()))
    assert warning.key == "secrets_env"
