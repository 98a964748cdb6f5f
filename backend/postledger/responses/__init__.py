"""Pure: the response bodies that networks ask for."""
