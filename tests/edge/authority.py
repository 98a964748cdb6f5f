"""Certificates with their keys, made on the spot: an authority, and those whom it vouches for.

Apart from the tests, because OpenSSL wants files and the policy wants text.
"""

from collections.abc import Sequence
from datetime import UTC, datetime, timedelta
from pathlib import Path
from uuid import uuid4

from cryptography import x509
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.hazmat.primitives.asymmetric import rsa as rsa_keys
from cryptography.hazmat.primitives.hashes import SHA256
from cryptography.hazmat.primitives.serialization import Encoding, NoEncryption, PrivateFormat


class Holder:
    """A certificate and its key, signed by another holder or, without one, by itself."""

    def __init__(
        self,
        name: str,
        issuer: "Holder | None" = None,
        *,
        rsa: bool = False,
        left: timedelta = timedelta(days=30),
        hosts: Sequence[str] = (),
    ) -> None:
        self.key: ec.EllipticCurvePrivateKey | rsa_keys.RSAPrivateKey = (
            rsa_keys.generate_private_key(65537, 2048) if rsa else ec.generate_private_key(ec.SECP256R1())
        )
        self.name = x509.Name.from_rfc4514_string(name)
        signer = issuer or self
        ends = datetime.now(UTC) + left
        builder = x509.CertificateBuilder(
            signer.name, self.name, self.key.public_key(), x509.random_serial_number(),
            ends - timedelta(days=60), ends,
        )  # fmt: skip
        is_authority = issuer is None or isinstance(self, Authority)
        builder = builder.add_extension(x509.BasicConstraints(ca=is_authority, path_length=None), critical=True)
        if hosts:
            names = x509.SubjectAlternativeName([x509.DNSName(host) for host in hosts])
            builder = builder.add_extension(names, critical=False)
        self.pem = builder.sign(signer.key, SHA256()).public_bytes(Encoding.PEM).decode()

    def files(self, folder: Path) -> tuple[Path, Path]:
        """Writes certificate and key, and gives their names."""
        certificate, key = folder / f"{uuid4()}.crt", folder / f"{uuid4()}.key"
        certificate.write_text(self.pem)
        key.write_bytes(self.key.private_bytes(Encoding.PEM, PrivateFormat.PKCS8, NoEncryption()))
        return certificate, key


class Authority(Holder):
    """One who vouches for others."""

    def issue(self, common_name: str, left: timedelta = timedelta(days=30)) -> Holder:
        """A certificate for a client."""
        return Holder(f"CN={common_name}", self, left=left)

    def issue_for(self, *hosts: str) -> Holder:
        """A certificate for a server with these names."""
        return Holder(f"CN={hosts[0].removeprefix('*.')}", self, hosts=hosts)
