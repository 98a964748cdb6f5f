"""Reads body version 2: a JSON object with the objects `conversion` and `amount` and a list of `items`.

Its names are fixed paths, so a source's aliases do not apply to them. Version 1 is flat: of its nested values only the
names of their members are looked at.
"""

import json
from collections import Counter
from collections.abc import Callable, Container, Iterator, Mapping, Sequence
from typing import Any

from postledger.decoding.pairs import MAX_NODES, MAX_PARAMETERS, JsonObject, read_json_scalar, read_json_value
from postledger.decoding.parameters import SUB_NAMES, read_label, read_payout
from postledger.vocabulary.refusal import Cause, Reason, Refused, malformed

VERSION = "2"
MAX_DEPTH = 5
Path = tuple[str, ...]
NAMES: Mapping[Path, str] = {
    ("conversion", "click_id"): "click_id",
    ("conversion", "transaction_id"): "transaction_id",
    ("conversion", "event"): "event",
    ("conversion", "status"): "status",
    ("conversion", "event_time"): "event_time",
    ("conversion", "reverses"): "reverses",
    ("amount", "value"): "payout",
    ("amount", "currency"): "currency",
    ("affiliate_id",): "affiliate_id",
    **{(name,): name for name in SUB_NAMES},
}
"""The canonical name of each known member, by its path."""

_OBJECTS = ("conversion", "amount")
_KNOWN: Mapping[str, Mapping[str, str]] = {
    prefix: {path[-1]: name for path, name in NAMES.items() if ".".join((*path[:-1], "")) == prefix}
    for prefix in ("", *(f"{name}." for name in _OBJECTS))
}
"""The canonical names of an object's members, by the prefix of the object: its path with a dot after each name."""

_EMPTY = JsonObject()
_NUMBERS = tuple(str(number) for number in range(MAX_NODES))
MAX_QUANTITY = 1_000_000


class NestedBody:
    """The values of a body, read in one walk whose cost is linear in their number; `load_json` limits that.

    - `members`: every value with its dotted path, in document order; the members of a list are numbered.
    - `fields`: the known members, as sender's name and value by canonical name.
    - `names`: the name of every member of every object.
    - `repeated`: the canonical name of a known member that was sent twice; an unknown repeated member is malformed.
    """

    def __init__(self, document: JsonObject) -> None:
        """Read a body. Raises `Refused` for another structure."""
        self.members: list[tuple[str, str]] = []
        self.fields: dict[str, tuple[str, str]] = {}
        self.names: set[str] = set()
        self.repeated: str | None = None
        _check_structure(dict(document))  # a repeated object is malformed, whichever of the two is checked here
        self._read(document, "", 0)

    def _read(self, value: Sequence[Any], prefix: str, depth: int) -> None:
        if depth >= MAX_DEPTH:
            raise malformed(Cause.JSON_NESTING)
        is_object = isinstance(value, JsonObject)
        if is_object:
            self._note_names(value, prefix)
        add = self.members.append
        for name, member in value if is_object else zip(_NUMBERS, value, strict=False):
            if isinstance(member, str):
                add((prefix + name, read_json_value(member)))
            elif isinstance(member, list):
                if member:
                    self._read(member, f"{prefix}{name}.", depth + 1)
            elif member is not None:
                add((prefix + name, "true" if member else "false"))

    def _note_names(self, members: Sequence[tuple[str, object]], prefix: str) -> None:
        by_name, known = dict(members), _KNOWN.get(prefix)
        self.names.update(by_name)
        if len(by_name) < len(members) and self.repeated is None:
            self.repeated = _find_repeated([name for name, _ in members], known or {})
        if known:
            sent = {name: by_name[name] for name in known if by_name.get(name) is not None}
            self.fields.update({known[name]: (name, _read(known[name], value)) for name, value in sent.items()})


def _read(name: str, value: object) -> str:
    return read_json_value(value) if name in SUB_NAMES else read_json_scalar(value)


def check_items(document: JsonObject) -> None:
    """Refuse invalid items: `sku` is a label, `quantity` a whole number and `amount` a payout."""
    for name, value in document:
        if name == "items" and isinstance(value, list):
            for item in value:
                _check_item(dict(item))


def write_masked(document: JsonObject, masked: Container[str], hide: Callable[[str, object], str | None]) -> bytes:
    """Write a body with the values of all members in `masked` passed through `hide`, together with their names.

    A value that is nested deeper than version 2 allows is passed through it as a whole.
    """

    def mask(name: str, value: Any, depth: int) -> object:
        if name in masked:
            return hide(name, value)
        if not isinstance(value, list):
            return value
        if depth > MAX_DEPTH:
            return hide(name, value)
        if not isinstance(value, JsonObject):
            return [mask("", member, depth + 1) for member in value]
        return {name: mask(name, member, depth + 1) for name, member in value}

    # Half a surrogate becomes its JSON escape again.
    return json.dumps(mask("", document, 0), ensure_ascii=False).encode("utf-8", "backslashreplace")


def list_nested_names(document: JsonObject) -> Iterator[str]:
    """List the names of the members of all nested objects, as deep as version 2 allows."""
    level: list[Any] = [value for _, value in document]
    for _ in range(MAX_DEPTH):
        objects = [value for value in level if isinstance(value, JsonObject)]
        yield from (name for value in objects for name, _ in value)
        lists = [value for value in level if isinstance(value, list) and not isinstance(value, JsonObject)]
        level = [member for value in objects for _, member in value] + [member for value in lists for member in value]


def _check_structure(body: Mapping[str, object]) -> None:
    if not all(isinstance(body.get(name, _EMPTY), JsonObject) for name in _OBJECTS):
        raise malformed(Cause.JSON_STRUCTURE)
    items = body.get("items", [])
    if isinstance(items, JsonObject) or not isinstance(items, list) or len(items) > MAX_PARAMETERS:
        raise malformed(Cause.JSON_STRUCTURE)
    if not all(isinstance(item, JsonObject) for item in items):
        raise malformed(Cause.JSON_STRUCTURE)


def _find_repeated(names: Sequence[str], known: Mapping[str, str]) -> str:
    counts = Counter(names)
    repeated = known.get(next(name for name in names if counts[name] > 1))
    if repeated is None:
        raise malformed(Cause.JSON_DUPLICATE_KEY)
    return repeated


def _check_item(item: Mapping[str, object]) -> None:
    try:
        read_label("items", _text(item.get("sku")))
        if item.get("amount") is not None:
            read_payout(_text(item["amount"]))
    except Refused:
        raise _refuse_items() from None
    quantity = _text(item.get("quantity")) or "1"
    if not (quantity.isascii() and quantity.isdigit() and len(quantity) < 8 and 1 <= int(quantity) <= MAX_QUANTITY):
        raise _refuse_items()


def _text(value: object) -> str:
    return "" if value is None else read_json_scalar(value)


def _refuse_items() -> Refused:
    return Refused(Reason.INVALID_PARAMETER, "items")
