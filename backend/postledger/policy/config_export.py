"""The configuration as a document again: what `export` writes, and `apply` reads back without a change."""

from collections.abc import Mapping

import msgspec

from postledger.policy.config_file import Configuration, SourceConfig
from postledger.policy.source import Settings
from postledger.signatures.profile_schema import Profile

_UNITS = ((86400, "d"), (3600, "h"), (60, "m"), (1, "s"))


def write_document(configuration: Configuration) -> dict[str, object]:
    """Write a configuration as the TOML document that `read_configuration` reads; secrets are left out, and
    sources that cannot be read."""
    return {
        "sources": [write_source(source) for source in configuration.sources.values() if source.is_readable],
        "campaigns": [msgspec.structs.asdict(campaign) for campaign in configuration.campaigns.values()],
        "affiliates": [msgspec.structs.asdict(affiliate) for affiliate in configuration.affiliates.values()],
    }


def write_source(source: SourceConfig) -> dict[str, object]:
    """Write one source's table without its secrets."""
    return {"slug": source.slug, "name": source.name, **_write_settings(source.settings)}


def write_duration(seconds: int) -> str:
    """Write a time in the largest unit that it is whole in."""
    size, unit = next((size, unit) for size, unit in _UNITS if seconds % size == 0)
    return f"{seconds // size}{unit}"


def _write_settings(settings: Settings) -> dict[str, object]:
    written: dict[str, object] = {
        "timestamp_tolerance" if name == "timestamp_tolerance_s" else name: _write_value(name, value)
        for name, value in msgspec.structs.asdict(settings).items()
        if value is not None and value != {}
    }
    # TOML wants the tables of a table behind its plain keys.
    return dict(sorted(written.items(), key=lambda item: isinstance(item[1], dict)))


def _write_value(name: str, value: object) -> object:
    if name == "timestamp_tolerance_s" and isinstance(value, int):
        return write_duration(value)
    if isinstance(value, Profile):
        return msgspec.to_builtins(value)
    if name in ("ack", "events", "status_parameters"):
        return msgspec.to_builtins(value)
    if isinstance(value, Mapping):
        return {str(key): list(listed) for key, listed in value.items()}
    return list(value) if isinstance(value, tuple) else value
