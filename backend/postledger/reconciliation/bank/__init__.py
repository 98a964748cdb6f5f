"""Bank statements: their import, and what their lines pay."""
