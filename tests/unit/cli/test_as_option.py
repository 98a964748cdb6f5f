"""Every command that changes something takes `--as`, so that its record names a person."""

from typing import Any

import pytest
from typer.core import TyperGroup

from tests.parts.commands import load_commands

CHANGING = (
    "apply", "forget", "clicks import", "campaign retire", "conversions release", "conversions discard",
    "expenses remap", "expenses backfill", "forwards retry", "forwards backfill", "forwards resume", "forwards off",
    "jobs retry", "jobs discard", "payees import", "rates import", "replay", "source token", "source secret",
    "source rotate", "source retire", "source reencrypt", "user add", "user role", "user disable", "user enable",
    "user token", "user delegate", "user password", "export run", "export retry", "bills make", "bills cancel",
    "match confirm", "match undo", "match by-hand", "period close", "period lock", "period unlock",
    "discrepancies assign", "discrepancies note", "discrepancies dispute", "discrepancies resolve",
    "discrepancies accept",
)  # fmt: skip


@pytest.mark.parametrize("command", CHANGING)
def test_a_command_that_changes_something_names_its_user(command: str) -> None:
    first, *others = command.split()
    found: Any = load_commands()[first]
    for word in others:
        assert isinstance(found, TyperGroup)
        found = found.commands[word]

    assert "--as" in [option for parameter in found.params for option in parameter.opts]
