"""Pure: signature profiles as data, and the verifier that applies them."""
