"""Signature profiles: how a network signs, as data, and what is compiled from it once so that requests are quick."""
