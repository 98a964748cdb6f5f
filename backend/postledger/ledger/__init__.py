"""Conversions: the rules that decide, the group commit that writes."""
