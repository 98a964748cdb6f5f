"""`consume`: maps expense lines from what was published to the broker, until it is stopped."""

import typer

from postledger.cli.connections import find_consumer


def consume(context: typer.Context) -> None:
    """Map expense lines from the broker, in place of the worker, until SIGTERM. Several consumers share the work.

    It needs DATABASE_URL and POSTLEDGER_BROKER_URL, and no key, so it can run on another machine. Set
    POSTLEDGER_MAP_FROM=broker for the workers. It logs to standard error, one JSON line for each event.
    """
    find_consumer(context)()
