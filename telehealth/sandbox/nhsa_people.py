"""Whom the insurer insures, for what, and what is left on each personal account."""

import hashlib
from collections.abc import Mapping
from datetime import date
from typing import Any

from telehealth.sandbox import samples
from telehealth.sandbox.books import Books
from telehealth.sandbox.nhsa_envelope import Call, Refusal
from telehealth.sandbox.resident_id import birth_date, is_resident_id, resident_id

PEOPLE = "nhsa.people"
#: certno → the payOrdId of every order that ever touched the account.
ORDERS_OF = "nhsa.orders_of"
REGIONS: Mapping[str, str] = {"110100": "北京市", "130100": "河北省石家庄市"}
#: What the person may have paid for: the national `med_type`, and two a province names itself.
MED_TYPES: Mapping[str, str] = {
    "11": "普通门诊",
    "14": "门诊慢特病",
    "51": "生育门诊",
    "61": "工伤门诊",
}
INSUTYPES: Mapping[str, str] = {
    "310": "职工基本医疗保险",
    "390": "城乡居民基本医疗保险",
    "410": "工伤保险",
    "510": "生育保险",
}
FUND_RATE_BP = 7000


class People:
    def __init__(self, books: Books) -> None:
        self._books = books

    def seed(self, today: date) -> None:
        """The samples with a record; whoever was changed since keeps the change."""
        by_id = {person.id: person for person in samples.EVERYBODY}
        for insured in samples.INSURED:
            person = by_id[insured.person]
            self._seed_one(person.number(today), person.name, insured)
        # A parent known to the population register only is insured like anybody.
        for name, born, sequence, _phone in samples.REGISTERED_ONLY:
            number = resident_id(born=born(today), sequence=sequence)
            self._seed_one(number, name, samples.Insured("", balance=5_000))

    def _seed_one(self, certno: str, name: str, insured: samples.Insured) -> None:
        if self._books.recall(PEOPLE, certno) is None:
            self._books.note(
                PEOPLE,
                certno,
                {
                    "name": name,
                    "region": insured.region,
                    "insutype": insured.insutype,
                    "med_types": list(insured.med_types),
                    "balance": insured.balance,
                    "fund_rate_bp": insured.fund_rate_bp,
                    "other_rate_bp": insured.other_rate_bp,
                },
            )

    def put(self, certno: str, body: Mapping[str, Any]) -> dict[str, Any]:
        """Add or change a person; what the body leaves out stays, or is an ordinary insured of Beijing.

        Raises:
            ValueError: the number or a field cannot be.
        """
        if not is_resident_id(certno):
            raise ValueError("certno is not a valid resident ID")
        blank = {
            "name": "", "region": "110100", "insutype": "310", "med_types": ["11"], "balance": 0,
            "fund_rate_bp": FUND_RATE_BP, "other_rate_bp": 0,
        }  # fmt: skip
        held = {**(self._books.recall(PEOPLE, certno) or blank)}
        if unknown := set(body) - set(held):
            raise ValueError(f"unknown: {', '.join(sorted(unknown))}")
        held |= body
        numbers = [held[name] for name in ("balance", "fund_rate_bp", "other_rate_bp")]
        if not all(type(number) is int and number >= 0 for number in numbers):
            raise ValueError("balance (fen) and rates (basis points) are whole numbers, not below zero")
        if held["fund_rate_bp"] + held["other_rate_bp"] > 10_000:
            raise ValueError("the funds pay at most everything")
        if not held["name"] or not isinstance(held["region"], str) or not isinstance(held["med_types"], list):
            raise ValueError('name and region are texts, med_types a list; region "" is not insured')
        self._books.note(PEOPLE, certno, held)
        return {"certno": certno, **held}

    def everybody(self) -> list[dict[str, Any]]:
        return [
            {"certno": certno, **held, "account": self.account(certno)}
            for certno, held in self._books.leaf_through(PEOPLE).items()
        ]

    def find(self, certno: str) -> dict[str, Any] | None:
        found = self._books.recall(PEOPLE, certno)
        return {"certno": certno, **found} if found else None

    def account(self, certno: str) -> int:
        """What the personal account may still pay, in fen: its balance less what orders hold or took.

        Orders are settled by whoever collects the payment, who writes only the order; so the account is
        always worked out from the orders.
        """
        held = self._books.recall(PEOPLE, certno)
        if held is None:
            return 0
        left = int(held["balance"])
        for number in self._books.recall(ORDERS_OF, certno) or []:
            order = self._books.recall("nhsa.orders", number)
            if order["state"] in ("priced", "settled", "refunded"):
                left -= order["account"] - sum(refund["account"] for refund in order["refunds"].values())
        return left

    def insured_person(self, call: Call) -> dict[str, Any]:
        """The person of a fee upload, checked field by field as the platform does."""
        certno = call.text("idNo", longest=18)
        person = self.find(certno)
        if person is None:
            raise Refusal("PSN_NOT_FOUND", "未查询到该人员")
        if person["name"] != call.text("userName") or call.text("idType") != "01":
            raise Refusal("PSN_MISMATCH", "姓名、证件类型与证件号码不符")
        if not person["region"]:
            raise Refusal("PSN_NOT_INSURED", "该人员未参加基本医疗保险")
        if call.text("psnNo") != psn_no(person):
            raise Refusal("PSN_MISMATCH", "人员编号与证件号码不符")
        place = call.text("insuCode", longest=6)
        if place != person["region"] or call.envelope.get("insuplc_admdvs") != place:
            raise Refusal("REGION_MISMATCH", "参保地与人员不符")
        if person["region"] != call.institution.region:
            raise Refusal("REGION_UNSUPPORTED", "该参保地暂不支持在本机构线上结算")
        if call.text("insutype") != person["insutype"] or call.text("medType") not in person["med_types"]:
            raise Refusal("MED_TYPE_DENIED", "险种或医疗类别不在该人员待遇之内")
        return person

    def lookup(self, call: Call) -> dict[str, Any]:
        """1101. Somebody without insurance is found with an empty `insuinfo`."""
        certno = call.text("certno", longest=18)
        if call.text("psn_cert_type") != "01":
            raise Refusal("PARAM_ERROR", "psn_cert_type 只支持 01（居民身份证）")
        person = self.find(certno)
        if person is None:
            raise Refusal("PSN_NOT_FOUND", "未查询到该人员")
        if call.maybe("psn_name") not in ("", person["name"]):
            raise Refusal("PSN_MISMATCH", "姓名与证件号码不符")
        base = {
            "psn_no": psn_no(person),
            "psn_cert_type": "01",
            "certno": certno,
            "psn_name": person["name"],
            "gend": "1" if int(certno[16]) % 2 else "2",
            "brdy": birth_date(certno).isoformat(),
        }
        return {"baseinfo": base, "insuinfo": self._insurances(person), "idetinfo": []}

    def _insurances(self, person: Mapping[str, Any]) -> list[dict[str, Any]]:
        if not person["region"]:
            return []
        left = self.account(person["certno"])
        return [
            {
                "insutype": person["insutype"],
                "insutype_name": INSUTYPES.get(person["insutype"], "其他"),
                "psn_insu_stas": "1",
                "insuplc_admdvs": person["region"],
                "insuplc_name": REGIONS.get(person["region"], "其他地区"),
                "balc": f"{left // 100}.{left % 100:02d}",
                "cvlserv_flag": "1" if person["other_rate_bp"] else "0",
                "med_types": [
                    {"med_type": code, "med_type_name": MED_TYPES.get(code, "其他")}
                    for code in person["med_types"]
                ],
            }
        ]


def psn_no(person: Mapping[str, Any]) -> str:
    """The person's number with the insurer; it says nothing of the resident ID."""
    digest = hashlib.sha256(str(person["certno"]).encode()).hexdigest()
    return f"{person['region'] or '000000'}{int(digest[:14], 16) % 10**14:014d}"


def cert_digest(certno: str) -> str:
    """As WeChat Pay names a person: MD5 of the number with an upper-case X, in lower-case hexadecimal."""
    return hashlib.md5(certno.upper().encode(), usedforsecurity=False).hexdigest()
