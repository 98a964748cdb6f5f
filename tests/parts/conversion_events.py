"""Compares messages with the published schema."""

import json
from importlib.resources import files
from typing import Any

from jsonschema import Draft202012Validator, FormatChecker

from postledger.outgoing.publishing.message import SCHEMA

_VALIDATOR = Draft202012Validator(
    json.loads((files("postledger.schemas") / f"{SCHEMA}.json").read_bytes()), format_checker=FormatChecker()
)


def find_faults(message: Any) -> list[str]:
    """Find what of a message is not as the schema says."""
    return [error.message for error in _VALIDATOR.iter_errors(message)]
