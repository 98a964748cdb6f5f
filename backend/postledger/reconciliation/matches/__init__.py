"""What people decide about the matches of statement lines: they confirm, undo and make them by hand."""
