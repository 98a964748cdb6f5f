"""Reads the configuration file into values and validates it as a whole.

It is pure. If the file names a secret or certificate instead of containing it, the caller's `Lookups` find it.
"""

import re
from collections.abc import Iterable, Mapping
from urllib.parse import urlsplit

import msgspec

from postledger.decoding.parameters import SUB_NAMES
from postledger.decoding.toml_table import BadValue, Fault, Table, read_text, whole_number
from postledger.finance.rules.approval_rule import ApprovalRule
from postledger.finance.rules.expense_rule import ExpenseRule
from postledger.finance.rules.finance_settings import Finance
from postledger.policy.approval_config import read_approval_rule
from postledger.policy.bank_account_config import BankAccountConfig, read_our_account
from postledger.policy.export_config import ExportConfig, read_export
from postledger.policy.finance_config import PayeeConfig, read_finance, read_payee, read_rule
from postledger.policy.forward_config import ForwardConfig, read_forward
from postledger.policy.notify_config import NotifyConfig, read_notify
from postledger.policy.preset import NOTHING_KNOWN, Known, Preset, merge_preset
from postledger.policy.report_config import read_report_format
from postledger.policy.source import Settings
from postledger.policy.source_config import MOST_PER_SECOND, Lookups, check_signature, read_secrets, read_settings
from postledger.reconciliation.rules.report_format import ReportFormat
from postledger.vocabulary.selftest import SELFTEST

MAX_DESTINATION_CHARACTERS = 2000
CLICK_RATE, CLICK_BURST = 20, 100
MACROS = ("click_id", "affiliate_id", "campaign", *SUB_NAMES)
_SLUG = re.compile(r"[a-z0-9-]{1,40}")
_MACRO = re.compile(r"\{([^{}]*)\}")
# ASCII without space, quote, angle brackets, backslash, caret and pipe.
_URL_CHARACTERS = re.compile(r"[!#-;=?-\[\]_a-z{}~]+")


class SourceConfig(msgspec.Struct, frozen=True):
    """A source as configured; `secrets` is None if the file does not change them.

    If the stored settings of a source cannot be read, `is_readable` is False and `settings` holds the defaults.
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
    click_rate: int = CLICK_RATE
    click_burst: int = CLICK_BURST


class AffiliateConfig(msgspec.Struct, frozen=True):
    """An affiliate as configured."""

    id: str
    name: str


class Configuration(msgspec.Struct, frozen=True):
    """A whole file; sources, campaigns, forwards and rules by slug, affiliates and payees by id.

    The rules are in the order of the file, because the first expense rule that matches wins.
    """

    sources: Mapping[str, SourceConfig] = {}
    campaigns: Mapping[str, CampaignConfig] = {}
    affiliates: Mapping[str, AffiliateConfig] = {}
    forwards: Mapping[str, ForwardConfig] = {}
    finance: Finance | None = None
    payees: Mapping[str, PayeeConfig] = {}
    expense_rules: Mapping[str, ExpenseRule] = {}
    approval_rules: Mapping[str, ApprovalRule] = {}
    notify: NotifyConfig | None = None
    exports: Mapping[str, ExportConfig] = {}
    report_formats: Mapping[str, ReportFormat] = {}
    bank_accounts: Mapping[str, BankAccountConfig] = {}


class BadConfiguration(Exception):
    """The file has faults, and none of it was applied."""

    def __init__(self, faults: list[Fault]) -> None:
        super().__init__(f"{len(faults)} faults")
        self.faults = faults


def read_configuration(document: Mapping[str, object], lookups: Lookups, known: Known = NOTHING_KNOWN) -> Configuration:
    """Validate a parsed TOML document; raises `BadConfiguration` with all faults."""
    faults: list[Fault] = []
    top = Table("", document, faults)
    sources = [_read_source(table, lookups, known) for table in _tables(top, "sources", "slug", faults)]
    campaigns = [_read_campaign(table) for table in _tables(top, "campaigns", "slug", faults)]
    affiliates = [_read_affiliate(table) for table in _tables(top, "affiliates", "id", faults)]
    forwards = [_read_forward(table, lookups, known) for table in _tables(top, "forwards", "slug", faults)]
    finance = top.take("finance", lambda value: read_finance(_open(value, "finance", faults)), None)
    payees = [read_payee(table, lookups) for table in _tables(top, "payees", "id", faults)]
    rules = [read_rule(table) for table in _tables(top, "expense_rules", "slug", faults)]
    approval_rules = [read_approval_rule(table) for table in _tables(top, "approval_rules", "slug", faults)]
    notify = top.take("notify", lambda value: read_notify(_open(value, "notify", faults), faults, lookups), None)
    exports = [_read_export(table, lookups) for table in _tables(top, "exports", "slug", faults)]
    formats = [read_report_format(table, known.reports) for table in _tables(top, "report_formats", "slug", faults)]
    accounts = [read_our_account(table, faults, lookups) for table in _tables(top, "bank_accounts", "slug", faults)]
    top.refuse_unknown()
    if faults:
        raise BadConfiguration(faults)
    return index_configuration(
        sources,
        campaigns,
        affiliates,
        forwards,
        finance=finance,
        payees=payees,
        rules=rules,
        approval_rules=approval_rules,
        notify=notify,
        exports=exports,
        report_formats=formats,
        bank_accounts=accounts,
    )


def index_configuration(
    sources: Iterable[SourceConfig],
    campaigns: Iterable[CampaignConfig],
    affiliates: Iterable[AffiliateConfig],
    forwards: Iterable[ForwardConfig] = (),
    *,
    finance: Finance | None = None,
    payees: Iterable[PayeeConfig] = (),
    rules: Iterable[ExpenseRule] = (),
    approval_rules: Iterable[ApprovalRule] = (),
    notify: NotifyConfig | None = None,
    exports: Iterable[ExportConfig] = (),
    report_formats: Iterable[ReportFormat] = (),
    bank_accounts: Iterable[BankAccountConfig] = (),
) -> Configuration:
    """Index the parts of a configuration by slug or id."""
    return Configuration(
        sources={source.slug: source for source in sources},
        campaigns={campaign.slug: campaign for campaign in campaigns},
        affiliates={affiliate.id: affiliate for affiliate in affiliates},
        forwards={forward.forward.slug: forward for forward in forwards},
        finance=finance,
        payees={payee.payee.id: payee for payee in payees},
        expense_rules={rule.slug: rule for rule in rules},
        approval_rules={rule.slug: rule for rule in approval_rules},
        notify=notify,
        exports={export.settings.slug: export for export in exports},
        report_formats={each.slug: each for each in report_formats},
        bank_accounts={each.account.slug: each for each in bank_accounts},
    )


def _tables(top: Table, key: str, name: str, faults: list[Fault]) -> list[Table]:
    contents: tuple[Mapping[str, object], ...] = top.take(key, _read_tables, ())
    tables, seen = [], set()
    for number, content in enumerate(contents, 1):
        label = content.get(name)
        table = Table(
            f"{key}[{label if isinstance(label, str) and label.isprintable() else f'#{number}'}]", content, faults
        )
        if table.path in seen:
            table.fault(name, f"is used twice in this file; give each of the {key} its own {name}")
        seen.add(table.path)
        tables.append(table)
    return tables


def _read_tables(value: object) -> tuple[Mapping[str, object], ...]:
    if isinstance(value, list) and all(isinstance(item, dict) for item in value):
        return tuple(value)
    raise BadValue("must be tables in double brackets, such as [[sources]]")


def _open(value: object, name: str, faults: list[Fault]) -> Table:
    if isinstance(value, dict):
        return Table(name, value, faults)
    raise BadValue(f"must be one table in single brackets: [{name}]")


def _read_source(table: Table, lookups: Lookups, known: Known) -> SourceConfig:
    table = _add_known_defaults(table, known)
    slug = table.require("slug", _read_slug, "")
    settings, secrets = read_settings(table, lookups, known.presets), read_secrets(table, lookups)
    check_signature(table, settings, secrets)
    source = SourceConfig(slug, table.take("name", read_text, slug), settings, secrets)
    table.refuse_unknown()
    return source


def _add_known_defaults(table: Table, known: Known) -> Table:
    preset = table.take("preset", lambda value: _find_known(value, known.presets, "preset"), None)
    dialect = table.take("dialect", lambda value: _find_known(value, known.dialects, "dialect"), None)
    if preset is not None and dialect is not None:
        table.fault("dialect", "cannot be combined with preset, because both define parameter names; keep one")
    defaults = preset or dialect
    return table if defaults is None else table.with_defaults(lambda own: merge_preset(defaults, own))


def _find_known(value: object, known: Mapping[str, Preset], kind: str) -> Preset:
    if isinstance(value, str) and value in known:
        return known[value]
    raise BadValue(f"is not the name of a {kind}; run postledger {kind} list to see the names")


def _read_campaign(table: Table) -> CampaignConfig:
    slug = table.require("slug", _read_slug, "")
    campaign = CampaignConfig(
        slug,
        table.take("name", read_text, slug),
        table.require("destination", read_destination, ""),
        table.take("click_rate", whole_number(1, MOST_PER_SECOND), CLICK_RATE),
        table.take("click_burst", whole_number(0, MOST_PER_SECOND), CLICK_BURST),
    )
    table.refuse_unknown()
    return campaign


def _read_affiliate(table: Table) -> AffiliateConfig:
    affiliate_id = table.require("id", read_text, "")
    affiliate = AffiliateConfig(affiliate_id, table.take("name", read_text, affiliate_id))
    table.refuse_unknown()
    return affiliate


def _read_forward(table: Table, lookups: Lookups, known: Known) -> ForwardConfig:
    return read_forward(table, table.require("slug", _read_slug, ""), lookups, known.forwards)


def _read_export(table: Table, lookups: Lookups) -> ExportConfig:
    return read_export(table, table.require("slug", _read_slug, ""), lookups)


def _read_slug(value: object) -> str:
    if value == SELFTEST:
        raise BadValue(f"{SELFTEST} is reserved for the self-test; choose another slug")
    if isinstance(value, str) and _SLUG.fullmatch(value):
        return value
    raise BadValue("must be 1 to 40 characters of a-z, 0-9 and -")


def read_destination(value: object) -> str:
    """Read a URL with a fixed scheme and host, so that no value of a visitor can redirect to another host."""
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
        raise BadValue("must be an absolute URL such as https://shop.example/…, without user and password")
    if "{" in parts.netloc or "}" in parts.netloc:
        raise BadValue("the host must be fixed; use macros only after it")
    _check_macros(value)
    return value


def _check_macros(destination: str) -> None:
    rest = _MACRO.sub(lambda found: "" if found[1] in MACROS else found[0], destination)
    if "{" in rest or "}" in rest:
        raise BadValue("has an unknown macro; use one of " + " ".join(f"{{{name}}}" for name in MACROS))
