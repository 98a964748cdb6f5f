"""The reports of networks against the ledger: passes over temporary tables, each committed by itself."""
