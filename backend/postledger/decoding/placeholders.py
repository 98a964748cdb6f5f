"""Finds placeholders in ids: names in the bracket styles of networks, anywhere in the value, and fill-me-in words.

Only a name counts. JSON, GUIDs in braces and texts with blanks are values of their senders.
"""

import json
import re
from collections.abc import Iterable, Iterator
from urllib.parse import unquote

_GUID = r"[0-9a-fA-F]{8}-?(?:[0-9a-fA-F]{4}-?){3}[0-9a-fA-F]{12}"
_WITH_BLANKS = r"Sub Param \d+|AppsFlyer ID|Event Revenue(?: USD)?"  # names of AppsFlyer; no other name has a blank
_NAME = rf"(?!{_GUID}(?:\W|\Z))(?:[^\W\d][\w.-]{{0,62}}(?::[^\W\d][\w.-]{{0,62}})?|{_WITH_BLANKS})"
_WORD = r"[A-Za-z]+(?:_[A-Za-z]+)*[0-9]{0,2}"  # random ids begin and end with xx or __ too, so only a word counts
_STYLES = (
    (rf"\{{\{{\s*{_NAME}\s*\}}?\}}", "{{…}}"),
    (rf"\$\{{\s*{_NAME}\s*\}}", "${…}"),
    (rf"\{{\s*[$@!%#]?{_NAME}\s*\}}", "{…}"),
    (rf"\[\[\[\s*{_NAME}\s*\]\]\]", "[[[…]]]"),
    (rf"\[%\s*{_NAME}\s*%\]", "[%…%]"),
    (rf"\[\s*{_NAME}\s*\]", "[…]"),
    (rf"##{_NAME}##?", "##…##"),
    (rf"#{_NAME}##?", "#…#"),
    (rf"%{_NAME}%", "%…%"),
    (rf"<\s*{_NAME}\s*>", "<…>"),
    (rf"!!!{_NAME}!!!", "!!!…!!!"),
    (rf"\({_NAME}\)", "(…)"),
    (rf"(?<![^\W_])xx(?!x){_WORD}xx(?![^\W_])", "xx…xx"),
    (rf"(?<!\w)__{_WORD}__(?!\w)", "__…__"),
    # Also next to a letter or digit, but only at one end of the id: in the middle they may separate genuine parts.
    (rf"(?<!_)__(?=[A-Za-z]{{2}}){_WORD}__\Z|\A__(?=[A-Za-z]{{2}}){_WORD}__(?!_)", "__…__"),
    # A bracket that was cut off: the template was longer than the field.
    (rf"[{{\[<]\s*{_NAME}\s*\Z", "{…}"),
    (rf"\A\s*{_NAME}\s*\}}+\Z", "{…}"),
)
_PLACEHOLDER = re.compile("|".join(f"({pattern})" for pattern, _ in _STYLES))
_OPENING = re.compile(r"[{}\[<#%!(]|xx|__")
_BRACKETS = "{}[]<>()#%!$ "
_SEPARATORS = re.compile(r"[,;|]")
_MAX_SEPARATORS = 20
_ESCAPES_ONLY = re.compile(r"(?:[^%]++|%[0-9A-Fa-f]{2})*")
_FILL_IN = re.compile(
    r"""(?ix)
    (?:your|my|insert|enter|put|paste|replace|change|fill)(?:[_\-\ ][a-z]+){0,5}
        [_\-\ ](?:id|here|value|in|me|this|macro|token)\d{0,2}
    | (?:your|my|insert|enter)[_\-\ ]?(?:THING)?[_\-\ ]?id\d{0,2}(?:[_\-\ ]?here)?
    | (?:replace|change|fill)(?:me|this|in|mein) | (?:insert|put|enter|paste)here
    | replace | optional | todo | tbd | fixme | placeholder
    | (?:THING)[_\-\ ]?id\d{0,2}(?:[_\-\ ](?:goes[_\-\ ])?here)?
    | (?:click|transaction|order|sub|tx|aff|affiliate)[_\-\ ]?sub\d{0,2}
    """.replace("THING", "click|transaction|trans|txn|tx|order|sub|aff|affiliate|conversion|lead")
)


def find_placeholder(value: str) -> str | None:
    """Return the style of a placeholder in an id; None if there is none.

    A value that was percent-encoded once too often is searched in its decoded form too.
    """
    if "%" not in value:
        return _find(value)
    decoded = unquote(value)
    if is_escaped(value):  # `%C3%A9` is an escape, not the name C3
        return _find(decoded)
    return _find(value) or _find(decoded)


def is_placeholder(value: str) -> bool:
    """Return whether a label is nothing but a placeholder that was not filled, or a list of them."""
    if value in ("REPLACE", "OPTIONAL", "REPLACE_ME"):
        return True
    parts = [part.strip() for part in _SEPARATORS.split(value, _MAX_SEPARATORS) if part.strip()]
    return bool(parts) and all(_OPENING.search(part) and _find_whole(part) for part in parts)


def is_escaped(value: str) -> bool:
    """Return whether each `%` of a value begins an escape."""
    return _ESCAPES_ONLY.fullmatch(value) is not None


def _find(value: str) -> str | None:
    if _FILL_IN.fullmatch(value):
        return "OPTIONAL" if value.lower() == "optional" else "REPLACE"
    if not _OPENING.search(value):
        return None
    document = _read_json(value)
    if document is not None:
        return next(filter(None, map(_find_whole, _list_texts(document))), None)
    found = _PLACEHOLDER.search(value)
    if found and found.lastindex:
        return _STYLES[found.lastindex - 1][1]
    return "REPLACE" if _FILL_IN.fullmatch(value.strip(_BRACKETS)) else None  # `[YOUR CLICK ID]`


def _find_whole(value: str) -> str | None:
    found = _PLACEHOLDER.fullmatch(value)
    return _STYLES[found.lastindex - 1][1] if found and found.lastindex else None


def _read_json(value: str) -> Iterable[object] | None:
    if value[:1] not in ("{", "["):
        return None
    try:
        document = json.loads(value)
    except (ValueError, RecursionError):
        return None
    return [document]


def _list_texts(values: Iterable[object]) -> Iterator[str]:
    for value in values:
        if isinstance(value, str):
            yield value
        elif isinstance(value, list):
            yield from _list_texts(value)
        elif isinstance(value, dict):
            yield from _list_texts([*value, *value.values()])
