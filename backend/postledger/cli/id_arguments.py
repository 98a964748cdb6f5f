"""Reads ids, events and currencies as people paste them: with blanks around them, and receipts in any case."""

from postledger.cli.errors import CommandFailed
from postledger.decoding.identities import trim
from postledger.decoding.parameters import read_currency as read_sent_currency
from postledger.decoding.parameters import read_event as read_sent_event
from postledger.vocabulary.refusal import Refused

MOST_ROWS = 1_000_000
"""The highest --limit. Without a limit, --csv and --json print everything."""


def read_id(text: str | None) -> str | None:
    """Trim an id as ingest does."""
    return None if text is None else trim(text)


def read_receipt(text: str) -> str:
    """Trim a receipt, and write it in lower case as it is stored."""
    return trim(text).lower()


def read_event(text: str | None) -> str | None:
    """Read the name of an event as ingest does. Raises `CommandFailed`."""
    try:
        return None if text is None else read_sent_event(trim(text))
    except Refused:
        raise CommandFailed("--event is not the name of an event; use 1 to 64 of a-z, 0-9, _ . and -") from None


def read_currency(text: str | None) -> str | None:
    """Read a currency in any case. Raises `CommandFailed`."""
    try:
        return None if text is None else read_sent_currency(trim(text))
    except Refused:
        raise CommandFailed("--currency is not an ISO 4217 code; write a code such as EUR") from None
