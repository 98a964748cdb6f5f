"""Bytes in, bytes out: the layer that knows Falcon and decides nothing."""
