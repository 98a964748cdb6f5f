"""A secret of a source as a key."""

import pytest

from postledger.signatures.secret_key import Key


@pytest.mark.parametrize("secret", ["", "  "])
def test_an_empty_secret_makes_no_key(secret: str) -> None:
    with pytest.raises(ValueError, match="empty"):
        Key.from_secret(1, secret)
