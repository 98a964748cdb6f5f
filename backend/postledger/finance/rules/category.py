"""The category of an expense line: a template whose placeholders name what the line belongs to."""

import re

from postledger.finance.rules.facts import Facts

PLACEHOLDERS = (
    "source.name", "source.slug", "campaign.name", "campaign.slug", "affiliate.id", "affiliate.name", "payee.name",
    "event",
)  # fmt: skip
MISSING = "–"
_PLACEHOLDER = re.compile(r"\{([^{}]*)\}")


def find_unknown(template: str) -> str | None:
    """Find the first part of a template in braces that is no placeholder, or a brace without its partner."""
    for found in _PLACEHOLDER.finditer(template):
        if found[1] not in PLACEHOLDERS:
            return found[0]
    lone = re.search(r"[{}]", _PLACEHOLDER.sub("", template))
    return None if lone is None else lone[0]


def fill_category(template: str, facts: Facts, payee_name: str | None) -> str:
    """Fill a template. A value that is missing becomes an en dash."""
    values = {
        "source.name": facts.source_name,
        "source.slug": facts.source,
        "campaign.name": facts.campaign_name,
        "campaign.slug": facts.campaign,
        "affiliate.id": facts.affiliate,
        "affiliate.name": facts.affiliate_name,
        "payee.name": payee_name,
        "event": facts.event,
    }
    return _PLACEHOLDER.sub(lambda found: values[found[1]] or MISSING, template)
