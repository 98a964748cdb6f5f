"""Pure: what a forward sends, where it may connect, and when it tries again."""
