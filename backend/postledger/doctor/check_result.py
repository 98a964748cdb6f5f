"""The result of one check of `doctor`."""

import msgspec


class CheckResult(msgspec.Struct, frozen=True):
    """One check: its name, whether it passed, what it found, and what to do if it failed."""

    name: str
    passed: bool
    found: str
    advice: str = ""
