"""One request becomes a judged entry: read, verify, validate, receive."""
