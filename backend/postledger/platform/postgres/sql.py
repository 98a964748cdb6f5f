"""Loads SQL statements from files: each subject keeps its own in a folder `sql/`, one commented statement per file."""

from collections.abc import Callable
from functools import cache, partial
from importlib.resources import files
from typing import LiteralString


def statements_of(package: str) -> Callable[[str], LiteralString]:
    """Return a function that reads the statement in `sql/NAME.sql` of a package, given NAME."""
    return partial(_read, package)


@cache
def _read(package: str, name: str) -> LiteralString:
    # A file of the program itself: psycopg may treat its text as a literal.
    return files(package).joinpath("sql", f"{name}.sql").read_text("utf-8")
