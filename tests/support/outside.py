"""People who exist at the outside parties only: the population register and a hospital's system."""

import itertools
from dataclasses import dataclass, field
from datetime import UTC, date, datetime, timedelta
from typing import Any

from pydantic import SecretStr

from telehealth.core.clock import SHANGHAI, FixedClock
from telehealth.core.settings import HIS, NHSA, FaceID, Settings, WeChat
from telehealth.patients.rules import resident_check
from tests.support.couriers import kuaidi100_settings, sf_settings
from tests.support.phones import fresh_number, sms_settings
from tests.support.sandbox import Sandbox
from tests.support.wechatpay import wechatpay_settings

CARD_SYSTEM = "urn:telehealth:card:{hospital}"
RESIDENT_SYSTEM = "urn:oid:2.16.156.10011.1.3"
INSURANCE_SYSTEM = "urn:telehealth:social-security-card"
_V2 = "http://terminology.hl7.org/CodeSystem/v2-0203"
_sequence = itertools.count(1)


def reach(settings: Settings, sandbox: Sandbox) -> Settings:
    """The same installation with every outside party at the sandbox."""
    return settings.model_copy(
        update={
            "his": {code: his_settings(sandbox, code) for code in sandbox.credentials["his"]["hospitals"]},
            "faceid": faceid_settings(sandbox),
            "sms": sms_settings(sandbox),
            "nhsa": {
                code: nhsa_settings(sandbox, code) for code in sandbox.credentials["nhsa"]["institutions"]
            },
            "sf": {code: sf_settings(sandbox, code) for code in sandbox.credentials["sf"]["hospitals"]},
            "kuaidi100": {
                code: kuaidi100_settings(sandbox, code)
                for code in sandbox.credentials["kuaidi100"]["hospitals"]
            },
            "wechatpay": {
                code: wechatpay_settings(sandbox, code)
                for code in sandbox.credentials["wechatpay"]["hospitals"]
            },
            "wechat": {
                code: wechat_settings(sandbox, code) for code in sandbox.credentials["wechat"]["apps"]
            },
        }
    )


def his_settings(sandbox: Sandbox, code: str) -> HIS:
    his = sandbox.credentials["his"]["hospitals"][code]
    return HIS(
        base_url=his["base_url"],
        token=SecretStr(his["token"]),
        organization=his["organization"],
        card_system=his["card_system"],
        timeout_s=2.0,
    )


def nhsa_settings(sandbox: Sandbox, code: str = "yunan", **changes: Any) -> NHSA:
    party = sandbox.credentials["nhsa"]
    one = party["institutions"][code]
    return NHSA(
        base_url=party["api_url"],
        app_id=one["app_id"],
        app_secret=SecretStr(one["secret"]),
        fixmedins_code=one["fixmedins_code"],
        fixmedins_name=one["fixmedins_name"],
        area=one["mdtrtarea_admvs"],
        authorise_url=party["authorise_url"],
        timeout_s=2.0,
    ).model_copy(update=changes)


def faceid_settings(sandbox: Sandbox) -> FaceID:
    keys = sandbox.credentials["faceid"]
    return FaceID(
        endpoint=keys["endpoint"],
        secret_id=SecretStr(keys["secret_id"]),
        secret_key=SecretStr(keys["secret_key"]),
        rule_id=keys["rule_id"],
    )


def wechat_settings(sandbox: Sandbox, code: str) -> WeChat:
    keys = sandbox.credentials["wechat"]
    service, mini = keys["apps"][code]["service"], keys["apps"][code]["mini"]
    pushes = sandbox.credentials["wechatpush"]["hospitals"][code]
    return WeChat(
        api_url=keys["api_url"],
        connect_url=keys["open_url"],
        appid=service["appid"],
        secret=SecretStr(service["secret"]),
        mini_appid=mini["appid"],
        mini_secret=SecretStr(mini["secret"]),
        jssdk_url=keys["bridge_url"],
        templates=keys["templates"]["template"],
        mini_templates=keys["templates"]["subscribe"],
        push_token=SecretStr(pushes["push_token"]),
        push_aes_key=SecretStr(pushes["push_aes_key"]),
    )


def clock_of_the_world() -> FixedClock:
    """Stands still at the sandbox's own present, so that its visits are as old as they say."""
    return FixedClock(datetime.now(UTC).replace(microsecond=0))


@dataclass
class Stranger:
    """Somebody nobody else in this run is. Names are samples."""

    name: str
    born: date
    number: str
    card: str
    phone: str
    his_id: str
    sex: str = "female"
    visits: list[str] = field(default_factory=list)

    @property
    def document(self) -> dict[str, Any]:
        return {"document_kind": "resident_id", "document_number": self.number}

    @property
    def body(self) -> dict[str, Any]:
        """What an app sends to add this person as oneself."""
        return {"relation": "self", "name": self.name, **self.document, "agree_identity": True}


def stranger(born: date = date(1980, 3, 4), *, name: str = "样例乙", sex: str = "female") -> Stranger:
    unique = next(_sequence)
    middle = unique * 2 + (1 if sex == "male" else 0)
    first_17 = f"{130000 + middle // 1000:06d}{born:%Y%m%d}{middle % 1000:03d}"
    return Stranger(
        name, born, first_17 + resident_check(first_17), f"T{unique:07d}", fresh_number(), f"t{unique}", sex
    )


def register(sandbox: Sandbox, person: Stranger) -> Stranger:
    """The authority knows them."""
    sandbox.register_person(id_card=person.number, name=person.name, phone=person.phone)
    return person


def admit(
    sandbox: Sandbox,
    person: Stranger,
    hospital: str = "yunan",
    *,
    document: bool | dict[str, Any] = True,
    guardian: Stranger | None = None,
    his_id: str = "",
    birth_date: date | None = None,
) -> Stranger:
    """A hospital knows them, under a card, a phone and (unless told otherwise) their resident ID."""
    identifiers = [_identifier(CARD_SYSTEM.format(hospital=hospital), "MR", person.card)]
    if document is True:
        identifiers.append(_identifier(RESIDENT_SYSTEM, "NNCHN", person.number))
        identifiers.append(_identifier(INSURANCE_SYSTEM, "SS", person.number))
    elif isinstance(document, dict):
        identifiers.append(document)
    resource: dict[str, Any] = {
        "resourceType": "Patient",
        "id": his_id or person.his_id,
        "active": True,
        "identifier": identifiers,
        "name": [
            {"use": "official", "text": person.name, "family": person.name[0], "given": [person.name[1:]]}
        ],
        "telecom": [{"system": "phone", "value": person.phone, "use": "mobile"}],
        "gender": person.sex,
        "birthDate": (birth_date or person.born).isoformat(),
    }
    if guardian is not None:
        coding = {"system": "http://terminology.hl7.org/CodeSystem/v3-RoleCode", "code": "MTH"}
        resource["contact"] = [
            {
                "relationship": [{"coding": [coding]}],
                "name": {"text": guardian.name},
                "telecom": [{"system": "phone", "value": guardian.phone}],
            }
        ]
    sandbox.put_resource(hospital, resource)
    return person


def passport(number: str) -> dict[str, Any]:
    return _identifier("urn:telehealth:passport", "PPN", number)


def visited(
    sandbox: Sandbox,
    person: Stranger,
    *,
    days_ago: int = 0,
    on: datetime | None = None,
    hospital: str = "yunan",
    status: str = "finished",
) -> str:
    """An outpatient visit at `on`, or that many days before the sandbox's present; its id."""
    start = (on or datetime.now(UTC) - timedelta(days=days_ago)).astimezone(SHANGHAI)
    identity = f"{person.his_id}-v{len(person.visits) + 1}"
    resource = {
        "resourceType": "Encounter",
        "id": identity,
        "status": status,
        "class": {"system": "http://terminology.hl7.org/CodeSystem/v3-ActCode", "code": "AMB"},
        "subject": {"reference": f"Patient/{person.his_id}"},
        "period": {"start": start.isoformat(timespec="seconds"), "end": start.isoformat(timespec="seconds")},
        "serviceProvider": {"reference": f"Organization/{hospital}"},
    }
    sandbox.put_resource(hospital, resource)
    person.visits.append(identity)
    return identity


def _identifier(system: str, code: str, value: str) -> dict[str, Any]:
    return {"type": {"coding": [{"system": _V2, "code": code}]}, "system": system, "value": value}
