"""Receives published changes from a broker, for `postledger consume`."""
