"""How a text stays a text in a spreadsheet."""

_FORMULA_STARTS = ("=", "+", "-", "@", "\t", "\r", "\uff1d", "\uff0b", "\uff0d", "\uff20")  # and in full width


def quote_formula(text: str) -> str:
    """Put an apostrophe before a text that looks like a formula, because a spreadsheet would run it."""
    return f"'{text}" if text.startswith(_FORMULA_STARTS) else text
