"""Reads what the report of a month is made of, each part from its tables."""
