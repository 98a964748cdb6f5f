"""Reads body version 2: a JSON object with the objects `conversion` and `amount` and a list of `items`.

Its names are fixed paths, so a source's aliases do not apply to them. Version 1 is flat.
"""

import json
from collections.abc import Callable, Iterator, Mapping

from postledger.decoding.pairs import MAX_PARAMETERS, JsonObject, read_json_scalar, read_json_text
from postledger.decoding.parameters import SUB_NAMES, read_label, read_payout
from postledger.vocabulary.refusal import Reason, Refused

VERSION = "2"
MAX_LEAVES = 1000
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

_OBJECTS = frozenset({("conversion",), ("amount",)})
_LIST = ("items",)
MAX_QUANTITY = 1_000_000


def list_leaves(document: JsonObject) -> list[tuple[Path, str]]:
    """List every value of a body with its path; items are numbered. Raises `Refused` for another structure."""
    leaves = list(_walk(document, ()))
    if len(leaves) > MAX_LEAVES:
        raise Refused(Reason.MALFORMED)
    return leaves


def find_repeated(document: JsonObject) -> str | None:
    """Return the canonical name of a known member that was sent twice; an unknown repeated member is malformed."""
    for path, names in _list_names(document, ()):
        if len(set(names)) == len(names):
            continue
        repeated = [NAMES.get((*path, name)) for name in names if names.count(name) > 1]
        if repeated[0] is None:
            raise Refused(Reason.MALFORMED)
        return repeated[0]
    return None


def check_items(document: JsonObject) -> None:
    """Refuse invalid items: `sku` is a label, `quantity` a whole number and `amount` a payout."""
    for name, value in document:
        if name == "items" and isinstance(value, list):
            for item in value:
                _check_item(dict(item))


def write_masked(document: JsonObject, hide: Callable[[str, str], str]) -> bytes:
    """Write a body with every value passed through `hide`, together with the name of its member."""
    return json.dumps(_hide(document, "", hide), ensure_ascii=False).encode()


def _walk(value: object, path: Path) -> Iterator[tuple[Path, str]]:
    if len(path) > MAX_DEPTH:
        raise Refused(Reason.MALFORMED)
    _check_shape(value, path)
    if isinstance(value, JsonObject):
        for name, member in value:
            yield from _walk(member, (*path, read_json_text(name)))
    elif isinstance(value, list):
        for number, member in enumerate(value):
            yield from _walk(member, (*path, str(number)))
    elif value is not None:
        yield path, read_json_scalar(value)


def _check_shape(value: object, path: Path) -> None:
    is_object = isinstance(value, JsonObject)
    if path in _OBJECTS and not is_object:
        raise Refused(Reason.MALFORMED)
    if path == _LIST and (is_object or not isinstance(value, list) or len(value) > MAX_PARAMETERS):
        raise Refused(Reason.MALFORMED)
    if path[:-1] == _LIST and not is_object:
        raise Refused(Reason.MALFORMED)
    if path in NAMES and isinstance(value, list):
        raise Refused(Reason.MALFORMED)


def _list_names(value: object, path: Path) -> Iterator[tuple[Path, list[str]]]:
    if isinstance(value, JsonObject):
        yield path, [name for name, _ in value]
        for name, member in value:
            yield from _list_names(member, (*path, name))
    elif isinstance(value, list):
        for number, member in enumerate(value):
            yield from _list_names(member, (*path, str(number)))


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


def _hide(value: object, name: str, hide: Callable[[str, str], str]) -> object:
    if isinstance(value, JsonObject):
        return {member: _hide(inner, member, hide) for member, inner in value}
    if isinstance(value, list):
        return [_hide(inner, name, hide) for inner in value]
    return None if value is None else hide(name, read_json_scalar(value))
