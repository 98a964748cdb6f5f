"""Writes the URL that an operator pastes into a network's panel, with the macros of that network. Pure."""

from collections.abc import Mapping

import msgspec

from postledger.decoding.source_paths import KEY
from postledger.policy.preset import Preset
from postledger.policy.source import Source

TOKEN = "TOKEN"  # noqa: S105 - stands for the secret
_FIELDS = ("click_id", "transaction_id", "event", "status", "payout", "currency")


class PanelUrl(msgspec.Struct, frozen=True):
    """The URL, and what the operator must know or do about it. Macros stay as the network writes them."""

    url: str
    notes: tuple[str, ...] = ()


def write_panel_url(base: str, source: Source, preset: Preset | None, secret: str | None = None) -> PanelUrl:
    """Write the URL of a source. Without a secret, `TOKEN` stands where a token belongs."""
    template = None if preset is None else preset.url
    pairs = _name_fields(source) if template is None else _rename(template, source, preset)
    if source.settings.auth == "token" and not any(KEY in path for path in source.settings.paths):
        pairs[source.settings.token] = secret or TOKEN
    query = "&".join(f"{name}={macro}" for name, macro in pairs.items())
    address = _write_address(base, source, secret or TOKEN)
    return PanelUrl(f"{address}?{query}" if query else address, tuple(_list_notes(source, template, secret)))


def _write_address(base: str, source: Source, token: str) -> str:
    settings = source.settings
    if settings.paths:
        origin = f"https://{settings.hosts[0]}" if settings.hosts else base.rstrip("/")
        return origin + settings.paths[0].replace(KEY, token)
    return f"{base.rstrip('/')}/tracking/postback/{source.slug}"


def _name_fields(source: Source) -> dict[str, str]:
    """Name the usual fields as the source names them; a word in capitals stands for each macro."""
    return {source.settings.params.get(field, (field,))[0]: field.upper() for field in _FIELDS}


def _rename(template: Mapping[str, str], source: Source, preset: Preset | None) -> dict[str, str]:
    """Use the operator's own name where it overrides the preset's."""
    assert preset is not None, "a template belongs to a preset"
    params = preset.source.get("params", {})
    assert isinstance(params, dict)
    fields = {name: field for field, names in params.items() for name in names}
    renamed = {}
    for name, macro in template.items():
        own = source.settings.params.get(fields.get(name, name), (name,))
        renamed[name if name in own or fields.get(name) is None else own[0]] = macro
    return renamed


def _list_notes(source: Source, template: Mapping[str, str] | None, secret: str | None) -> list[str]:
    notes = []
    if template is None:
        notes.append("Replace the words in capitals with the macros of the network, and remove what it does not send.")
    elif not template:
        notes.append("The network adds its parameters to this URL itself.")
    if source.settings.auth == "token" and secret is None:
        notes.append(f"Replace {TOKEN} with the secret, or run: postledger source url {source.slug} --reveal")
    if source.settings.auth == "signature":
        notes.append("The network must sign it as the source expects: keep the parameters that it signs.")
    return notes
