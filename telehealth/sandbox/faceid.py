"""Tencent Cloud FaceID, version 2018-03-01: two-factor checks, and a face check played by two buttons."""

import re
import secrets
from collections.abc import Mapping
from datetime import date
from typing import Any, ClassVar
from urllib.parse import parse_qsl, urlencode, urlsplit, urlunsplit

from starlette.requests import Request
from starlette.responses import JSONResponse, RedirectResponse, Response
from starlette.routing import BaseRoute, Route

from telehealth.sandbox import samples
from telehealth.sandbox.faults import Fault
from telehealth.sandbox.keys import tencent_key_pair
from telehealth.sandbox.pages import page
from telehealth.sandbox.party import Party, World
from telehealth.sandbox.resident_id import birth_date, is_resident_id, resident_id
from telehealth.sandbox.tc3 import Refusal
from telehealth.sandbox.tencent import Call, Gate

RULE_ID = "1"
TOKEN_LIFE_S = 7200
#: One transparent pixel, where the vendor would send the best frame of the video.
_FRAME = "iVBORw0KGgoAAAANSUhEUgAAAAEAAAABCAYAAAAfFcSJAAAADUlEQVR42mNkYPhfDwAChwGA60e6kgAAAABJRU5ErkJggg=="

_BANK_DESCRIPTIONS = {
    "0": "认证通过",
    "-1": "认证未通过",
    "-2": "姓名校验不通过",
    "-3": "身份证号码有误",
    "-4": "银行卡号格式有误",
    "-5": "手机号码不合法",
    "-9": "无效卡号",
    "-18": "验证中心服务繁忙",
    "-19": "验证次数超限，请次日重试",
}
_BANK_FAULTS = {"service_error": "-18", "upgrading": "-18", "daily_limit": "-19"}

_DESCRIPTIONS = {
    "0": "姓名和身份证号一致",
    "-1": "姓名和身份证号不一致",
    "-2": "非法身份证号",
    "-3": "非法姓名",
    "-4": "证件库服务异常",
    "-5": "证件库中无此身份证记录",
    "-6": "权威比对系统升级中，请稍后再试",
    "-7": "认证次数超过当日限制",
}
_MINOR_DESCRIPTIONS = {
    "0": "成年",
    "-1": "未成年",
    "-2": "未查询到手机号信息",
    "-3": "姓名和身份证号不一致",
    "-4": "非法身份证号",
    "-5": "非法姓名",
    "-6": "权威数据源服务异常",
    "-7": "未查询到身份信息",
    "-8": "权威数据源升级中，请稍后再试",
}
#: IdCardVerification's codes as MinorsVerification spells them.
_AS_MINORS_RESULT = {"-1": "-3", "-2": "-4", "-3": "-5", "-4": "-6", "-5": "-7", "-6": "-8", "-7": "-6"}
_FAULT_RESULTS = {"service_error": "-4", "upgrading": "-6", "daily_limit": "-7"}


class FaceID(Party):
    name: ClassVar[str] = "faceid"
    vendor_service: ClassVar[str] = "faceid"
    title: ClassVar[str] = "实名与人脸核身（腾讯云 FaceID）"
    modes: ClassVar[Mapping[str, str]] = {
        "service_error": "证件库服务异常（-4）",
        "upgrading": "权威比对系统升级（-6）",
        "daily_limit": "当日次数用尽（-7）",
        "low_similarity": "人脸相似度 69.90；给 err_code 可改最终结果码",
        "token_expired": "BizToken 一律视为过期",
    }

    def __init__(self, world: World, keys: dict[str, Any]) -> None:
        super().__init__(world, keys)
        actions = {
            "IdCardVerification": self.id_card_verification,
            "MinorsVerification": self.minors_verification,
            "BankCard4EVerification": self.bank_card_4e_verification,
            "DetectAuth": self.detect_auth,
            "GetDetectInfoEnhanced": self.get_detect_info_enhanced,
        }
        secret = {keys["secret_id"]: keys["secret_key"]}
        self.gate = Gate(world, self.name, self.vendor_service, "2018-03-01", secret, actions)
        self._seed()

    @staticmethod
    def new_keys() -> dict[str, Any]:
        return tencent_key_pair()

    def routes(self) -> list[BaseRoute]:
        return [
            Route("/", self.gate.answer, methods=["POST"]),
            Route("/check/{token}", self.show_check, methods=["GET"]),
            Route("/check/{token}", self.finish_check, methods=["POST"]),
            Route("/people", self.list_people, methods=["GET"]),
            Route("/people", self.put_people, methods=["PUT"]),
        ]

    def describe(self, base_url: str) -> dict[str, Any]:
        return {
            "endpoint": urlsplit(base_url).netloc,
            "url": f"{base_url}/faceid/",
            **self.keys,
            "rule_id": RULE_ID,
            "region": "ap-guangzhou",
            "people_url": f"{base_url}/faceid/people",
        }

    def page_of_books(self) -> list[tuple[str, list[dict[str, Any]]]]:
        checks = [
            {"name": held["name"], "state": held["state"], "url": f"/faceid/check/{token}"}
            for token, held in self.world.books.leaf_through("faceid.checks").items()
        ]
        return [("人口库", self._people()), ("人脸核身", checks[-30:])]

    # Two factors.

    async def id_card_verification(self, call: Call) -> dict[str, Any]:
        result = self._compare(call.text("IdCard"), call.text("Name"), call.fault)
        return {"Result": result, "Description": _DESCRIPTIONS[result]}

    async def minors_verification(self, call: Call) -> dict[str, Any]:
        kind = call.text("Type")
        if kind == "0":
            id_card = self._holder_of(call.text("Mobile"))
            result = "0" if id_card else "-2"
        elif kind == "1":
            id_card = call.text("IdCard")
            compared = self._compare(id_card, call.text("Name"), call.fault)
            result = _AS_MINORS_RESULT.get(compared, "0")
        else:
            raise Refusal("InvalidParameterValue", "Type is 0 or 1.")
        age_range = ""
        if result == "0" and id_card:
            age_range = _age_range(_completed_years(birth_date(id_card), self.world.clock.today()))
            result = "0" if age_range == "[18,+)" else "-1"
        return {"Result": result, "Description": _MINOR_DESCRIPTIONS[result], "AgeRange": age_range}

    def _compare(self, id_card: str, name: str, fault: Fault | None) -> str:
        if not is_resident_id(id_card) or birth_date(id_card) > self.world.clock.today():
            return "-2"
        if not _is_name(name):
            return "-3"
        if fault is not None and fault.mode in _FAULT_RESULTS:
            self.world.faults.spend(self.name)
            return _FAULT_RESULTS[fault.mode]
        held = self.world.books.recall("faceid.people", id_card)
        if held is None:
            return "-5"
        return "0" if held["name"] == name else "-1"

    def _holder_of(self, phone: str) -> str | None:
        people = self.world.books.leaf_through("faceid.people").items()
        return next((id_card for id_card, held in people if held.get("phone") == phone), None)

    async def bank_card_4e_verification(self, call: Call) -> dict[str, Any]:
        """Name, number, card and phone against the bank. Everybody here has one card; see `bank_card`."""
        id_card, name = call.text("IdCard"), call.text("Name")
        card, phone = call.text("BankCard"), call.text("Phone")
        result = self._bank_answer(id_card, name, card, phone, call.fault)
        return {"Result": result, "Description": _BANK_DESCRIPTIONS[result]}

    def _bank_answer(self, id_card: str, name: str, card: str, phone: str, fault: Fault | None) -> str:
        if not _is_name(name):
            return "-2"
        if not is_resident_id(id_card):
            return "-3"
        if not re.fullmatch(r"[0-9]{12,19}", card):
            return "-4"
        if not re.fullmatch(r"1[0-9]{10}", phone):
            return "-5"
        if fault is not None and fault.mode in _BANK_FAULTS:
            self.world.faults.spend(self.name)
            return _BANK_FAULTS[fault.mode]
        held = self.world.books.recall("faceid.people", id_card)
        if card != bank_card(id_card):
            return "-9"
        return "0" if held and (held["name"], held.get("phone")) == (name, phone) else "-1"

    # The face check.

    async def detect_auth(self, call: Call) -> dict[str, Any]:
        if call.text("RuleId") != RULE_ID:
            raise Refusal("InvalidParameterValue.RuleIdNotExist", "The RuleId does not exist.")
        image = call.params.get("ImageBase64")
        id_card, name = call.params.get("IdCard"), call.params.get("Name")
        if image is None and (not isinstance(id_card, str) or not is_resident_id(id_card)):
            raise Refusal("FailedOperation.IdFormatError", "The ID number is malformed.")
        if not isinstance(name, str) or not _is_name(name):
            raise Refusal("FailedOperation.NameFormatError", "The name is malformed.")
        if image is not None and (not isinstance(image, str) or len(image) > 3 * 1024 * 1024):
            raise Refusal("FailedOperation.ImageSizeTooLarge", "The image is larger than 3 MB.")
        redirect = call.text("RedirectUrl", longest=1024) if call.params.get("RedirectUrl") else ""
        if redirect and urlsplit(redirect).scheme not in ("http", "https"):
            raise Refusal("InvalidParameterValue", "RedirectUrl is a web address.")
        token = "SANDBOX-" + secrets.token_hex(16).upper()
        held = {
            "id_card": id_card or "",
            "name": name,
            "own_photo": image is not None,
            "redirect": redirect,
            "extra": call.text("Extra", longest=1024) if call.params.get("Extra") else "",
            "made_at": self.world.clock.wall().timestamp(),
            "state": "waiting",
        }
        self.world.books.note("faceid.checks", token, held)
        return {"Url": f"{call.address}/faceid/check/{token}", "BizToken": token}

    async def get_detect_info_enhanced(self, call: Call) -> dict[str, Any]:
        token = call.text("BizToken")
        held = self.world.books.recall("faceid.checks", token)
        if held is None:
            raise Refusal("InvalidParameterValue.BizTokenIllegal", "The BizToken is unknown.")
        if call.text("RuleId") != RULE_ID:
            raise Refusal("InvalidParameterValue.RuleIdNotExist", "The RuleId does not exist.")
        if self._is_over(held) or call.has("token_expired"):
            raise Refusal("InvalidParameterValue.BizTokenExpired", "The BizToken has expired.")
        kinds = str(call.params.get("InfoType") or "0")
        passed = held["state"] == "passed"
        answer: dict[str, Any] = dict.fromkeys(("Text", "IdCardData", "BestFrame", "VideoData", "Encryption"))
        if "0" in kinds or "1" in kinds:
            answer["Text"] = self._text(token, held, call.fault)
        if passed and ("0" in kinds or "3" in kinds):
            answer["BestFrame"] = {"BestFrame": _FRAME, "BestFrames": []}
        if passed and ("0" in kinds or "4" in kinds):
            answer["VideoData"] = {"LivenessVideo": ""}
        return {**answer, "IsVerifyIntention": False}

    def _text(self, token: str, held: Mapping[str, Any], fault: Fault | None) -> dict[str, Any]:
        """Nulls until the check is finished: a null `ErrCode` is no zero."""
        known = {
            "IdCard": held["id_card"],
            "Name": held["name"],
            "UseIDType": 2 if held["own_photo"] else 1 if held["id_card"][:2] in ("81", "82", "83") else 0,
            "Extra": held["extra"],
            "LivenessDetail": [],
        }
        if held["state"] == "waiting":
            unknown = ("ErrCode", "ErrMsg", "LiveStatus", "LiveMsg", "Comparestatus", "Comparemsg", "Sim")
            return {**known, **dict.fromkeys(unknown), "CompareLibType": None}
        code, message, live, sim = self._verdict(held, fault)
        compare = 0 if live == 0 and float(sim) >= 70 else code
        detail = {
            "Seq": token[-8:],
            "Idcard": held["id_card"],
            "Name": held["name"],
            "Sim": sim,
            "Errcode": code,
            "Errmsg": message,
            "Livestatus": live,
            "Comparestatus": compare,
        }
        return {
            **known,
            "ErrCode": code,
            "ErrMsg": message,
            "LiveStatus": live,
            "LiveMsg": "成功" if live == 0 else message,
            "Comparestatus": compare,
            "Comparemsg": "成功" if compare == 0 else message,
            "Sim": sim,
            "CompareLibType": "业务方自有库" if held["own_photo"] else "权威库",
            "LivenessMode": 4,
            "LivenessDetail": [detail],
        }

    def _verdict(self, held: Mapping[str, Any], fault: Fault | None) -> tuple[int, str, int, str]:
        """Final code (0 is a pass), its message, liveness, similarity."""
        if held["state"] != "passed":
            return 66660017, "活体检测未通过", 66660017, "0.00"
        if not held["own_photo"]:
            result = self._compare(held["id_card"], held["name"], fault)
            if result != "0":
                return 66661000 - int(result), _DESCRIPTIONS[result], 0, "0.00"
        if fault is not None and fault.mode == "low_similarity":
            self.world.faults.spend(self.name)
            return int(fault.number("err_code", 66660004)), "人脸相似度低于标准", 0, "69.90"
        return 0, "成功", 0, "96.52"

    def _is_over(self, held: Mapping[str, Any]) -> bool:
        return self.world.clock.wall().timestamp() - float(held["made_at"]) > TOKEN_LIFE_S

    async def show_check(self, request: Request) -> Response:
        held = self.world.books.recall("faceid.checks", request.path_params["token"])
        if held is None:
            return page("face_check.html", 404, held=None, over=False)
        return page("face_check.html", held=held, over=self._is_over(held), masked=held["name"][:1] + "＊＊")

    async def finish_check(self, request: Request) -> Response:
        token = request.path_params["token"]
        held = self.world.books.recall("faceid.checks", token)
        if held is None or self._is_over(held):
            return page("face_check.html", 404, held=held, over=held is not None)
        if held["state"] == "waiting":
            form = dict(parse_qsl((await request.body()).decode("utf-8", "replace")))
            held["state"] = "passed" if form.get("outcome") == "pass" else "failed"
            self.world.books.note("faceid.checks", token, held)
        if not held["redirect"]:
            return page("face_check.html", held=held, over=False, masked=held["name"][:1] + "＊＊")
        return RedirectResponse(_with_query(held["redirect"], BizToken=token), 303)

    # The sandbox's own doors.

    async def list_people(self, _request: Request) -> Response:
        return JSONResponse({"people": self._people()})

    async def put_people(self, request: Request) -> Response:
        """One person or a list of `{"id_card", "name", "phone"?}`: the register knows them from now on."""
        try:
            body = await request.json()
            wanted = [
                (person["id_card"], {"name": person["name"], "phone": person.get("phone", "")})
                for person in (body if isinstance(body, list) else [body])
            ]
        except (ValueError, TypeError, KeyError, AttributeError):
            return JSONResponse({"error": 'expected {"id_card": "…", "name": "…", "phone": "…"}'}, 400)
        if not all(isinstance(id_card, str) and is_resident_id(id_card) for id_card, _ in wanted):
            return JSONResponse({"error": "id_card is not a valid resident ID"}, 422)
        with self.world.books.writing():
            for id_card, held in wanted:
                self.world.books.note("faceid.people", id_card, held)
        return JSONResponse({"people": [{"id_card": id_card, **held} for id_card, held in wanted]})

    def _people(self) -> list[dict[str, Any]]:
        return [
            {"id_card": id, "bank_card": bank_card(id), **held}
            for id, held in self.world.books.leaf_through("faceid.people").items()
        ]

    def _seed(self) -> None:
        """The register knows every sample person with a resident ID, dated like the hospitals' books."""
        if self.world.books.recall("faceid", "base"):
            return
        base = self.world.books.recall("his", "base")
        today = date.fromisoformat(base["born_by"]) if base else self.world.clock.today()
        with self.world.books.writing():
            self.world.books.note("faceid", "base", today.isoformat())
            for person in samples.EVERYBODY:
                if person.kind == "resident_id":
                    held = {"name": person.name, "phone": person.phone}
                    self.world.books.note("faceid.people", person.number(today), held)
            for name, born, sequence, phone in samples.REGISTERED_ONLY:
                number = resident_id(born=born(today), sequence=sequence)
                self.world.books.note("faceid.people", number, {"name": name, "phone": phone})


def _is_name(name: str) -> bool:
    return (
        re.fullmatch(r"[一-鿿㐀-䶿]+(?:·[一-鿿㐀-䶿]+)*|[A-Za-z][A-Za-z .'-]+", name) is not None
        and 2 <= len(name) <= 32
    )


def _completed_years(born: date, on: date) -> int:
    return on.year - born.year - ((on.month, on.day) < (born.month, born.day))


def _age_range(years: int) -> str:
    return "[0,8)" if years < 8 else "[8,16)" if years < 16 else "[16,18)" if years < 18 else "[18,+)"


def _with_query(url: str, **added: str) -> str:
    parts = urlsplit(url)
    return urlunsplit(
        parts._replace(query=urlencode([*parse_qsl(parts.query, keep_blank_values=True), *added.items()]))
    )


def bank_card(id_card: str) -> str:
    """The one card of a sample person: a bank's prefix and the digits of their own number, all invented."""
    return "622848" + re.sub("[^0-9]", "0", id_card)[5:]
