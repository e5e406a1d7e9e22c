"""One signature of a sheet: who signs where, what it means, and how it is bound to the content."""

from dataclasses import dataclass
from datetime import datetime
from typing import TYPE_CHECKING

from prescriptions.ports import Credential, SheetField

if TYPE_CHECKING:
    from pyhanko.sign import signers

MEANINGS = {SheetField.DOCTOR: "开具处方", SheetField.PHARMACIST: "审核通过"}
DIGEST_MARK = "sha256:"


@dataclass(frozen=True, slots=True, kw_only=True)
class Signature:
    """One signature to be made. `signer` holds the key or reaches it."""

    field: SheetField
    credential: Credential
    signer: "signers.Signer"
    reason: str
    at: datetime
    #: Room for signature, certificates and time stamp. What is too much is read again at every verification.
    reserved_bytes: int = 12 * 1024
