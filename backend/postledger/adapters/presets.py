"""The presets that come with Postledger, read from the files beside the code."""

import tomllib
from collections.abc import Mapping
from functools import cache
from importlib.resources import files

import msgspec

from postledger.domain.preset import Preset

_SUFFIX = ".toml"


@cache
def read_presets() -> Mapping[str, Preset]:
    """Read every preset, by name."""
    found = sorted(files("postledger.presets").iterdir(), key=lambda file: file.name)
    return {
        file.name.removesuffix(_SUFFIX): msgspec.convert(tomllib.loads(file.read_text("utf-8")), Preset)
        for file in found
        if file.name.endswith(_SUFFIX)
    }
