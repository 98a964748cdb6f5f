"""The `postledger` command: one file per group of sub-commands. A command parses, calls one use case, and prints."""
