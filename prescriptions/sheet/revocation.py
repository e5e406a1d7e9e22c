"""Had a certificate been revoked when it signed? Asked of lists (CRLs) that somebody else fetched."""

from collections.abc import Iterable, Sequence
from datetime import datetime
from enum import StrEnum
from itertools import pairwise

from cryptography import x509
from cryptography.hazmat.primitives.asymmetric import dsa, ec, ed448, ed25519, rsa


class Standing(StrEnum):
    GOOD = "good"
    REVOKED = "revoked"
    UNKNOWN = "unknown"
    """No list of the issuer is at hand that is still good."""


def standing(path: Sequence[bytes], lists: Iterable[bytes], *, signed_at: datetime, at: datetime) -> Standing:
    """Of every certificate on a path, the anchor first, but not of the anchor itself.

    Revoked later than `signed_at` does not matter: the time stamp shows that the signature was there before.

    Raises:
        ValueError: a certificate or a list cannot be read.
    """
    known = [x509.load_der_x509_crl(one) for one in lists]
    certificates = [x509.load_der_x509_certificate(one) for one in path]
    found = {_of_one(own, issuer, known, signed_at, at) for issuer, own in pairwise(certificates)}
    worst = [one for one in (Standing.REVOKED, Standing.UNKNOWN) if one in found]
    return worst[0] if worst else Standing.GOOD


def _of_one(
    own: x509.Certificate,
    issuer: x509.Certificate,
    known: Sequence[x509.CertificateRevocationList],
    signed_at: datetime,
    at: datetime,
) -> Standing:
    good = [one for one in known if _speaks(one, issuer, at)]
    if not good:
        return Standing.UNKNOWN
    newest = max(good, key=lambda one: one.last_update_utc)
    entry = newest.get_revoked_certificate_by_serial_number(own.serial_number)
    if entry is not None and entry.revocation_date_utc <= signed_at:
        return Standing.REVOKED
    return Standing.GOOD


def _speaks(known: x509.CertificateRevocationList, issuer: x509.Certificate, at: datetime) -> bool:
    key = issuer.public_key()
    if known.issuer != issuer.subject or known.next_update_utc is None or known.next_update_utc < at:
        return False
    signs = rsa.RSAPublicKey | dsa.DSAPublicKey | ec.EllipticCurvePublicKey
    return isinstance(
        key, signs | ed25519.Ed25519PublicKey | ed448.Ed448PublicKey
    ) and known.is_signature_valid(key)
