"""Tools for the partner who sends postbacks: the signer."""
