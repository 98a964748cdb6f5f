"""The configuration file as values: what an operator wants the policy to be, validated as a whole before it counts.

Pure: where a secret or certificate is named instead of written down, whoever reads the file says how to look it up.
"""

import re
from collections.abc import Iterable, Mapping
from urllib.parse import urlsplit

import msgspec

from postledger.decoding.parameters import SUB_NAMES
from postledger.decoding.toml_table import BadValue, Fault, Table, read_text
from postledger.policy.preset import NOTHING_KNOWN, Known, Preset, lay_over
from postledger.policy.source import Settings
from postledger.policy.source_config import Places, check_signature, read_secrets, read_settings

MAX_DESTINATION_CHARACTERS = 2000
MACROS = ("click_id", "affiliate_id", "campaign", *SUB_NAMES)
_SLUG = re.compile(r"[a-z0-9-]{1,40}")
_MACRO = re.compile(r"\{([^{}]*)\}")
_URL_CHARACTERS = re.compile(
    r"[!#-;=?-\[\]_a-z{}~]+"
)  # of ASCII: no space, quote, angle bracket, backslash, caret, pipe


class SourceConfig(msgspec.Struct, frozen=True):
    """A source as configured; `secrets` is None where the file leaves them as they are.

    One that the ledger holds may not be readable: its settings are then the usual ones, and not to be believed.
    """

    slug: str
    name: str
    settings: Settings
    secrets: tuple[str, ...] | None = None
    is_readable: bool = True


class CampaignConfig(msgspec.Struct, frozen=True):
    """A campaign as configured."""

    slug: str
    name: str
    destination: str


class AffiliateConfig(msgspec.Struct, frozen=True):
    """An affiliate as configured."""

    id: str
    name: str


class Configuration(msgspec.Struct, frozen=True):
    """A whole file; each mapping goes by slug, or by id."""

    sources: Mapping[str, SourceConfig] = {}
    campaigns: Mapping[str, CampaignConfig] = {}
    affiliates: Mapping[str, AffiliateConfig] = {}


class BadConfiguration(Exception):
    """The file has faults, and none of it was applied."""

    def __init__(self, faults: list[Fault]) -> None:
        super().__init__(f"{len(faults)} faults")
        self.faults = faults


def read_configuration(document: Mapping[str, object], places: Places, known: Known = NOTHING_KNOWN) -> Configuration:
    """Validate a parsed TOML document; raises `BadConfiguration` with every fault found."""
    faults: list[Fault] = []
    top = Table("", document, faults)
    sources = [_read_source(table, places, known) for table in _tables(top, "sources", "slug", faults)]
    campaigns = [_read_campaign(table) for table in _tables(top, "campaigns", "slug", faults)]
    affiliates = [_read_affiliate(table) for table in _tables(top, "affiliates", "id", faults)]
    top.refuse_unknown()
    if faults:
        raise BadConfiguration(faults)
    return index_configuration(sources, campaigns, affiliates)


def index_configuration(
    sources: Iterable[SourceConfig], campaigns: Iterable[CampaignConfig], affiliates: Iterable[AffiliateConfig]
) -> Configuration:
    """Index what makes up a configuration by its names."""
    return Configuration(
        sources={source.slug: source for source in sources},
        campaigns={campaign.slug: campaign for campaign in campaigns},
        affiliates={affiliate.id: affiliate for affiliate in affiliates},
    )


def _tables(top: Table, key: str, name: str, faults: list[Fault]) -> list[Table]:
    contents: tuple[Mapping[str, object], ...] = top.take(key, _read_tables, ())
    tables, seen = [], set()
    for number, content in enumerate(contents, 1):
        label = content.get(name)
        table = Table(
            f"{key}[{label if isinstance(label, str) and label.isprintable() else f'#{number}'}]", content, faults
        )
        if table.place in seen:
            table.fault(name, f"is used twice in this file; each {name} names one of the {key}")
        seen.add(table.place)
        tables.append(table)
    return tables


def _read_tables(value: object) -> tuple[Mapping[str, object], ...]:
    if isinstance(value, list) and all(isinstance(item, dict) for item in value):
        return tuple(value)
    raise BadValue("must be written as tables in double brackets, such as [[sources]]")


def _read_source(table: Table, places: Places, known: Known) -> SourceConfig:
    table = _lay_over_known(table, known)
    slug = table.require("slug", _read_slug, "")
    settings, secrets = read_settings(table, places, known.presets), read_secrets(table, places)
    check_signature(table, settings, secrets)
    source = SourceConfig(slug, table.take("name", read_text, slug), settings, secrets)
    table.refuse_unknown()
    return source


def _lay_over_known(table: Table, known: Known) -> Table:
    preset = table.take("preset", lambda value: _find_known(value, known.presets, "preset"), None)
    dialect = table.take("dialect", lambda value: _find_known(value, known.dialects, "dialect"), None)
    if preset is not None and dialect is not None:
        table.fault(
            "dialect", "cannot stand beside preset: whose names are in the address, the network's or a tracker's?"
        )
    below = preset or dialect
    return table if below is None else table.over(lambda own: lay_over(below, own))


def _find_known(value: object, known: Mapping[str, Preset], kind: str) -> Preset:
    if isinstance(value, str) and value in known:
        return known[value]
    raise BadValue(f"is not the name of a {kind}; postledger {kind} list names them")


def _read_campaign(table: Table) -> CampaignConfig:
    slug = table.require("slug", _read_slug, "")
    campaign = CampaignConfig(
        slug, table.take("name", read_text, slug), table.require("destination", read_destination, "")
    )
    table.refuse_unknown()
    return campaign


def _read_affiliate(table: Table) -> AffiliateConfig:
    affiliate_id = table.require("id", read_text, "")
    affiliate = AffiliateConfig(affiliate_id, table.take("name", read_text, affiliate_id))
    table.refuse_unknown()
    return affiliate


def _read_slug(value: object) -> str:
    if isinstance(value, str) and _SLUG.fullmatch(value):
        return value
    raise BadValue("must be 1 to 40 characters of a-z, 0-9 and -")


def read_destination(value: object) -> str:
    """Read an address whose scheme and host are fixed, so that nothing a visitor sends can choose where they go."""
    if not isinstance(value, str) or len(value) > MAX_DESTINATION_CHARACTERS or not _URL_CHARACTERS.fullmatch(value):
        raise BadValue(
            f"must be a URL of at most {MAX_DESTINATION_CHARACTERS} ASCII characters, others percent-encoded"
        )
    try:
        parts = urlsplit(value)
        is_absolute = parts.scheme in ("http", "https") and bool(parts.hostname) and parts.port != 0
    except ValueError:
        is_absolute = False
    if not is_absolute or "@" in parts.netloc:
        raise BadValue("must be an absolute address, https://HOST/… or http://HOST/…, without user or password")
    if "{" in parts.netloc or "}" in parts.netloc:
        raise BadValue("must have a fixed host; macros belong behind it")
    _check_macros(value)
    return value


def _check_macros(destination: str) -> None:
    left = _MACRO.sub(lambda found: "" if found[1] in MACROS else found[0], destination)
    if "{" in left or "}" in left:
        raise BadValue("has a macro that is not one of " + " ".join(f"{{{name}}}" for name in MACROS))
