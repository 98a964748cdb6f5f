"""The SQL of the ledger, one commented statement a file."""

from functools import cache
from importlib.resources import files
from typing import LiteralString


@cache
def sql(name: str) -> LiteralString:
    """Read the statement in `NAME.sql`; it is part of the program, so psycopg may trust it as a literal."""
    return files(__name__).joinpath(f"{name}.sql").read_text("utf-8")
