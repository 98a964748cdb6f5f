"""Publishes every change of a conversion to a broker: what is sent, in which order, and what the broker made of it."""
