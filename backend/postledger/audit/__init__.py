"""Questions about what happened, and erasure: trace, lists, reports."""
