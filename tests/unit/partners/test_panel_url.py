"""The URL for a network's panel: its own macros, our names, and no secret unless it is asked for."""

from typing import Any
from urllib.parse import parse_qsl, urlencode, urlsplit

import pytest

from postledger.decoding.placeholders import find_placeholder
from postledger.decoding.unresolved_macros import find_macro
from postledger.partners.panel_url import write_panel_url
from postledger.policy.preset_files import read_known
from postledger.policy.source import Source
from tests.parts.signed_requests import event_of
from tests.parts.token_sources import TOKEN, ask, make

PRESETS = read_known().presets
EDGE = "https://track.example.com"
FILLED = {"click_id": "C1", "transaction_id": "T1", "payout": "1", "currency": "USD", "reverses": "", "event": "e"}


def write(source: Source, secret: str | None = None) -> str:
    return write_panel_url(EDGE, source, PRESETS.get(source.settings.preset or ""), secret).url


def test_a_networks_macros_stand_in_the_url_as_the_network_writes_them() -> None:
    assert write(make(preset="cake")) == (
        f"{EDGE}/tracking/postback/net?s2=#s2#&price=#price#&leadid=#leadid#&tid=#tid#&token=TOKEN"
    )


def test_the_secret_stands_in_the_url_only_if_it_is_asked_for() -> None:
    source = make(preset="everflow")

    assert TOKEN not in write(source)
    assert write(source, TOKEN).endswith(f"&token={TOKEN}")


@pytest.mark.parametrize(
    ("own", "url"),
    [
        ({"dialect": "voluum", "auth": "none", "hosts": "trk.example.com"}, "https://trk.example.com/postback?cid="),
        ({"dialect": "keitaro"}, f"{EDGE}/TOKEN/postback?subid="),
        ({"preset": "maxbounty", "params": {"click_id": "sub"}}, f"{EDGE}/tracking/postback/net?sub=#S2#&"),
        ({"preset": "tapjoy"}, f"{EDGE}/tracking/postback/net"),
        ({"auth": "token"}, f"{EDGE}/tracking/postback/net?click_id=CLICK_ID&transaction_id=TRANSACTION_ID&"),
    ],
)
def test_the_url_follows_the_settings_of_the_source(own: dict[str, Any], url: str) -> None:
    assert write(make(**own)).startswith(url)


@pytest.mark.parametrize("name", [name for name, preset in PRESETS.items() if preset.url])
def test_a_networks_own_template_makes_a_conversion(name: str) -> None:
    """Its macros are filled with what they mean; the names are those of the printed URL."""
    by = make(preset=name, auth="token", amount="plain")
    names = by.canonical_names | {"p1": "click_id"}
    status = next((words[0] for state, words in by.settings.statuses.items() if state == "approved"), "approved")
    sent = dict(parse_qsl(urlsplit(write(by).replace("#", "")).query, keep_blank_values=True))
    filled = FILLED | {"status": status}
    values = {name: filled.get(names.get(name, ""), "x") for name in sent}

    event = event_of(ask(by, urlencode({**values, "token": ""}).replace("&token=", "")))

    assert event["click_id"] == "C1"
    assert event["transaction_id"] in ("T1", None)


@pytest.mark.parametrize("name", [name for name, preset in PRESETS.items() if preset.url])
def test_every_parameter_of_a_template_is_known_to_its_preset(name: str) -> None:
    preset = PRESETS[name]
    assert preset.url is not None
    source = make(preset=name, public_url=EDGE)

    unknown = set(preset.url) - set(source.canonical_names)

    assert unknown <= UNMAPPED.get(name, set())


@pytest.mark.parametrize("name", [name for name, preset in PRESETS.items() if preset.url])
def test_every_macro_of_a_template_is_recognised_if_it_arrives_unfilled(name: str) -> None:
    macros = (PRESETS[name].url or {}).values()

    assert [macro for macro in macros if not find_placeholder(macro) or not find_macro(macro)] == []


# Parameters that the signature covers, and that no field of a conversion has.
UNMAPPED = {
    "adcolony": {"uid", "open_udid", "udid", "odin1", "mac_sha1"},
    "lootably": {"ip", "currencyReward"},
    "pollfish": {"timestamp", "term_reason"},
    "torox": {"oid"},
}
