"""Loads SQL statements from files. Each subject has its own in a folder `sql/`, one commented statement per file."""

from collections.abc import Callable
from functools import cache, partial
from importlib.resources import files
from typing import LiteralString


def statements_of(package: str) -> Callable[[str], LiteralString]:
    """Return a function that reads the statement in `sql/NAME.sql` of a package, given NAME."""
    return partial(_read, package)


@cache
def _read(package: str, name: str) -> LiteralString:
    # The file is part of the program, therefore its text is as safe as a literal in the code.
    return files(package).joinpath("sql", f"{name}.sql").read_text("utf-8")
