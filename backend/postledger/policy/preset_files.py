"""Reads the presets and dialects that come with Postledger from their TOML files."""

import tomllib
from collections.abc import Mapping
from functools import cache
from importlib.resources import files

import msgspec

from postledger.policy.preset import Known, Preset

_SUFFIX = ".toml"


@cache
def read_known() -> Known:
    """Read all presets and dialects."""
    return Known(_read_folder("postledger.policy.presets"), _read_folder("postledger.policy.dialects"))


def _read_folder(package: str) -> Mapping[str, Preset]:
    found = sorted(files(package).iterdir(), key=lambda file: file.name)
    return {
        file.name.removesuffix(_SUFFIX): msgspec.convert(tomllib.loads(file.read_text("utf-8")), Preset)
        for file in found
        if file.name.endswith(_SUFFIX)
    }
