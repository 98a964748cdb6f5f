"""Postledger: a self-hosted postback tracker. Postbacks in, ledger out."""
