"""The configuration file: the contract's example is read exactly, and every fault names its table and key."""

import tomllib
from collections.abc import Sequence
from typing import Any

import pytest

from postledger.decoding.toml_table import BadValue
from postledger.ledger.rules.status_rules import Rules
from postledger.policy.config_export import write_document
from postledger.policy.config_file import BadConfiguration, Configuration, read_configuration
from postledger.policy.source import Source
from postledger.vocabulary.statuses import Status

CONTRACT = """
[[sources]]
slug = "acme"
name = "Acme Network"
secrets = ["s3cret-current", "s3cret-previous"]
signature = "postledger-v1"
allow = ["127.0.0.0/8", "203.0.113.0/24", "2001:db8::/32"]
rate = 10
burst = 20
timestamp_tolerance = "30m"
click = "required"
currency = "USD"
mode = "enforce"
trusted = true
pii = ["email", "phone"]
[sources.params]
click_id = ["subid", "sub1"]
[sources.statuses]
approved = ["sale", "1", "approved"]
rejected = ["3", "trash"]

[[campaigns]]
slug = "spring"
name = "Spring sale"
destination = "https://shop.example/landing?cid={click_id}&a={affiliate_id}"

[[affiliates]]
id = "456"
name = "Affiliate 456"
"""


def read_variable(name: str) -> Sequence[str]:
    """The only variable that is set is ACME_SECRET."""
    if name == "ACME_SECRET":
        return ["from-the-environment"]
    raise BadValue(f"the variable {name} is not set")


def read(text: str) -> Configuration:
    """Read a configuration file."""
    return read_configuration(
        tomllib.loads(text), {"secrets_env": read_variable, "secrets_file": lambda _: ["one", "two"]}
    )


def faults_of(text: str) -> list[str]:
    """Read a faulty file and return its faults."""
    with pytest.raises(BadConfiguration) as caught:
        read(text)
    return [str(fault) for fault in caught.value.faults]


def source(lines: str) -> str:
    """A file with one source."""
    return f'[[sources]]\nslug = "acme"\nauth = "none"\n{lines}'


def destination(url: str) -> str:
    """A file with one campaign."""
    return f'[[campaigns]]\nslug = "spring"\ndestination = "{url}"'


def test_the_example_of_the_contract_is_read() -> None:
    acme = read(CONTRACT).sources["acme"]

    assert acme.secrets == ("s3cret-current", "s3cret-previous")
    assert acme.settings.timestamp_tolerance_s == 1800
    assert acme.settings.allow == ("127.0.0.0/8", "203.0.113.0/24", "2001:db8::/32")
    assert acme.settings.params == {"click_id": ("subid", "sub1")}
    assert acme.settings.statuses[Status.REJECTED] == ("3", "trash")
    assert read(CONTRACT).campaigns["spring"].name == "Spring sale"
    assert read(CONTRACT).affiliates["456"].name == "Affiliate 456"


def test_an_export_reads_back_the_same_without_the_secrets() -> None:
    configuration = read(CONTRACT)

    document: Any = write_document(configuration)
    again = read_configuration(document, {})

    assert again.sources["acme"].settings == configuration.sources["acme"].settings
    assert again.sources["acme"].secrets is None
    assert (again.campaigns, again.affiliates) == (configuration.campaigns, configuration.affiliates)


def test_the_settings_of_a_source_survive_their_export() -> None:
    habits = 'amount = ["comma", "symbol"]\nunknown_status = "pending"\nack = { ok = "1", refused = { status = 403 } }'
    configuration = read(source(habits))

    again = read_configuration(write_document(configuration), {})

    assert configuration.sources["acme"].settings.amount == ("comma", "symbol")
    assert again.sources["acme"].settings == configuration.sources["acme"].settings


def test_the_plain_amount_is_the_default_by_its_name() -> None:
    assert read(source('amount = "plain"')).sources["acme"].settings == read(source("")).sources["acme"].settings


def test_secrets_may_come_from_the_environment_or_from_a_file() -> None:
    by_variable = read('[[sources]]\nslug = "a"\nsecrets_env = ["ACME_SECRET"]')
    by_file = read('[[sources]]\nslug = "a"\nsecrets_file = "acme.secrets"')

    assert by_variable.sources["a"].secrets == ("from-the-environment",)
    assert by_file.sources["a"].secrets == ("one", "two")


def test_a_bare_address_is_a_network_of_one() -> None:
    settings = read(source('allow = ["203.0.113.7", "::1"]')).sources["acme"].settings

    assert settings.allow == ("203.0.113.7/32", "::1/128")


@pytest.mark.parametrize(("text", "seconds"), [('"90s"', 90), ('"30m"', 1800), ('"2h"', 7200), ("45", 45)])
def test_a_tolerance_is_a_time_or_a_number_of_seconds(text: str, seconds: int) -> None:
    settings = read(source(f"timestamp_tolerance = {text}")).sources["acme"].settings

    assert settings.timestamp_tolerance_s == seconds


@pytest.mark.parametrize(
    ("line", "fault"),
    [
        ('alow = ["::1"]', "sources[acme].alow: is not a known key; did you mean allow?"),
        ('allow = ["10.0.0.1/8"]', "10.0.0.1/8 has bits after the prefix; write 10.0.0.0/8"),
        ('allow = ["10.0.0"]', "allow: must be addresses or networks"),
        ('allow = ["fe80::1%eth0"]', "allow: must be addresses or networks"),
        ('rate = "10"', "rate: must be a whole number"),
        ("rate = true", "rate: must be a whole number"),
        ("rate = 0", "rate: must be a whole number"),
        ("burst = -1", "burst: must be a whole number"),
        ('timestamp_tolerance = "0m"', "timestamp_tolerance: must be a duration"),
        ('timestamp_tolerance = "1w"', "timestamp_tolerance: must be a duration"),
        ("timestamp_tolerance = true", "timestamp_tolerance: must be a duration"),
        ('click = "maybe"', 'click: must be "required" or "optional"'),
        ('currency = "US"', "currency: must be an ISO 4217 code"),
        ('mode = "off"', 'mode: must be "enforce" or "observe"'),
        ('trusted = "yes"', "trusted: must be true or false"),
        ('signature = "stripe"', "signature: must be the name of a profile"),
        ('signature = { header = "X-Sig" }', "signature: header: is not a known key"),
        ('amount = "decimal"', 'amount: must be "plain" or "comma" or "minor-units"'),
        ('amount = ["comma", "minor-units"]', "amount: comma and minor-units cannot be combined"),
        ('negative_payout = "reversal"', 'negative_payout: must be "refuse" or "reversed"'),
        ('unknown_status = "approved"', 'unknown_status: must be "refuse" or "pending"'),
        ("ack = { ok = { status = 404 } }", "ack: ok: the network would repeat"),
        ('params = { clickid = "x" }', "params: clickid is not a canonical name"),
        ('params = { sub1 = "x", sub2 = ["y", "x"] }', '"x" is used for sub1 and for sub2'),
        ('statuses = { paid = "1" }', "statuses: paid is not a status"),
        ('statuses = { approved = "Sale", rejected = ["sale"] }', '"sale" is used for approved and for rejected'),
        ('pii = ["transaction_id"]', "pii: transaction_id is read as transaction_id"),
        ("name = 5", "name: must be text"),
        ("secrets = []", "secrets: has no secret"),
        ('secrets = [""]', "secrets: secret 1 is empty, or starts or ends with a space"),
        ('secrets = ["good", "  "]', "secrets: secret 2 is empty, or starts or ends with a space"),
        ('secrets = ["whsec_not*base64"]', "secrets: secret 1 cannot be used: the text after whsec_ is not base64"),
        ('secrets = ["whsec_"]', "secrets: secret 1 cannot be used: the secret is empty"),
        ('secrets = ["twice", "twice"]', "secrets: has the same secret twice"),
        ('secrets_env = ["NOT_SET"]', "secrets_env: the variable NOT_SET is not set"),
        ('secrets = ["a"]\nsecrets_env = ["ACME_SECRET"]', "secrets_env: cannot be combined with secrets"),
    ],
)
def test_a_fault_of_a_source_names_its_table_and_key(line: str, fault: str) -> None:
    faults = faults_of(source(line))

    assert len(faults) == 1
    assert faults[0].startswith("sources[acme].")
    assert fault in faults[0]


def test_a_secret_in_the_wrong_form_is_never_repeated() -> None:
    faults = faults_of(source('secrets = ["whsec_canary*"]\nsecret = "canary"\nname = ["canary"]'))

    assert len(faults) == 3
    assert not any("canary" in fault for fault in faults)


def test_all_faults_are_reported_at_once() -> None:
    faults = faults_of('colour = 1\n[[sources]]\nrate = 0\n[[campaigns]]\nslug = "A"\n[[affiliates]]\nid = 456')

    assert [fault.partition(": ")[0] for fault in faults] == [
        "sources[#1].slug",
        "sources[#1].rate",
        "campaigns[A].slug",
        "campaigns[A].destination",
        "affiliates[#1].id",
        "colour",
    ]
    known = (
        "sources, campaigns, affiliates, forwards, finance, payees, expense_rules, approval_rules, notify, exports,"
        " report_formats, bank_accounts"
    )
    assert faults[-1] == f"colour: is not a known key; use one of {known}"


def test_each_key_that_there_is_is_named_once() -> None:
    (fault,) = faults_of(source("zzz = 1"))

    keys = fault.partition("use one of ")[2].split(", ")
    assert sorted(keys) == sorted(set(keys))
    assert {"slug", "preset", "allow"} <= set(keys)


def test_a_slug_used_twice_is_refused() -> None:
    assert faults_of(source("") + "\n" + source("")) == [
        "sources[acme].slug: is used twice in this file; give each of the sources its own slug"
    ]


@pytest.mark.parametrize(
    "url",
    [
        "https://shop.example/{campaign}/?c={click_id}&a={affiliate_id}&s={sub1}{sub10}",
        "http://[2001:db8::1]:8080/",
        "https://shop.example?c={click_id}#top",
    ],
)
def test_an_absolute_address_with_known_macros_is_a_destination(url: str) -> None:
    assert read(destination(url)).campaigns["spring"].destination == url


@pytest.mark.parametrize(
    ("url", "fault"),
    [
        ("/landing", "absolute"),
        ("javascript:alert(1)", "absolute"),
        ("https:///path", "absolute"),
        ("https://user@shop.example/", "absolute"),
        ("https://shop.example:99999/", "absolute"),
        ("https://{sub1}/", "host must be fixed"),
        ("https://shop.example.{sub1}/", "host must be fixed"),
        ("https://shop.example{sub1}", "host must be fixed"),
        ("{sub1}://shop.example/", "absolute"),
        ("https://shop.example/{payout}", "has an unknown macro; use one of"),
        ("https://shop.example/{click_id", "has an unknown macro; use one of"),
        ("https://shop.example\\\\evil.example/", "must be a URL"),
        ("https://shop.example/ü", "must be a URL"),
        ("https://shop.example/a b", "must be a URL"),
        ("https://shop.example/\\r\\nSet-Cookie:x", "must be a URL"),
    ],
)
def test_no_value_can_change_the_host_of_a_destination(url: str, fault: str) -> None:
    faults = faults_of(destination(url))

    assert len(faults) == 1
    assert fault in faults[0]


def test_require_signed_accepts_only_fields_of_a_conversion() -> None:
    assert read(source('require_signed = ["payout", "sub1"]')).sources["acme"].settings.require_signed == (
        "payout",
        "sub1",
    )
    (fault,) = faults_of(source('require_signed = ["amount"]'))
    assert fault.startswith("sources[acme].require_signed: amount is not a field that can be signed; use click_id")


EVENTS = """
duplicates = "correct"
key = "click"
[sources.events.rebill]
duplicates = "every"
key = "transaction"
[sources.events.lead]
duplicates = "first"
"""


def test_an_event_overrides_the_duplicate_rules_of_its_source() -> None:
    configuration = read(source(EVENTS))
    settings = configuration.sources["acme"].settings
    compiled = Source(1, "acme", settings)

    document: Any = write_document(configuration)

    assert compiled.rules_for("sale") == Rules("correct", "click")
    assert compiled.rules_for("rebill") == Rules("every", "transaction")
    assert compiled.rules_for("lead") == Rules("first", "click")
    assert read_configuration(document, {}).sources["acme"].settings == settings


@pytest.mark.parametrize(
    ("lines", "told"),
    [
        ('duplicates = "all"', 'duplicates: must be "fold" or "correct" or "first" or "every"'),
        ('key = "order"', 'key: must be "transaction" or "click"'),
        ('[sources.events.rebill]\nduplicates = "twice"', "events: rebill.duplicates: must be"),
        (
            '[sources.events.rebill]\nduplicate = "every"',
            "events: rebill.duplicate: is not a known key",
        ),
        ('[sources.events.Rebill]\nkey = "click"', 'events: "Rebill" is not the name of an event'),
        ('events = ["rebill"]', "events: must be tables such as [sources.events.rebill]"),
    ],
)
def test_a_fault_of_the_duplicate_rules_is_named(lines: str, told: str) -> None:
    (fault,) = faults_of(source(lines))

    assert fault.startswith(f"sources[acme].{told}")


def test_a_campaign_has_a_rate_and_a_burst_of_clicks() -> None:
    url = "https://shop.example/"

    campaigns = [
        read(destination(url) + rest).campaigns["spring"] for rest in ("", "\nclick_rate = 5\nclick_burst = 0")
    ]

    assert [(one.click_rate, one.click_burst) for one in campaigns] == [(20, 100), (5, 0)]


@pytest.mark.parametrize("fault", ["click_rate = 0", 'click_rate = "20"', "click_burst = -1", "click_burst = 1.5"])
def test_a_rate_of_clicks_is_a_whole_number(fault: str) -> None:
    (told,) = faults_of(destination("https://shop.example/") + f"\n{fault}")

    assert told.startswith(f"campaigns[spring].{fault.partition(' ')[0]}: must be a whole number from ")
