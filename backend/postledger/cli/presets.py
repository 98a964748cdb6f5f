"""`preset` and `dialect`: the networks and trackers that are known, and what is known of each."""

from collections.abc import Callable, Mapping
from typing import Annotated

import msgspec
import tomli_w
import typer

from postledger.cli.errors import CommandFailed
from postledger.cli.output import AsJson, print_json, print_table
from postledger.policy.preset import Preset
from postledger.policy.preset_files import read_known
from postledger.policy.source import DEFAULT_PROFILE
from postledger.signatures.profile_schema import POSTLEDGER_V1, read_profile
from postledger.signatures.signed_fields import describe_coverage

Name = Annotated[str, typer.Argument(metavar="NAME", help="The name, as the list has it.")]


def _make_commands(kind: str, about: str, read: Callable[[], Mapping[str, Preset]]) -> typer.Typer:
    commands = typer.Typer(help=about, no_args_is_help=True)

    @commands.command("list", help=f"List every {kind}.")
    def list_all(as_json: AsJson = False) -> None:
        rows = [_describe(name, preset) for name, preset in read().items()]
        if as_json:
            print_json(rows)
        else:
            print_table(("name", "title", "proof", "facts"), [list(row.values()) for row in rows])

    @commands.command(
        "show",
        help=f"Show all that a {kind} says, as the table that its source would have, and where its facts come from.",
    )
    def show_one(name: Name, as_json: AsJson = False) -> None:
        preset = read().get(name)
        if preset is None:
            raise CommandFailed(f"there is no {kind} {name}; run: postledger {kind} list")
        document = {"signed": _tell_signed(preset.source), **msgspec.to_builtins(preset)}
        if as_json:
            print_json({"name": name, **document})
        else:
            print(tomli_w.dumps(_drop_empty(document)), end="")

    return commands


def _describe(name: str, preset: Preset) -> dict[str, str]:
    return {"name": name, "title": preset.title, "proof": _name_proof(preset.source), "facts": preset.facts}


def _name_proof(source: Mapping[str, object]) -> str:
    if source.get("auth") == "token":
        return "token"
    return "signature" if "signature" in source else "none, or a token"


def _tell_signed(source: Mapping[str, object]) -> str:
    signature = source.get("signature")
    if signature == DEFAULT_PROFILE:
        return describe_coverage(POSTLEDGER_V1)
    return "nothing" if signature is None else describe_coverage(read_profile(signature))


def _drop_empty(document: Mapping[str, object]) -> dict[str, object]:
    """Leave out what a preset does not say; TOML has no word for nothing."""
    said = {key: _drop_empty(value) if isinstance(value, dict) else value for key, value in document.items()}
    return {key: value for key, value in said.items() if value not in ("", None)}


presets = _make_commands("preset", "Known networks: their names, words and signatures.", lambda: read_known().presets)
dialects = _make_commands(
    "dialect", "Known trackers: the addresses that they gave to networks.", lambda: read_known().dialects
)
