"""Secrets at rest: encrypted with Fernet under a list of master keys; the first one encrypts, all of them decrypt."""

from collections.abc import Sequence

from cryptography.fernet import Fernet, InvalidToken, MultiFernet


class WrongMasterKey(Exception):
    """A stored secret was encrypted under a master key that is not in the list."""


class Keyring:
    """Encrypts and decrypts source secrets; keys are base64 Fernet keys, the current one first."""

    def __init__(self, master_keys: Sequence[str]) -> None:
        fernets = [Fernet(key) for key in master_keys]
        self._current, self._fernet = fernets[0], MultiFernet(fernets)

    def encrypt(self, secret: str) -> bytes:
        """Encrypt a secret under the current master key."""
        return self._fernet.encrypt(secret.encode())

    def encrypt_anew(self, ciphertext: bytes) -> bytes:
        """Encrypt what is encrypted already under the current master key; raises `WrongMasterKey`."""
        return self.encrypt(self.decrypt(ciphertext))

    def is_current(self, ciphertext: bytes) -> bool:
        """Tell whether the current master key alone decrypts it."""
        try:
            self._current.decrypt(ciphertext)
        except InvalidToken:
            return False
        return True

    def decrypt(self, ciphertext: bytes) -> str:
        """Decrypt a secret; raises `WrongMasterKey` where no key fits."""
        try:
            return self._fernet.decrypt(ciphertext).decode()
        except InvalidToken:
            raise WrongMasterKey("no key of POSTLEDGER_MASTER_KEY decrypts this secret") from None
