"""Pure: what one more event changes in a conversion, and what identifies a conversion."""
