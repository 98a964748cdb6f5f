"""The composition root: one module for each program."""
