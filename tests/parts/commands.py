"""The commands of `postledger`, for tests that compare them with documents or with each other."""

from typer import Context
from typer.core import TyperCommand, TyperGroup
from typer.main import get_command

from postledger.bootstrap.command import create_command


def load_commands() -> dict[str, TyperCommand | TyperGroup]:
    """Import every command, and return them by name. A group has its sub-commands in `commands`."""
    top = get_command(create_command())
    assert isinstance(top, TyperGroup)
    context = Context(top)
    found = {name: top.get_command(context, name) for name in top.list_commands(context)}
    return {name: command for name, command in found.items() if isinstance(command, TyperCommand | TyperGroup)}
