"""What is counted of postbacks, clicks and the ledger."""
