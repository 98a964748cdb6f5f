"""Pure: turns query, form and JSON bytes into named fields."""
