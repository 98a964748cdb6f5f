"""`preset` and `dialect`: lists the networks and trackers that Postledger knows, and shows one of them."""

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

Name = Annotated[str, typer.Argument(metavar="NAME", help="A name from the list.")]


def _make_commands(kind: str, about: str, read: Callable[[], Mapping[str, Preset]]) -> typer.Typer:
    commands = typer.Typer(help=about, no_args_is_help=True)

    @commands.command("list", help=f"List every {kind}.")
    def list_all(as_json: AsJson = False) -> None:
        rows = [_describe(name, preset) for name, preset in read().items()]
        if as_json:
            print_json(rows)
        else:
            print_table(("name", "title", "proof", "facts"), [list(row.values()) for row in rows])

    @commands.command("show", help=f"Show a {kind} as the table of a source, with the origin of its facts.")
    def show_one(name: Name, as_json: AsJson = False) -> None:
        preset = read().get(name)
        if preset is None:
            raise CommandFailed(f"{kind} {name} does not exist; run: postledger {kind} list")
        document = {"signed": _describe_signed(preset.source), **msgspec.to_builtins(preset)}
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


def _describe_signed(source: Mapping[str, object]) -> str:
    signature = source.get("signature")
    if signature == DEFAULT_PROFILE:
        return describe_coverage(POSTLEDGER_V1)
    return "nothing" if signature is None else describe_coverage(read_profile(signature))


def _drop_empty(document: Mapping[str, object]) -> dict[str, object]:
    """Drop the keys that a preset does not set, because TOML has no null."""
    kept = {key: _drop_empty(value) if isinstance(value, dict) else value for key, value in document.items()}
    return {key: value for key, value in kept.items() if value not in ("", None)}


presets = _make_commands(
    "preset", "Known networks: their parameters, statuses and signatures.", lambda: read_known().presets
)
dialects = _make_commands(
    "dialect", "Known trackers: the URLs that they gave to networks.", lambda: read_known().dialects
)
