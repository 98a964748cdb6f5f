"""Reads the presets and dialects that come with Postledger, and the presets of forwards, from their TOML files."""

import tomllib
from collections.abc import Mapping
from functools import cache
from importlib.resources import files
from typing import TypeVar

import msgspec

from postledger.policy.forward_preset import ForwardPreset
from postledger.policy.preset import Known, Preset

Described = TypeVar("Described")

_SUFFIX = ".toml"


@cache
def read_known() -> Known:
    """Read all presets and dialects."""
    return Known(
        _read_folder("postledger.policy.presets", Preset),
        _read_folder("postledger.policy.dialects", Preset),
        _read_folder("postledger.policy.forward_presets", ForwardPreset),
        _read_folder("postledger.policy.report_presets", dict[str, object]),
    )


def _read_folder(package: str, form: type[Described]) -> Mapping[str, Described]:
    found = sorted(files(package).iterdir(), key=lambda file: file.name)
    return {
        file.name.removesuffix(_SUFFIX): msgspec.convert(tomllib.loads(file.read_text("utf-8")), form)
        for file in found
        if file.name.endswith(_SUFFIX)
    }
