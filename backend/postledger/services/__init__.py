"""The use cases: they gather what a decision needs, let the domain decide, and have the ledger apply it."""
