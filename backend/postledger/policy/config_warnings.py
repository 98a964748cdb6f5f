"""Finds what an operator should look at in a configuration that can be applied. Pure."""

import re

from postledger.decoding.toml_table import Fault
from postledger.policy.config_file import MACROS, CampaignConfig, Configuration
from postledger.policy.secret_strength import warn_of_secrets

_NAME = r"[A-Za-z_][A-Za-z0-9_]*"
_IN_PERCENT = rf"(?:{'|'.join(MACROS)}|(?![0-9A-Fa-f]{{2}}){_NAME})"  # %af%20 holds two escapes, %affiliate_id% none
# Placeholders of other systems: [x] and [[[x]]], [%x%], #x#, %x%, ${x}, $x, !!!x!!!, (x), xxXxx, __X__.
_OTHER_STYLES = re.compile(
    rf"\[+%?{_NAME}%?\]+|#{_NAME}#|%{_IN_PERCENT}%|\$\{{?{_NAME}\}}?|!!!{_NAME}!!!|\({_NAME}\)|xx{_NAME}xx|__[A-Z_]+__"
)


def find_warnings(target: Configuration) -> list[Fault]:
    """Find the warnings for a file, in its order."""
    sources = [warning for slug, source in target.sources.items() for warning in warn_of_secrets(slug, source)]
    campaigns = [warning for campaign in target.campaigns.values() for warning in _warn_of_destination(campaign)]
    return sources + campaigns


def _warn_of_destination(campaign: CampaignConfig) -> list[Fault]:
    table, known = f"campaigns[{campaign.slug}]", " ".join(f"{{{name}}}" for name in MACROS[:3])
    warnings = []
    if "{click_id}" not in campaign.destination:
        message = "has no {click_id}, so no postback can name the click; add it where the shop expects a click id"
        warnings.append(Fault(table, "destination", message))
    if other := _OTHER_STYLES.search(campaign.destination):
        message = f"{other[0]} is no macro of Postledger and is sent as it is; write {known} …"
        warnings.append(Fault(table, "destination", message))
    return warnings
