"""The months of the books: open, closing, locked."""
