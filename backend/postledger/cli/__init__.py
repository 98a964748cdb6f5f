"""The `postledger` command: one file per group of sub-commands, each of which reads its own help."""
