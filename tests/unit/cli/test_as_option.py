"""Every command that changes something takes `--as`, so that its record names a person."""

import pytest
from typer.core import TyperGroup
from typer.main import get_command

from postledger.bootstrap.command import create_command

CHANGING = (
    "apply", "forget", "clicks import", "campaign retire", "conversions release", "conversions discard",
    "expenses remap", "expenses backfill", "forwards retry", "forwards backfill", "forwards resume", "forwards off",
    "jobs retry", "jobs discard", "payees import", "rates import", "replay", "source token", "source secret",
    "source rotate", "source retire", "source reencrypt", "user add", "user role", "user disable", "user enable",
    "user token", "user delegate", "user password",
)  # fmt: skip


@pytest.mark.parametrize("command", CHANGING)
def test_a_command_that_changes_something_names_its_user(command: str) -> None:
    found = get_command(create_command())
    for word in command.split():
        assert isinstance(found, TyperGroup)
        found = found.commands[word]

    assert "--as" in [option for parameter in found.params for option in parameter.opts]
