"""The ids of requests, as people paste them."""

from uuid import UUID


def is_request_id(text: str) -> bool:
    """Return whether a text is the id of a request, in its lower-case form."""
    try:
        return str(UUID(text)) == text
    except ValueError:
        return False
