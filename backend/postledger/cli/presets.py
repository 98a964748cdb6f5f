"""`preset`: the networks that are known, and what is known of each."""

from typing import Annotated

import msgspec
import tomli_w
import typer

from postledger.adapters.presets import read_presets
from postledger.cli.failures import CommandFailed
from postledger.cli.output import AsJson, print_json, print_table
from postledger.domain.preset import Preset

presets = typer.Typer(help="Known networks: their names, words and signatures.", no_args_is_help=True)
Name = Annotated[str, typer.Argument(metavar="NAME", help="The name of the preset.")]


@presets.command("list")
def list_presets(as_json: AsJson = False) -> None:
    """List every preset."""
    rows = [_describe(name, preset) for name, preset in read_presets().items()]
    if as_json:
        print_json(rows)
    else:
        print_table(("name", "title", "proof", "facts"), [list(row.values()) for row in rows])


@presets.command("show")
def show_preset(name: Name, as_json: AsJson = False) -> None:
    """Show all that a preset says, as the table that its source would have, and where its facts come from."""
    preset = read_presets().get(name)
    if preset is None:
        raise CommandFailed(f"there is no preset {name}; run: postledger preset list")
    document = msgspec.to_builtins(preset)
    if as_json:
        print_json({"name": name, **document})
    else:
        print(tomli_w.dumps({key: value for key, value in document.items() if value != ""}), end="")


def _describe(name: str, preset: Preset) -> dict[str, str]:
    proof = "token" if preset.source.get("auth") == "token" else "signature"
    return {"name": name, "title": preset.title, "proof": proof, "facts": preset.facts}
