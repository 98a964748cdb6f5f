"""Unresolved macros: placeholders such as `{payout}` that the sender's template should have filled and did not.

They are refused by name instead of being booked as a value; the bracket styles are those that some 400 public templates
of networks use.
"""

import re

_STYLES = re.compile(
    r"""
      \{\{?[^{}]*\}?\}        # {x} {{x}}
    | \$\{[^{}]*\}            # ${x}
    | \#\#?[^\#]+\#\#?        # #x# ##x##
    | \[\[\[[^\[\]]*\]\]\]    # [[[x]]]  (Admitad)
    | \[%[^%]*%\]             # [%x%]    (BitLabs)
    | \[[^\[\]]*\]            # [x]
    | %[^%]+%                 # %x%
    | <[^<>]*>                # <x>
    | !!![^!]*!!!             # !!!x!!!  (Awin)
    | \([^()]*\)              # (x)      (AppsFlyer)
    | xx(?!x)[A-Za-z0-9]{1,30}(?<!x)xx  # xxNAMExx (Jumbleberry), and not a run of x
    """,
    re.VERBOSE,
)
_OPENING = frozenset("{$#[%<!(x")


def is_unresolved_macro(value: str) -> bool:
    """Tell whether the whole of a value is a placeholder in one of the known bracket styles."""
    return value[:1] in _OPENING and _STYLES.fullmatch(value) is not None
