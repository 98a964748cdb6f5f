"""Categories: the placeholders of the specification, a dash for what is missing, and nothing else in braces."""

import pytest

from postledger.finance.rules.category import PLACEHOLDERS, fill_category, find_unknown
from postledger.finance.rules.facts import Facts

SALE = Facts("acme", "sale", "spring", "456", "Acme Network", "Google Ads Campaign 5", "Affiliate 456")


def test_the_example_of_the_specification() -> None:
    category = fill_category("Affiliate Commission — {campaign.name}", SALE, "Affiliate 456")

    assert category == "Affiliate Commission — Google Ads Campaign 5"


def test_every_placeholder_is_filled() -> None:
    template = " ".join(f"{{{name}}}" for name in PLACEHOLDERS)

    expected = "Acme Network acme Google Ads Campaign 5 spring 456 Affiliate 456 Agency sale"
    assert fill_category(template, SALE, "Agency") == expected


def test_what_is_missing_becomes_a_dash() -> None:
    template = "{campaign.name}/{campaign.slug}/{affiliate.id}/{affiliate.name}/{payee.name}/{source.name}"

    assert fill_category(template, Facts("acme", "sale"), None) == "–/–/–/–/–/–"


def test_a_value_is_not_a_template() -> None:
    facts = Facts("acme", "sale", affiliate="{payee.name}")

    assert fill_category("{affiliate.id}", facts, "Agency") == "{payee.name}"


def test_a_template_without_placeholders_stays_as_it_is() -> None:
    assert fill_category("Commission", SALE, None) == "Commission"
    assert find_unknown("Commission {event}") is None


@pytest.mark.parametrize(
    ("template", "unknown"),
    [
        ("{campaign}", "{campaign}"),
        ("{event} {Campaign.Name}", "{Campaign.Name}"),
        ("{ event }", "{ event }"),
        ("{}", "{}"),
        ("{event", "{"),
        ("event}", "}"),
        ("{{event}}", "{"),
    ],
)
def test_other_braces_are_found(template: str, unknown: str) -> None:
    assert find_unknown(template) == unknown
