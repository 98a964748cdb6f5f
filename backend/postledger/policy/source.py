"""A source: its settings, and what is compiled from them once, when the policy is loaded."""

import re
from collections.abc import Mapping
from functools import cached_property
from typing import Literal

import msgspec
from msgspec.structs import replace

from postledger.decoding.amount_formats import AmountForm, ReadAmount, compile_amount
from postledger.decoding.damaged_names import compile_alike, compile_swallowed, list_tidy
from postledger.decoding.parameters import CANONICAL_NAMES, SUB_NAMES
from postledger.ledger.rules.status_rules import REVERSAL_GUARD, Duplicates, KeyBy, OtherClick, Rules
from postledger.policy.privacy import MASK, hash_personal, shorten_address
from postledger.responses.network_responses import Render, ResponseTemplate, compile_responses
from postledger.signatures.profile_schema import POSTLEDGER_V1, Profile, make_token_profile
from postledger.signatures.public_url import read_public_url
from postledger.signatures.secret_key import Key
from postledger.signatures.verifier import Verifier
from postledger.vocabulary.statuses import Status

DEFAULT_PROFILE = "postledger-v1"
Auth = Literal["signature", "token", "none"]
VERSIONS: tuple[Literal[1, 2], ...] = (1, 2)
AUTHS: tuple[Auth, ...] = ("signature", "token", "none")
StoreIp = Literal["full", "truncated", "none"]
STORES_IP: tuple[StoreIp, ...] = ("full", "truncated", "none")
_OF_SIGNATURES = frozenset({"sig", "ts"})
_NEVER_RANKED = _OF_SIGNATURES | {"v"}
_LAST = 1000
_NOT_MISSED = frozenset({*SUB_NAMES, "v"})
_OF_SETTINGS = (
    "versions", "canonical_names", "statuses_by_word", "read_amount", "responses", "rules", "rules_by_event",
    "counts_every", "test_words", "events_by_name", "name_order", "notice_words", "tidy_names", "swallowed",
    "like_payout", "click_check", "names_refused_beside_body", "masked_names",
)  # fmt: skip


class EventSettings(msgspec.Struct, frozen=True, omit_defaults=True):
    """The settings of one event of a source; None means the source's own setting."""

    duplicates: Duplicates | None = None
    key: KeyBy | None = None


class Settings(msgspec.Struct, frozen=True, omit_defaults=True):
    """The settings of a source in the configuration file, without its slug, name and secrets."""

    preset: str | None = None
    dialect: str | None = None
    paths: tuple[str, ...] = ()
    hosts: tuple[str, ...] = ()
    auth: Auth = "signature"
    token: str = "token"  # noqa: S105 - the name of a parameter
    token_header: str | None = None
    signature: str | Profile = DEFAULT_PROFILE
    public_url: str | None = None
    allow: tuple[str, ...] = ()
    rate: int = 10
    burst: int = 20
    timestamp_tolerance_s: int = 1800
    click: Literal["required", "optional"] = "required"
    currency: str = "USD"
    mode: Literal["enforce", "observe"] = "enforce"
    trusted: bool = False
    may_reapprove: bool = False
    duplicates: Duplicates = "fold"
    key: KeyBy = "transaction"
    events: dict[str, EventSettings] = {}
    reversal_guard: int = REVERSAL_GUARD
    other_click: OtherClick = "conflict"
    require_signed: tuple[str, ...] = ()
    client_ca: str | None = None
    pii: tuple[str, ...] = ()
    store_ip: StoreIp = "full"
    params: dict[str, tuple[str, ...]] = {}
    empty: Literal["refuse", "absent"] = "refuse"
    literal: tuple[str, ...] = ()
    former: dict[str, tuple[str, ...]] = {}
    versions: tuple[Literal[1, 2], ...] = VERSIONS
    statuses: dict[Status, tuple[str, ...]] = {}
    status_parameters: dict[str, Status] = {}
    event_names: dict[str, tuple[str, ...]] = {}
    test_parameters: dict[str, tuple[str, ...]] = {}
    notices: dict[str, tuple[str, ...]] = {}
    amount: tuple[AmountForm, ...] = ()
    unknown_status: Literal["refuse", "pending"] = "refuse"
    negative_payout: Literal["refuse", "reversed"] = "refuse"
    reversal_prefix: str | None = None
    ack: dict[str, ResponseTemplate] = {}


def find_profile(settings: Settings) -> Profile:
    """Find the profile of the settings; raises ValueError for an unknown name."""
    if settings.auth == "token":
        return make_token_profile(settings.token, settings.token_header, settings.paths)
    if isinstance(settings.signature, Profile):
        return settings.signature
    if settings.signature != DEFAULT_PROFILE:
        raise ValueError("unknown profile name")
    return POSTLEDGER_V1


class Source(msgspec.Struct, frozen=True, dict=True):
    """A source as the request path needs it: settings, live keys, profile, and what is compiled from them."""

    id: int
    slug: str
    settings: Settings
    keys: tuple[Key, ...] = ()
    profile: Profile = POSTLEDGER_V1
    pii_key: bytes | None = None
    click_key: bytes | None = None

    def hide(self, value: str) -> str:
        """Replace a personal datum with its keyed hash, or with a mask if the key is not available."""
        return MASK if self.pii_key is None else hash_personal(self.pii_key, value)

    def store_address(self, address: str | None) -> str | None:
        """Return what is stored of a client's address."""
        mode = self.settings.store_ip
        if mode == "full":
            return address
        return shorten_address(address) if mode == "truncated" else None

    @cached_property
    def verifier(self) -> Verifier:
        """Compile the profile with the live keys; raises ValueError."""
        url = self.settings.public_url
        return Verifier(self.profile, self.keys, read_public_url(url) if url else None)

    def compile(self, alike: "Source | None" = None) -> None:
        """Compile everything before the first request; raises ValueError as `verifier` does.

        A source with the same settings that was compiled before shares with this one what does not depend on the keys.
        """
        if alike is not None:
            self.__dict__.update((name, alike.__dict__[name]) for name in _OF_SETTINGS)
        for name in ("verifier", *_OF_SETTINGS):
            getattr(self, name)

    @cached_property
    def canonical_names(self) -> dict[str, str]:
        """Map each name that the sender may use to the canonical name; an alias overrides a name's own meaning."""
        aliases = {alias: name for name, listed in self.settings.params.items() for alias in listed}
        own = {name: name for name in CANONICAL_NAMES if name not in _OF_SIGNATURES}
        own_words = (*self.settings.status_parameters, *self.settings.test_parameters, *self.settings.notices)
        words = {name: name for name in own_words}
        return own | words | self.profile.name_parameters() | aliases

    @cached_property
    def tidy_names(self) -> dict[str, str]:
        """Map the tidied form of each known name to the canonical name that a damaged one meant.

        Labels are left out, because they never cost a conversion, and `v`, because many senders have a version.
        """
        known = {name: meant for name, meant in self.canonical_names.items() if meant not in _NOT_MISSED}
        return list_tidy(known)

    @cached_property
    def swallowed(self) -> re.Pattern[str]:
        """The pattern of a known parameter inside the value of another one."""
        return compile_swallowed(name for name, meant in self.canonical_names.items() if meant != "v")

    @cached_property
    def like_payout(self) -> re.Pattern[str]:
        """The pattern of names that resemble one of the payout. A request without a payout would lose its money."""
        return compile_alike((name for name, meant in self.canonical_names.items() if meant == "payout"), "payouts")

    @cached_property
    def name_order(self) -> dict[str, int]:
        """The rank of each name of a field that has several: of those that were sent, the lowest counts.

        Only names in a preset or dialect are ranked, because those templates are known to send several together. A
        canonical name comes last. The order in which a source lists its own names chooses nothing: two of them, sent
        together, contradict each other.
        """
        if self.settings.preset is None and self.settings.dialect is None:
            return {}
        names = {name: listed for name, listed in self.settings.params.items() if name not in _NEVER_RANKED}
        aliases = {alias: rank for listed in names.values() for rank, alias in enumerate(listed)}
        return dict.fromkeys(names, _LAST) | aliases

    @cached_property
    def statuses_by_word(self) -> dict[str, Status]:
        """Map each lower-case word that the sender may use to a status."""
        words = {word.lower(): status for status, listed in self.settings.statuses.items() for word in listed}
        return {status.value: status for status in Status} | words

    @cached_property
    def events_by_name(self) -> dict[str, str]:
        """Map each lower-case name of an event that the sender may use to our name of it."""
        return {name.lower(): event for event, listed in self.settings.event_names.items() for name in listed}

    @cached_property
    def test_words(self) -> dict[str, frozenset[str]]:
        """Map each parameter that can mark a test postback to the lower-case words that do."""
        return {name: frozenset(map(str.lower, listed)) for name, listed in self.settings.test_parameters.items()}

    @cached_property
    def notice_words(self) -> dict[str, frozenset[str]]:
        """Map the canonical name of each parameter that can mark a notice to the lower-case words that do."""
        names = self.canonical_names
        return {names[name]: frozenset(map(str.lower, listed)) for name, listed in self.settings.notices.items()}

    @cached_property
    def versions(self) -> frozenset[str]:
        """List the versions of the API that this source may use."""
        return frozenset(str(version) for version in self.settings.versions)

    @cached_property
    def read_amount(self) -> ReadAmount | None:
        """The reader of this source's amounts; None for the plain format."""
        return compile_amount(self.settings.amount)

    @cached_property
    def responses(self) -> Mapping[str, Render]:
        """Map verdicts and reasons to the responses that this source requires; empty means our JSON."""
        return compile_responses(self.settings.ack)

    @cached_property
    def rules(self) -> Rules:
        """The rules for repeats of events that have no settings of their own."""
        own = self.settings
        return Rules(own.duplicates, own.key, own.may_reapprove, own.reversal_guard, own.other_click)

    @cached_property
    def rules_by_event(self) -> dict[str, Rules]:
        """The rules for repeats of events that have settings of their own."""
        default = self.rules
        return {
            name: replace(default, duplicates=own.duplicates or default.duplicates, key_by=own.key or default.key_by)
            for name, own in self.settings.events.items()
        }

    @cached_property
    def counts_every(self) -> bool:
        """Whether an event exists whose every postback is a conversion."""
        return any(rules.duplicates == "every" for rules in (self.rules, *self.rules_by_event.values()))

    def rules_for(self, event: str) -> Rules:
        """Return the rules for repeats of an event."""
        return self.rules_by_event.get(event, self.rules)

    @cached_property
    def click_check(self) -> Literal["required", "observed"] | None:
        """What happens to a postback with an unknown click: refused, only observed, or nothing (None)."""
        if self.settings.click == "optional":
            return None
        return "observed" if self.settings.mode == "observe" else "required"

    @cached_property
    def names_refused_beside_body(self) -> frozenset[str]:
        """The parameters that the query of a POST must not have: all known ones except the token."""
        schemes = [scheme for scheme in self.profile.schemes if "POST" in scheme.methods]
        return frozenset(self.canonical_names) - {s.signature.name for s in schemes if s.signature.location == "query"}

    @cached_property
    def masked_names(self) -> frozenset[str]:
        """The parameters, by the sender's names, that are never stored."""
        signatures = {name for name, canonical in self.canonical_names.items() if canonical == "sig"}
        return frozenset(self.settings.pii) | signatures
