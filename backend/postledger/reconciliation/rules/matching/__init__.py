"""Which bills and receivables the lines of a bank statement pay. Pure."""
