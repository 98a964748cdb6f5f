"""Presets of forwards: what a tracker accepts, and the references for it. Keys of the operator override them."""

from collections.abc import Mapping
from typing import Literal
from urllib.parse import quote, unquote

import msgspec

from postledger.outgoing.rules.url_template import Text

_MERGED = ("statuses", "events", "match")


class ForwardPreset(msgspec.Struct, frozen=True, forbid_unknown_fields=True, rename={"origins": "from"}):
    """One tracker: path and parameters of its postback URL, its words, and what it has no status for.

    `required` are parameters that the operator must give. `secret_params` are added if the forward has secrets.
    """

    title: str
    facts: Literal["documented", "third-party"]
    origins: tuple[str, ...]
    path: str
    params: dict[str, str]
    note: str = ""
    required: tuple[str, ...] = ()
    secret_params: dict[str, str] = {}
    statuses: dict[str, str] = {}
    events: dict[str, str] = {}
    match: dict[str, list[str]] = {}


def merge_forward_preset(preset: ForwardPreset, own: Mapping[str, object]) -> dict[str, object]:
    """Merge a forward's own table into its preset, entry by entry."""
    merged = dict(own)
    for key in _MERGED:
        default, override = getattr(preset, key), own.get(key, {})
        if default and isinstance(override, dict):
            merged[key] = {**default, **override}
    return merged


def complete_url(url: str, preset: ForwardPreset | None, params: dict[str, str], *, has_secrets: bool) -> str:
    """Complete a URL: path and query of the preset if it has none of its own, and the operator's parameters.

    An empty parameter of the operator leaves that of the preset out. Raises ValueError for an unknown macro.
    """
    if preset is None:
        return _add(url, params)
    if "?" in url:
        return _add(url, {name: value for name, value in params.items() if value})
    defaults = preset.params | (preset.secret_params if has_secrets else {})
    host = url.partition("://")[2]
    base = url if "/" in host.rstrip("/") else url.rstrip("/") + preset.path
    return _add(base, {name: value for name, value in (defaults | params).items() if value})


def find_missing_params(url: str, preset: ForwardPreset, params: Mapping[str, str]) -> list[str]:
    """List the parameters that the operator must give with a preset's own URL, and has not given."""
    return [] if "?" in url else [name for name in preset.required if not params.get(name)]


def find_left_out(url: str, preset: ForwardPreset, params: Mapping[str, str], *, has_secrets: bool) -> list[str]:
    """List the parameters of a preset that are not added to a URL with a query of its own, and that it lacks."""
    _, mark, query = url.partition("?")
    offered = {**preset.params, **(preset.secret_params if has_secrets else {}), **dict.fromkeys(preset.required)}
    own = {unquote(pair.partition("=")[0]) for pair in query.split("&")} | params.keys()
    return [name for name in offered if name not in own] if mark else []


def _add(url: str, params: Mapping[str, str]) -> str:
    query = "&".join(f"{quote(name, safe='')}={_quote(value)}" for name, value in params.items())
    if not query:
        return url
    return f"{url}{'' if url.endswith(('?', '&')) else '&' if '?' in url else '?'}{query}"


def _quote(text: str) -> str:
    """Percent-encode a text, except its macros."""
    parts = Text.parse(text).parts
    return "".join(f"{{{part}}}" if number % 2 else quote(part, safe="") for number, part in enumerate(parts))
