"""Writes the report of a month for people: one HTML page without script, a table, and CSV."""
