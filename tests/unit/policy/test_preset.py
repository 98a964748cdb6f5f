"""Presets: each loads, survives an export, is overridden by the operator, and names its references."""

import tomllib
from typing import Any

import pytest
import tomli_w

from postledger.policy.config_export import write_document
from postledger.policy.config_file import BadConfiguration, SourceConfig, index_configuration, read_configuration
from postledger.policy.preset_files import read_known
from postledger.responses.network_responses import ResponseTemplate
from postledger.signatures.profile_schema import Profile
from tests.parts.documents import list_code, list_rows, read_document, read_section

HEADING = "What a preset does with events, empty values and reversals"
KNOWN = read_known()
PRESETS = KNOWN.presets
ED25519 = "whpk_1SiA4o9hyqTCpIqC5V9HUakiiaeACeqfZTInDBbOir4="
SPKI = (
    "MFkwEwYHKoZIzj0CAQYIKoZIzj0DAQcDQgAE+nzvoGqvDeB9+SzE6igTl7TyK4JBbglwir9oTcQta8NuG26ZpZFxt+F2NDk7asTE6/2Yc8i1ATcGIqtu"
    "S5hv0Q=="
)
KEYS = {"admob-ssv": SPKI, "skadnetwork": SPKI, "standard-webhooks-v1a": ED25519, "svix-v1a": ED25519}
DEMANDED = {
    "postledger-v1", "standard-webhooks", "svix", "stripe-style", "github-style", "shopify-style", "bitlabs", "ayet",
    "unity-ads", "ironsource", "tapjoy", "cpx", "torox", "lootably", "superrewards", "theoremreach", "pollfish",
    "digistore24", "admob-ssv", "skadnetwork", "everflow", "tune", "affise", "scaleo", "impact", "cj", "awin",
    "admitad", "maxbounty", "clickbank", "cake", "trackier",
}  # fmt: skip


def read(name: str, **own: Any) -> SourceConfig:
    secret = KEYS.get(name, "s3cret")
    document = {"slug": "acme", "preset": name, "secrets": [secret], "public_url": "https://t.example", **own}
    return read_configuration({"sources": [document]}, {}, KNOWN).sources["acme"]


def test_every_required_network_has_a_preset() -> None:
    assert set(PRESETS) >= DEMANDED


@pytest.mark.parametrize("name", PRESETS)
def test_a_preset_makes_a_source_that_can_verify(name: str) -> None:
    settings = read(name).settings

    assert settings.preset == name
    assert settings.auth == "token" or settings.signature == "postledger-v1" or isinstance(settings.signature, Profile)


@pytest.mark.parametrize("name", PRESETS)
def test_a_preset_survives_its_export(name: str) -> None:
    source = read(name)

    exported = tomli_w.dumps(write_document(index_configuration([source], [], [])))

    again = read_configuration(tomllib.loads(exported), {}, KNOWN).sources["acme"]

    assert again.settings == source.settings


@pytest.mark.parametrize("name", PRESETS)
def test_a_preset_names_its_references(name: str) -> None:
    assert PRESETS[name].origins


PUBLISHING = [name for name, preset in PRESETS.items() if preset.addresses is not None]


@pytest.mark.parametrize("name", PRESETS)
def test_no_preset_sets_allow_by_itself(name: str) -> None:
    assert read(name).settings.allow == ()
    assert "allow" not in PRESETS[name].source


@pytest.mark.parametrize("name", PUBLISHING)
def test_allow_preset_uses_the_addresses_of_the_preset(name: str) -> None:
    addresses = PRESETS[name].addresses
    assert addresses is not None

    known = read(name, allow=list(addresses.networks)).settings.allow

    assert addresses.origins
    assert read(name, allow="preset").settings.allow == known
    assert read(name, allow=["preset", "203.0.113.0/24"]).settings.allow == (*known, "203.0.113.0/24")


@pytest.mark.parametrize("document", [{"preset": "maxbounty"}, {}, {"preset": "nobody"}])
def test_allow_preset_without_known_addresses_is_a_fault(document: dict[str, Any]) -> None:
    with pytest.raises(BadConfiguration) as caught:
        read_configuration({"sources": [{"slug": "acme", "secrets": ["s"], "allow": "preset", **document}]}, {}, KNOWN)

    assert any(
        str(fault).startswith('sources[acme].allow: "preset" needs a preset that lists addresses')
        for fault in caught.value.faults
    )


def test_the_operators_keys_override_a_preset_entry_by_entry() -> None:
    signature = {"signature": {"from": "query", "name": "h"}}

    settings = read("bitlabs", currency="EUR", params={"click_id": "sub"}, signature=signature).settings

    assert (settings.currency, settings.params["click_id"], settings.params["payout"]) == ("EUR", ("sub",), ("raw",))
    assert isinstance(settings.signature, Profile)
    assert (settings.signature.schemes[0].signature.name, settings.signature.schemes[0].mac) == ("h", "hmac-sha1")


@pytest.mark.parametrize(
    ("name", "outcome", "ack"),
    [
        ("unity-ads", "ok", ResponseTemplate(body="1")),
        ("lootably", "ok", ResponseTemplate(body="1")),
        ("superrewards", "refused", ResponseTemplate(body="0")),
        ("ironsource", "ok", ResponseTemplate(body="{transaction_id}:OK")),
        ("digistore24", "ok", ResponseTemplate(body="OK")),
        ("tapjoy", "refused", ResponseTemplate(status=403)),
        ("adcolony", "ok", ResponseTemplate(body="vc_success")),
        ("pangle", "ok", ResponseTemplate(body='{"isValid":true}')),
        ("terraleads", "ok", ResponseTemplate(body="OK")),
    ],
)
def test_a_preset_sets_the_response_that_its_network_requires(name: str, outcome: str, ack: ResponseTemplate) -> None:
    assert read(name).settings.ack[outcome] == ack
    assert read(name, ack={outcome: "yes"}).settings.ack[outcome] == ResponseTemplate(body="yes")


def test_a_signature_can_be_borrowed_by_name() -> None:
    document = {"slug": "acme", "secrets": ["s"], "signature": "stripe-style"}

    settings = read_configuration({"sources": [document]}, {}, KNOWN).sources["acme"].settings

    assert settings.signature == read("stripe-style").settings.signature
    assert settings.preset is None


@pytest.mark.parametrize(
    ("document", "told"),
    [
        ({"preset": "bitlab"}, "sources[acme].preset: is not the name of a preset"),
        ({"preset": "bitlabs", "secrets": ["s"]}, "sources[acme].signature: message: {url} cannot be filled"),
        ({"signature": "everflow", "secrets": ["s"]}, "sources[acme].signature: must be the name of a profile"),
    ],
)
def test_a_fault_around_a_preset_is_named(document: dict[str, Any], told: str) -> None:
    with pytest.raises(BadConfiguration) as caught:
        read_configuration({"sources": [{"slug": "acme", **document}]}, {}, KNOWN)

    assert str(caught.value.faults[0]).startswith(told)


def test_the_documentation_says_what_each_networks_preset_does() -> None:
    section = read_section(read_document("docs/networks.md"), HEADING)
    profiles = {"postledger-v1", "standard-webhooks", "standard-webhooks-v1a", "svix", "svix-v1a"}
    profiles |= {"stripe-style", "github-style", "shopify-style"}

    assert [list_code(row[0])[0] for row in list_rows(section)] == sorted(set(PRESETS) - profiles)
    absent = {list_code(row[0])[0] for row in list_rows(section) if row[3] == "absent"}
    assert absent == {name for name in PRESETS if read(name).settings.empty == "absent"}
