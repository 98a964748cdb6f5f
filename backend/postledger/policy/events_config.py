"""`[sources.events.NAME]`: what a source says of one of its events, each in a table of its own."""

from collections.abc import Mapping

from postledger.decoding.parameters import read_event
from postledger.decoding.toml_table import BadValue, Fault, Table, one_of
from postledger.ledger.rules.status_rules import DUPLICATES, KEYS_BY
from postledger.policy.source import EventSettings
from postledger.vocabulary.refusal import Refused


def read_events(value: object) -> dict[str, EventSettings]:
    """Read the tables of all events, by the events' names; raises `BadValue` with the first fault."""
    if not isinstance(value, dict) or not all(isinstance(content, dict) for content in value.values()):
        raise BadValue('must be tables such as [sources.events.rebill], each with duplicates = "…" or key = "…"')
    return {_read_name(name): _read_event(name, content) for name, content in value.items()}


def _read_name(name: str) -> str:
    try:
        if read_event(name) == name:
            return name
    except Refused:
        pass
    raise BadValue(f'"{name}" is not the name of an event: 1 to 64 of a-z, 0-9, "_", "." and "-"')


def _read_event(name: str, content: Mapping[str, object]) -> EventSettings:
    faults: list[Fault] = []
    table = Table(name, content, faults)
    settings = EventSettings(
        duplicates=table.take("duplicates", one_of(*DUPLICATES), None),
        key=table.take("key", one_of(*KEYS_BY), None),
    )
    table.refuse_unknown()
    if faults:
        raise BadValue(str(faults[0]))
    return settings
