"""`forwards presets`: the trackers that forwards know, and where the facts of each come from."""

from collections.abc import Mapping
from typing import Annotated

import msgspec
import tomli_w
import typer

from postledger.cli.errors import CommandFailed
from postledger.cli.output import AsJson, print_json, print_table
from postledger.policy.forward_preset import ForwardPreset, complete_url
from postledger.policy.preset_files import read_known


def show_presets(
    name: Annotated[
        str | None, typer.Argument(metavar="NAME", help="Show this one, with the origin of its facts.")
    ] = None,
    as_json: AsJson = False,
) -> None:
    """List the presets of forwards, or show one of them."""
    known = read_known().forwards
    if name is None:
        _list(known, as_json=as_json)
        return
    if name not in known:
        raise CommandFailed(f"preset {name} does not exist; run: postledger forwards presets")
    document = msgspec.to_builtins(known[name])
    if as_json:
        print_json({"name": name, **document})
    else:
        print(tomli_w.dumps({key: value for key, value in document.items() if value}), end="")


def _list(known: Mapping[str, ForwardPreset], *, as_json: bool) -> None:
    rows = [
        {
            "name": name,
            "title": preset.title,
            "url": complete_url("https://HOST", preset, {}, has_secrets=True),
            "facts": preset.facts,
        }
        for name, preset in known.items()
    ]
    if as_json:
        print_json(rows)
    else:
        print_table(("name", "title", "url"), [[row["name"], row["title"], row["url"]] for row in rows])
