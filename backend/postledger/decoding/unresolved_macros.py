"""Finds unresolved macros: placeholders such as `{payout}` that the sender's system should have replaced.

They are refused and never stored as a value. The response names the style of the macro, so that the sender can find it.
The styles are those of about 400 public templates of networks.
"""

import re

_WHOLE = {
    "{": ((r"\{\{[^{}]*\}?\}", "{{…}}"), (r"\{[^{}]*\}?\}", "{…}")),
    "$": ((r"\$\{[^{}]*\}", "${…}"),),
    "#": ((r"##[^#]+##?", "##…##"), (r"#[^#]+##?", "#…#")),
    "[": (
        (r"\[\[\[[^\[\]]*\]\]\]", "[[[…]]]"),
        (r"\[\[[^\[\]]*\]\]", "[[…]]"),
        (r"\[%[^%]*%\]", "[%…%]"),
        (r"\[[^\[\]]*\]", "[…]"),
    ),
    "%": ((r"%[^%]+%", "%…%"),),
    "<": ((r"<[^<>]*>", "<…>"),),
    "!": ((r"!!![^!]*!!!", "!!!…!!!"),),
    "(": ((r"\([^()]*\)", "(…)"),),
    "x": ((r"xx(?!x)[A-Za-z0-9]{1,30}(?<!x)xx", "xx…xx"),),  # but not a run of x
    "R": ((r"REPLACE", "REPLACE"),),  # trackers write it where users must insert a value
    "O": ((r"OPTIONAL", "OPTIONAL"),),
}
_STYLES = {
    opening: tuple((re.compile(pattern), style) for pattern, style in patterns) for opening, patterns in _WHOLE.items()
}
OPENINGS = frozenset(_STYLES)
"""The first character of every macro style."""
_SEPARATORS = re.compile(r"[,;|]")
_MAX_SEPARATORS = 20  # a longer list is no macro: any value of a forger would cost a step for each of its commas


def find_macro(value: str) -> str | None:
    """Return the style of a value that is a macro, or a list of macros; None for any other value."""
    if value[:1] not in _STYLES:
        return None
    style = _find_style(value)
    if style is None and _SEPARATORS.search(value):
        styles = [_find_style(part) for part in _SEPARATORS.split(value, _MAX_SEPARATORS) if part]
        return styles[0] if None not in styles else None
    return style


def _find_style(value: str) -> str | None:
    for pattern, style in _STYLES.get(value[:1], ()):
        if pattern.fullmatch(value):
            return style
    return None
