"""A source, its settings, and what is worked out from them once, when they are loaded, and never per request."""

from functools import cached_property
from typing import Literal

import msgspec

from postledger.domain.parameters import CANONICAL_NAMES
from postledger.domain.signing import Key
from postledger.domain.status import Status

ProfileName = Literal["postledger-v1"]


class Settings(msgspec.Struct, frozen=True, omit_defaults=True):
    """What an operator can say of a source in the configuration file, secrets and slug apart."""

    auth: Literal["signature", "none"] = "signature"
    signature: ProfileName = "postledger-v1"
    allow: tuple[str, ...] = ()
    rate: int = 10
    burst: int = 20
    timestamp_tolerance_s: int = 1800
    click: Literal["required", "optional"] = "required"
    currency: str = "USD"
    mode: Literal["enforce", "observe"] = "enforce"
    trusted: bool = False
    may_reapprove: bool = False
    client_ca: str | None = None
    pii: tuple[str, ...] = ()
    params: dict[str, tuple[str, ...]] = {}
    statuses: dict[Status, tuple[str, ...]] = {}


class Source(msgspec.Struct, frozen=True, dict=True):
    """A source as the request path needs it: settings, live keys, and the tables compiled from them."""

    id: int
    slug: str
    settings: Settings
    keys: tuple[Key, ...] = ()

    @cached_property
    def canonical_names(self) -> dict[str, str]:
        """Map each name that the sender may use to the canonical one; an alias loses its own meaning."""
        aliases = {alias: name for name, listed in self.settings.params.items() for alias in listed}
        return {name: name for name in CANONICAL_NAMES} | aliases

    @cached_property
    def statuses_by_word(self) -> dict[str, Status]:
        """Map each lower-case word that the sender may use to a status."""
        words = {word.lower(): status for status, listed in self.settings.statuses.items() for word in listed}
        return {status.value: status for status in Status} | words

    @cached_property
    def click_check(self) -> Literal["required", "observed"] | None:
        """Tell what is done about a click that is not known: refuse, take note, or nothing."""
        if self.settings.click == "optional":
            return None
        return "observed" if self.settings.mode == "observe" else "required"

    @cached_property
    def masked_names(self) -> frozenset[str]:
        """Name the parameters, as the sender spells them, that are never stored."""
        signatures = {name for name, canonical in self.canonical_names.items() if canonical == "sig"}
        return frozenset(self.settings.pii) | signatures
