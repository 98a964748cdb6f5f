"""Presets of forwards: what each tracker accepts, as data."""
