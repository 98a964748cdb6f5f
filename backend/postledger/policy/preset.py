"""A preset: what is known of one network, as the table that its source would have, and where the facts come from.

Whatever the operator writes beside `preset = "…"` goes before it, field by field; what results is an ordinary source. A
dialect is the same of a tracker: how the postback addresses look that it gave out, and that are still in use.
"""

from collections.abc import Mapping
from datetime import date
from typing import Literal

import msgspec

_MERGED = ("params", "statuses", "status_parameters", "test_parameters", "signature", "ack", "events")


class Addresses(msgspec.Struct, frozen=True, forbid_unknown_fields=True, rename={"origins": "from"}):
    """Whom a network says that it sends from, who says that it does, and on which day that was read.

    It is known and nothing more: lists are left to grow old, and money from a new address must not be lost by one. A
    source takes it over by `allow = "preset"`, which an operator has to say.
    """

    networks: tuple[str, ...]
    origins: tuple[str, ...]
    read: date
    note: str = ""


class Preset(msgspec.Struct, frozen=True, forbid_unknown_fields=True, rename={"origins": "from"}):
    """One network: its title, whether its own documents say so or others' code, and the keys of `[[sources]]`."""

    title: str
    facts: Literal["documented", "third-party"]
    origins: tuple[str, ...]
    source: dict[str, object]
    note: str = ""
    addresses: Addresses | None = None


class Known(msgspec.Struct, frozen=True):
    """All that comes with Postledger: networks, and trackers whose addresses it understands, by name."""

    presets: Mapping[str, Preset] = {}
    dialects: Mapping[str, Preset] = {}


NOTHING_KNOWN = Known()


def lay_over(preset: Preset, own: Mapping[str, object]) -> dict[str, object]:
    """Lay a source's own table over its preset; parameters, statuses, acks and the signature by their single fields."""
    merged = {**preset.source, **own}
    for key in _MERGED:
        below, above = preset.source.get(key), own.get(key)
        if isinstance(below, dict) and isinstance(above, dict) and "schemes" not in above:
            merged[key] = {**below, **above}
    return merged
