"""Statements of networks and banks, and how they are compared with the ledger."""
