"""Checks of a running system."""
