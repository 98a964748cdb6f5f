"""`worker`: does everything that follows from a booked postback, until it is stopped."""

from typing import Annotated

import typer

from postledger.cli.connections import find_worker
from postledger.cli.errors import CommandFailed

_PARTS = ("map", "forward", "publish", "export", "notify", "tasks")


def worker(
    context: typer.Context,
    only: Annotated[
        str | None, typer.Option("--only", metavar="PARTS", help=f"Only these of {', '.join(_PARTS)}, with commas.")
    ] = None,
    once: Annotated[bool, typer.Option("--once", help="End when there is nothing left to do.")] = False,
) -> None:
    """Hand booked changes over, send forwards, publish, export bills, notify, and run tasks, until SIGTERM.

    Several workers share the work. It logs to standard error, one JSON line for each event.
    """
    if not find_worker(context)(_read_parts(only), once):
        raise CommandFailed("gave up; the log above says why")


def _read_parts(only: str | None) -> tuple[str, ...]:
    if only is None:
        return _PARTS
    chosen = tuple(name.strip() for name in only.split(","))
    for name in chosen:
        if name not in _PARTS:
            raise CommandFailed(f"--only: {name!r} is no part of a worker; use some of {', '.join(_PARTS)}")
    return chosen
