"""The HTTP routes of the sandbox: postbacks that are tried, and what partners look up with a token."""
