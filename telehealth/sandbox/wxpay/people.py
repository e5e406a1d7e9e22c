"""Who is who in an insured order: digests against the registers, the e-credential, the families."""

import hashlib
from collections.abc import Mapping
from typing import Any

from telehealth.sandbox import samples
from telehealth.sandbox.books import Books
from telehealth.sandbox.wxpay.refusals import Refusal, invalid

NAME_MISMATCH = 268545961
DIGEST_UNKNOWN = 268545962
NO_CREDENTIAL = 268545963
NO_SUCH_RELATIVE = 268545964
#: Pairs the operator registered, as `payer digest/relative digest`.
RELATIVES = "wxpay.relatives"


def id_digest(number: str) -> str:
    """MD5 in lower-case hex, after the X is upper-cased."""
    return hashlib.md5(number.upper().encode("ascii"), usedforsecurity=False).hexdigest()


def check_person(books: Books, given: Mapping[str, Any], *, at: str) -> None:
    """The name must belong to the digest, where a register knows such documents.

    Raises:
        Refusal: unknown digest, or somebody else's.
    """
    if given["card_type"] != "ID_CARD":
        return
    name = _names(books).get(given["id_digest"])
    if name is None:
        raise invalid(f"{at} 的证件摘要查无此人", number=DIGEST_UNKNOWN)
    if name != given["name"]:
        raise invalid(f"{at} 的姓名与证件摘要不一致", number=NAME_MISMATCH)


def check_relative(books: Books, payer: Mapping[str, Any], relative: Mapping[str, Any]) -> None:
    """Either registered by the operator, or the family contact that the sample persons carry.

    Raises:
        Refusal: not related.
    """
    pair = f"{payer['id_digest']}/{relative['id_digest']}"
    if books.recall(RELATIVES, pair) is not None:
        return
    family = {(p.contact.name, p.name) for p in samples.EVERYBODY if p.contact is not None}
    if (payer["name"], relative["name"]) not in family:
        raise invalid("未查询到该亲属关系", number=NO_SUCH_RELATIVE)


def credential_of(books: Books, digest: str) -> str:
    """The resident ID behind the patient's insurance e-credential.

    Raises:
        Refusal: the patient has none.
    """
    for number, held in books.leaf_through("nhsa.people").items():
        if id_digest(number) == digest and held.get("region"):
            return number
    raise Refusal(400, "INVALID_REQUEST", "就诊人未激活医保电子凭证", number=NO_CREDENTIAL)


def _names(books: Books) -> dict[str, str]:
    known = {**books.leaf_through("nhsa.people"), **books.leaf_through("faceid.people")}
    return {id_digest(number): str(held["name"]) for number, held in known.items()}
