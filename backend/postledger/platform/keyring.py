"""Encrypts stored secrets with Fernet under a list of master keys. The first key encrypts, all of them decrypt."""

from collections.abc import Sequence

from cryptography.fernet import Fernet, InvalidToken, MultiFernet

from postledger.vocabulary.operator_error import NotPossible


class WrongMasterKey(NotPossible):
    """No master key of the list decrypts a stored secret."""


class Keyring:
    """Encrypts and decrypts stored secrets. The keys are base64 Fernet keys."""

    def __init__(self, master_keys: Sequence[str]) -> None:
        fernets = [Fernet(key) for key in master_keys]
        self._current, self._fernet = fernets[0], MultiFernet(fernets)

    def encrypt(self, secret: str) -> bytes:
        """Encrypt a secret under the first master key."""
        return self._fernet.encrypt(secret.encode())

    def reencrypt(self, ciphertext: bytes) -> bytes:
        """Encrypt a ciphertext again, under the first master key. Raises `WrongMasterKey`."""
        return self.encrypt(self.decrypt(ciphertext))

    def is_current(self, ciphertext: bytes) -> bool:
        """Return whether the first master key decrypts it."""
        try:
            self._current.decrypt(ciphertext)
        except InvalidToken:
            return False
        return True

    def decrypt(self, ciphertext: bytes) -> str:
        """Decrypt a secret. Raises `WrongMasterKey`."""
        try:
            return self._fernet.decrypt(ciphertext).decode()
        except InvalidToken:
            raise WrongMasterKey(
                "no key in POSTLEDGER_MASTER_KEY decrypts a stored secret; add the key that encrypted it"
            ) from None
