"""Presets of reports: how the files of each network are read, with the source of their columns."""
