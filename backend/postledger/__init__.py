"""Postledger: a self-hosted postback tracker. Postbacks in, ledger out."""

__version__ = "0.1.0"
