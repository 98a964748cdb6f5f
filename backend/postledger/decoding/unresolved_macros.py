"""Unresolved macros: placeholders such as `{payout}` that the sender's template should have filled and did not.

They are refused by name instead of being booked as a value, and the answer says in which style they stand, so that the
sender sees what to mend. The styles are those that some 400 public templates of networks use.
"""

import re

_WHOLE = {
    "{": ((r"\{\{[^{}]*\}?\}", "{{…}}"), (r"\{[^{}]*\}?\}", "{…}")),
    "$": ((r"\$\{[^{}]*\}", "${…}"),),
    "#": ((r"##[^#]+##?", "##…##"), (r"#[^#]+##?", "#…#")),
    "[": ((r"\[\[\[[^\[\]]*\]\]\]", "[[[…]]]"), (r"\[%[^%]*%\]", "[%…%]"), (r"\[[^\[\]]*\]", "[…]")),
    "%": ((r"%[^%]+%", "%…%"),),
    "<": ((r"<[^<>]*>", "<…>"),),
    "!": ((r"!!![^!]*!!!", "!!!…!!!"),),
    "(": ((r"\([^()]*\)", "(…)"),),
    "x": ((r"xx(?!x)[A-Za-z0-9]{1,30}(?<!x)xx", "xx…xx"),),  # and not a run of x
    "R": ((r"REPLACE", "REPLACE"),),  # what trackers write where their users must fill something in
    "O": ((r"OPTIONAL", "OPTIONAL"),),
}
_STYLES = {
    opening: tuple((re.compile(pattern), style) for pattern, style in patterns) for opening, patterns in _WHOLE.items()
}
OPENINGS = frozenset(_STYLES)
"""What a placeholder begins with: a value that begins otherwise is none."""
_SEPARATORS = re.compile(r"[,;|]")


def find_macro(value: str) -> str | None:
    """Name the style of the placeholder that the whole of a value is, or that each part of a list in it is."""
    if value[:1] not in _STYLES:
        return None
    style = _find_style(value)
    if style is None and _SEPARATORS.search(value):
        styles = [_find_style(part) for part in _SEPARATORS.split(value) if part]
        return styles[0] if None not in styles else None
    return style


def _find_style(value: str) -> str | None:
    for pattern, style in _STYLES.get(value[:1], ()):
        if pattern.fullmatch(value):
            return style
    return None
