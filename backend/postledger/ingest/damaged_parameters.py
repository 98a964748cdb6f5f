"""Refuses a request whose parameters were damaged on the way, because it would be booked without its money.

It runs after verification: what a forger damages is refused as forged.
"""

from collections.abc import Container, Iterable, Mapping, Sequence
from itertools import islice

from postledger.decoding.damaged_names import ARE_TIDY, TIDY, has_alike, list_swallowed, list_swallowed_as_sent, tidy
from postledger.decoding.json_v2 import NAMES, list_nested_names
from postledger.decoding.pairs import DecodedRequest
from postledger.policy.source import Source
from postledger.vocabulary.refusal import Cause, Reason, Refused

_MAX_NAME = 255
_MAX_VALUE = 4096
_MAX_VALUES = 3  # of parameters that are not ours, because anyone can send a hundred
_FLAT_PAYOUT = ("payout", "conversion.payout", "amount.payout")
"""Where senders write the payout in version 2, with its name of version 1."""
_NESTED = {".".join(path): name for path, name in NAMES.items()}


def refuse_damaged_names(decoded: DecodedRequest, source: Source) -> None:
    """Refuse a request with a name that is a known one, except for case, blanks, `amp;`, `[]` and the like.

    A request without a payout is refused for a name that resembles one, such as `pay_out` or `data[payout]`.
    """
    if decoded.version != "1":
        # A damaged name of an object damages the names of its members.
        names = [".".join(map(tidy, name.split("."))) for name, _ in decoded.members if name not in _NESTED]
        _refuse_like(names, _NESTED)
        if "payout" not in decoded.fields and any(name in _FLAT_PAYOUT for name in names):
            raise Refused(Reason.INVALID_PARAMETER, "payout", cause=Cause.DAMAGED_NAME)
        return
    known = source.canonical_names
    names = [name for _, name, _ in decoded.segments if name not in known]
    names += [name for name, _ in decoded.members if name not in known]
    joined = "&".join(names)
    if not ARE_TIDY.fullmatch(joined):
        doubtful: Sequence[str] = [name for name in names if not TIDY.fullmatch(name)]
        if source.settings.empty == "absent":
            doubtful = _list_filled(doubtful, decoded)
        _refuse_like(doubtful, source.tidy_names)
    if "payout" not in decoded.fields:
        _refuse_payout_elsewhere(joined, decoded, source)


def _refuse_payout_elsewhere(names: str, decoded: DecodedRequest, source: Source) -> None:
    if has_alike(names, source.like_payout):
        filled = _list_filled([name for name in names.split("&") if has_alike(name, source.like_payout)], decoded)
        if filled:
            raise Refused(Reason.INVALID_PARAMETER, "payout", cause=Cause.DAMAGED_NAME)
    if decoded.document is not None and has_alike("&".join(list_nested_names(decoded.document)), source.like_payout):
        raise _inside_value("payout")
    if _may_hold_pairs(decoded):
        known = source.canonical_names
        values = (value for _, name, value in decoded.segments if "=" in value and name not in known)
        _refuse_lost_payout(islice(values, _MAX_VALUES), source)


def _list_filled(names: Sequence[str], decoded: DecodedRequest) -> Sequence[str]:
    """List the names that were sent with a value. In a name with `=`, the value is a part of it."""
    filled = {name for _, name, value in decoded.segments if value.strip()}
    filled |= {name for name, value in decoded.members if value.strip()}
    return [name for name in names if name in filled or "=" in name]


def _may_hold_pairs(decoded: DecodedRequest) -> bool:
    # Cheaper than a look at each value.
    pairs = len(decoded.segments) - ("sig" in decoded.fields)
    return b"%3" in decoded.signed or decoded.signed.count(b"=") > pairs


def _refuse_lost_payout(values: Iterable[str], source: Source) -> None:
    # A parameter that is not ours may hold anything but the money of the request. A URL or a path may hold even that.
    for value in values:
        if len(value) > _MAX_NAME or "://" in value or value.startswith("/"):
            continue
        names = list_swallowed_as_sent(value, source.swallowed)
        if any(source.tidy_names.get(name) == "payout" for name in names):
            raise _inside_value("payout")


def _refuse_like(names: Iterable[str], meant: Mapping[str, str]) -> None:
    for name in names:
        parameter = meant.get(tidy(name)) if len(name) <= _MAX_NAME else None
        if parameter is not None:
            raise Refused(Reason.INVALID_PARAMETER, parameter, cause=Cause.DAMAGED_NAME)


def refuse_swallowed(value: str, source: Source) -> None:
    """Refuse a value that holds another known parameter, with the parameter that was meant."""
    for name in list_swallowed(value[:_MAX_VALUE], source.swallowed):
        raise _inside_value(source.tidy_names.get(name, name))


def refuse_missing_in_text(value: str, fields: Container[str], source: Source) -> None:
    """Refuse a text that holds a known parameter which the request does not have. A URL may hold anything."""
    if "://" in value:
        return
    for name in list_swallowed(value[:_MAX_VALUE], source.swallowed):
        parameter = source.tidy_names.get(name)
        if parameter is not None and parameter not in fields:
            raise _inside_value(parameter)


def _inside_value(parameter: str) -> Refused:
    return Refused(Reason.INVALID_PARAMETER, parameter, cause=Cause.PARAMETER_IN_VALUE)
