"""A work item as a change sees it."""

from decimal import Decimal
from typing import NamedTuple

from postledger.reconciliation.items.write_offs import Stake
from postledger.reconciliation.rules.work_item import ItemClass, ItemState


class LockedItem(NamedTuple):
    """A locked item. `imported_by`: who imported its statement. `payee`: about whom it is, if that is known."""

    id: int
    key: bytes
    item_class: ItemClass
    state: ItemState
    version: int
    stake: Decimal
    currency: str
    facts_sha256: bytes
    imported_by: str | None
    payee: str | None

    @property
    def write_off(self) -> Stake:
        """What is written off if the item is accepted."""
        return Stake(f"work item {self.id}", self.stake, self.currency, self.imported_by, self.payee)
