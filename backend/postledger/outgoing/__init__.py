"""Postbacks that Postledger sends on: what is configured, what waits, and how it is delivered."""
