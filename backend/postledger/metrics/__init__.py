"""The metrics of postbacks, clicks and the ledger."""
