"""Presets and dialects: prepared settings that a source starts from, and the references for their facts.

A preset describes a network. A dialect describes the postback URLs of another tracker that are still in use. Keys that
the operator writes next to `preset` override it, entry by entry.
"""

from collections.abc import Mapping
from datetime import date
from typing import Literal

import msgspec

from postledger.policy.forward_preset import ForwardPreset

_MERGED = (
    "params", "statuses", "status_parameters", "test_parameters", "signature", "ack", "events", "event_names",
    "notices",
)  # fmt: skip


class Addresses(msgspec.Struct, frozen=True, forbid_unknown_fields=True, rename={"origins": "from"}):
    """The addresses that a network sends from, the references, and the day on which they were read.

    They are used only if the operator sets `allow = "preset"`, because such lists become outdated and a postback from a
    new address would be lost.
    """

    networks: tuple[str, ...]
    origins: tuple[str, ...]
    read: date
    note: str = ""


class Preset(msgspec.Struct, frozen=True, forbid_unknown_fields=True, rename={"origins": "from"}):
    """One network or tracker: title, kind of the facts (its own documents or other people's code) and source keys.

    `url` is the template of a network: its parameters, each with the network's macro. Empty: the network adds its
    parameters itself. None: its macros are unknown.
    """

    title: str
    facts: Literal["documented", "third-party"]
    origins: tuple[str, ...]
    source: dict[str, object]
    note: str = ""
    addresses: Addresses | None = None
    url: dict[str, str] | None = None


class Known(msgspec.Struct, frozen=True):
    """All presets and dialects that come with Postledger, and the presets of forwards, by name."""

    presets: Mapping[str, Preset] = {}
    dialects: Mapping[str, Preset] = {}
    forwards: Mapping[str, ForwardPreset] = {}
    reports: Mapping[str, Mapping[str, object]] = {}


NOTHING_KNOWN = Known()


def merge_preset(preset: Preset, own: Mapping[str, object]) -> dict[str, object]:
    """Merge a source's own table into its preset; the tables in `_MERGED` entry by entry, other keys as a whole."""
    merged = {**preset.source, **own}
    for key in _MERGED:
        default, override = preset.source.get(key), own.get(key)
        if isinstance(default, dict) and isinstance(override, dict) and "schemes" not in override:
            merged[key] = {**default, **override}
    return merged
