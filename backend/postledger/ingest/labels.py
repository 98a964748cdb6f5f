"""Takes a closer look at labels that cannot be stored as they were sent. A label never costs the conversion."""

from collections.abc import Container

from postledger.decoding.identities import MAX_LENGTH
from postledger.decoding.pairs import NESTED, Repeated, Unreadable
from postledger.decoding.placeholders import is_placeholder
from postledger.ingest.damaged_parameters import refuse_missing_in_text
from postledger.policy.source import Source
from postledger.vocabulary.click import LabelCause


def read_doubtful_label(
    name: str, value: str, fields: Container[str], source: Source
) -> tuple[str | None, LabelCause | None]:
    """Read one label: what is stored of it, None if it is left out, and why it is not what was sent.

    Raises `Refused` if the label holds money of the request.
    """
    if type(value) is Unreadable:
        return None, LabelCause.NESTED if value is NESTED else LabelCause.ENCODING
    refuse_missing_in_text(value, fields, source)
    if not value.isprintable():
        return None, LabelCause.UNPRINTABLE
    if name not in source.settings.literal and is_placeholder(value[:MAX_LENGTH]):
        return None, LabelCause.UNRESOLVED_MACRO
    if len(value) > MAX_LENGTH:
        return value[:MAX_LENGTH], LabelCause.TOO_LONG
    return str(value), LabelCause.REPEATED if type(value) is Repeated else None
