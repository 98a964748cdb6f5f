"""The JSON Schemas that come with Postledger, read from the files beside the code."""

from collections.abc import Mapping
from importlib.resources import files

_SUFFIX = ".json"


def read_schemas() -> Mapping[str, bytes]:
    """Read every schema, by the name of its file."""
    found = files("postledger.schemas").iterdir()
    return {file.name: file.read_bytes() for file in found if file.name.endswith(_SUFFIX)}
