"""Stores clicks through the group commit, or says why one is shed."""

from collections.abc import Callable

from postledger.ledger.group_commit import RowRejected
from postledger.vocabulary.click import Click, ShedCause
from postledger.vocabulary.refusal import Refused, Shed


class StoreClick:
    """Stores one click. `submit` waits until it is durable, and gives way to postbacks."""

    def __init__(self, submit: Callable[[Click], object]) -> None:
        self._submit = submit

    def __call__(self, click: Click) -> ShedCause | None:
        """Store a click. Returns why it was not stored, or None."""
        try:
            self._submit(click)
        except Shed:
            return ShedCause.QUEUE
        except (Refused, RowRejected):
            return ShedCause.UNAVAILABLE
        return None
