"""Reads the certificate authorities of `client_ca` from PEM text. The edge trusts every certificate accepted here."""

from typing import Any

from cryptography import x509
from cryptography.hazmat.primitives.hashes import SHA256
from cryptography.hazmat.primitives.serialization import Encoding

from postledger.decoding.toml_table import BadValue

MOST_CERTIFICATES = 20


def read_authorities(text: str) -> tuple[str, ...]:
    """Read the certificates of one or more authorities as PEM, without duplicates; raises `BadValue`."""
    if "PRIVATE KEY" in text:
        raise BadValue("holds a private key; give only the certificate of the authority")
    certificates = _load(text)
    if len(certificates) > MOST_CERTIFICATES:
        raise BadValue(f"holds more than {MOST_CERTIFICATES} certificates; remove some")
    for number, certificate in enumerate(certificates, 1):
        if not _may_issue(certificate):
            raise BadValue(
                f"certificate {number} may not issue certificates (CA:TRUE, keyCertSign); give that of an authority"
            )
    return tuple(dict.fromkeys(one.public_bytes(Encoding.PEM).decode() for one in certificates))


def describe_authorities(text: str) -> list[dict[str, Any]]:
    """Describe the authorities in text that `read_authorities` accepted, without the certificates themselves."""
    return [
        {
            "subject": certificate.subject.rfc4514_string(),
            "sha256": certificate.fingerprint(SHA256()).hex(),
            "expires": certificate.not_valid_after_utc,
        }
        for certificate in _load(text)
    ]


def _load(text: str) -> list[x509.Certificate]:
    try:
        return x509.load_pem_x509_certificates(text.encode())
    except ValueError:
        raise BadValue("holds no valid certificate; give one in PEM (-----BEGIN CERTIFICATE-----)") from None


def _may_issue(certificate: x509.Certificate) -> bool:
    try:
        if not certificate.extensions.get_extension_for_class(x509.BasicConstraints).value.ca:
            return False
        return certificate.extensions.get_extension_for_class(x509.KeyUsage).value.key_cert_sign
    except x509.ExtensionNotFound as missing:
        return missing.oid == x509.KeyUsage.oid  # without it a key may be used for anything
    except ValueError:  # an extension that cannot be read
        return False
