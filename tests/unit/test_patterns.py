"""Regular expressions that every Python 3.11 matches in the same way."""

import re

from tests.parts.documents import ROOT

POSSESSIVE_GROUP = re.compile(r"\)(?:[*+?]|\{[\d,]+\})\+")


def test_no_group_is_possessive() -> None:
    """Before 3.11.5 such a group keeps what a failed repetition had consumed: `(?:a|b(?!c))*+` matches the b of "abc".

    The Python of Debian 12 is 3.11.2. A possessive character or class is right in all of them.
    """
    sources = {path: path.read_text("utf-8") for path in (ROOT / "backend").rglob("*.py")}

    assert [path.name for path, text in sources.items() if POSSESSIVE_GROUP.search(text)] == []
