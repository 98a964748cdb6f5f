"""Readers of files: each yields rows or statements, and keeps no more than one row in memory."""
