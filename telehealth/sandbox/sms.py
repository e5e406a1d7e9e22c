"""Tencent Cloud SMS, version 2021-01-11: `SendSms`, its per-number codes, delivery reports."""

import math
import re
from collections.abc import Mapping
from datetime import timedelta
from typing import Any, ClassVar
from urllib.parse import urlsplit
from uuid import uuid4

import anyio
import httpx2
from starlette.background import BackgroundTask
from starlette.requests import Request
from starlette.responses import JSONResponse, Response
from starlette.routing import BaseRoute, Route

from telehealth.sandbox.dates import SHANGHAI
from telehealth.sandbox.keys import tencent_key_pair
from telehealth.sandbox.outbox import Message, Outbox
from telehealth.sandbox.party import Party, World
from telehealth.sandbox.tc3 import Refusal
from telehealth.sandbox.tencent import AnswerLost, Call, Gate

SDK_APP_ID = "1400990001"
SIGN_NAMES = ("云安医院", "江滨医院", "互联网医院")
#: What one number may receive in a day of Asia/Shanghai; generous, so that a demo does not lock itself out.
DAILY_LIMIT = 200
MOST_NUMBERS = 200
LONGEST_PARAMETER = 64

#: Approved from the start: name → (template id, text). More through `PUT /sms/templates`.
TEMPLATES: Mapping[str, tuple[str, str]] = {
    "sign_in_code": ("2400001", "验证码{1}，{2}分钟内有效。请勿告诉他人。"),
    "export_code": (
        "2400108",
        "您正在下载个人健康资料，验证码{1}，{2}分钟内有效。请勿告诉他人。",
    ),
    "consent_code": ("2400002", "{1}申请为您代办线上就诊。若您同意，请把验证码{2}告诉对方，{3}分钟内有效。"),
    "family_code": (
        "2400024",
        "{1}申请用其医保账户为您支付诊疗费。若您同意，请把验证码{2}告诉对方，{3}分钟内有效。",
    ),
    "relative_payment_code": (
        "2400025",
        "您正在用医保账户为家人付款，验证码{1}，{2}分钟内有效。请勿告诉他人。",
    ),
    "booking_held": ("2400003", "已为{1}保留{2}的号，请在{3}前完成支付。"),
    "booking_pending": ("2400004", "{1}的就诊记录暂时无法核实，已保留{2}的号，核实后再通知您，暂不收费。"),
    "booking_confirmed": ("2400005", "{1}已预约成功：{2}，{3}。"),
    "booking_cancelled": ("2400006", "{1}在{2}的预约已取消。"),
    "booking_released": ("2400007", "{1}在{2}的号因未按时支付已释放。"),
    "clinic_closed": ("2400008", "{1}的门诊因故停诊，费用将全额退回。"),
    "booking_refused": ("2400009", "{1}在{2}的预约未通过核实：{3}。"),
    "reminder": ("2400010", "提醒：{1}将于{2}就诊，请提前进入候诊。"),
    "room_urgent": ("2400011", "预约{1}的患者于{2}报告了可能紧急的情况，请立即查看。"),
    "doctor_admitted": ("2400013", "医生已开始{1}在{2}的就诊，请进入诊室。"),
    "patient_reminded": ("2400014", "医生正在诊室等候{1}（{2}），请尽快进入；多次呼叫未应答会记为爽约。"),
    "doctor_nudged": ("2400015", "今天有{1}位已缴费的患者还没有接诊，最早{2}，当日24:00前未接诊将自动退费。"),
    "follow_up_due": ("2400016", "按医生的建议，{1}应在{2}前后复诊，可在平台预约同一位医生。"),
    "doctor_wrote": ("2400012", "医生在诊室里给您发了新消息（{1}），请打开查看。"),
    "rx_returned": ("2400017", "您开具的处方{1}被药师退回，请在{2}前修改并重新签名，逾期作废。"),
    "rx_payable": ("2400018", "处方{1}已通过药师审核，共{2}元，请在{3}前选择取药方式并缴费。"),
    "rx_reminded": ("2400019", "处方{1}还没有缴费，{2}后失效。"),
    "rx_expired": ("2400020", "处方{1}在有效期内没有缴费，已失效，没有收取费用。"),
    "rx_undone": ("2400021", "很抱歉，处方{1}的药品未能配出，{2}元全额原路退回。"),
    "rx_called": ("2400022", "取药号{1}（处方{2}），请到取药窗口。"),
    "rx_recalled": ("2400023", "您在处方{1}中领取的药品有一个批号正在召回，请暂停使用并联系药房。"),
    "notice": ("2400080", "您有一条新消息：{1}。请登录互联网医院查看并处理。"),
    "rx_review_late": ("2400081", "处方{1}超过承诺时间仍未审核，请马上处理。"),
    "complaint_answered": ("2400060", "您的投诉{1}已有答复，请在平台查看；不满意可在{2}前提出异议。"),
    "complaint_late": ("2400061", "投诉{1}超过承诺时间仍未办结，请立即处理。"),
    "reaction_to_assess": ("2400062", "处方{1}的患者报告了用药后不适，请在{2}前评价。"),
    "reaction_reported": ("2400063", "您开具的处方{1}的患者报告了用药后不适，请在平台查看。"),
    "reaction_assessed": ("2400064", "您就处方{1}报告的用药后不适已有药师意见，请在平台查看。"),
    "bill_ready": ("2400040", "{1}有一张门诊缴费单{2}，共{3}元，请在{4}前支付。"),
    "bill_reminded": ("2400041", "门诊缴费单{1}还没有支付，共{2}元，{3}截止。"),
    "bill_paid": ("2400042", "门诊缴费单{1}已支付{2}元，明细可在平台查看。"),
    "bill_window": ("2400043", "缴费单{1}的领取窗口：{2}，领取号{3}。"),
    "bill_medicine_ready": ("2400044", "领取号{1}已叫到，请到{2}领取。"),
    "bill_returned": ("2400045", "缴费单{1}：{2}，{3}元全额原路退回。"),
    "queue_near": ("2400046", "候诊号{1}：{2}，请到{3}候诊。"),
    "queue_called": ("2400047", "候诊号{1}正在叫号，请马上到{2}就诊。"),
    "queue_requeued": ("2400048", "候诊号{1}叫号时没有应答，已为您顺延，{2}。"),
    "queue_missed": ("2400049", "候诊号{1}已过号，请到服务台重新排队。"),
}


class PhoneRefused(Exception):
    """One number of a request fails with this `Code`; the others are not touched."""

    def __init__(self, code: str, message: str) -> None:
        super().__init__(code)
        self.code = code
        self.message = message


class SMS(Party):
    name: ClassVar[str] = "sms"
    vendor_service: ClassVar[str] = "sms"
    title: ClassVar[str] = "短信（腾讯云 SMS）"
    modes: ClassVar[Mapping[str, str]] = {
        "insufficient_balance": "套餐余量不足",
        "daily_limit": "号码日上限；给 limit 时到达该条数才拒",
        "thirty_second_limit": "同一号码三十秒内第二条起拒",
        "lost_answer": "短信已发，应答丢失（500）",
        "undelivered": "已受理，回执为 FAIL",
    }

    def __init__(self, world: World, keys: dict[str, Any]) -> None:
        super().__init__(world, keys)
        self.outbox = Outbox(world)
        for name, (id, text) in TEMPLATES.items():
            if world.books.recall("sms.templates", id) is None:
                world.books.note("sms.templates", id, {"name": name, "text": text})
        self.gate = Gate(
            world,
            self.name,
            self.vendor_service,
            "2021-01-11",
            {keys["secret_id"]: keys["secret_key"]},
            {"SendSms": self.send_sms},
        )

    @staticmethod
    def new_keys() -> dict[str, Any]:
        return tencent_key_pair()

    def routes(self) -> list[BaseRoute]:
        return [
            Route("/", self.door, methods=["POST"]),
            Route("/messages", self.list_messages),
            Route("/templates", self.put_templates, methods=["PUT"]),
            Route("/templates", self.list_templates),
            Route("/callback", self.put_callback, methods=["PUT"]),
        ]

    def describe(self, base_url: str) -> dict[str, Any]:
        return {
            "endpoint": urlsplit(base_url).netloc,
            "url": f"{base_url}/sms/",
            **self.keys,
            "sdk_app_id": SDK_APP_ID,
            "sign_names": list(SIGN_NAMES),
            "region": "ap-guangzhou",
            "templates": {t["name"]: id for id, t in self.world.books.leaf_through("sms.templates").items()},
            "messages_url": f"{base_url}/sms/messages",
        }

    def page_of_books(self) -> list[tuple[str, list[dict[str, Any]]]]:
        shown = [
            {"phone": m["phone"], "text": m["text"], "at": m["business_at"], "report": m["report"]}
            for m in self.outbox.read(limit=30)
        ]
        templates = self.world.books.leaf_through("sms.templates")
        return [("最近短信", shown), ("模板", [{"id": id, **template} for id, template in templates.items()])]

    # The vendor's side.

    async def door(self, request: Request) -> Response:
        response = await self.gate.answer(request)
        if self._callback():
            response.background = BackgroundTask(self.report)
        return response

    async def send_sms(self, call: Call) -> dict[str, Any]:
        phones = call.params.get("PhoneNumberSet")
        if not isinstance(phones, list) or not phones or not all(isinstance(phone, str) for phone in phones):
            raise Refusal("MissingParameter", "PhoneNumberSet holds at least one number.")
        if len(phones) > MOST_NUMBERS:
            raise Refusal("LimitExceeded.PhoneNumberCountLimit", f"At most {MOST_NUMBERS} numbers at once.")
        if not call.region:
            raise Refusal("MissingParameter", "The request is missing the header X-TC-Region.")
        if call.text("SmsSdkAppId") != SDK_APP_ID:
            raise Refusal("UnauthorizedOperation.SmsSdkAppIdVerifyFail", "SmsSdkAppId verification failed.")
        call.text("TemplateId")
        statuses = [self._send_one(call, phone) for phone in phones]
        if call.has("lost_answer"):
            self.world.faults.spend(self.name)
            raise AnswerLost
        return {"SendStatusSet": statuses}

    def _send_one(self, call: Call, given: str) -> dict[str, Any]:
        context = str(call.params.get("SessionContext") or "")
        status = {"SerialNo": "", "PhoneNumber": given, "Fee": 0, "SessionContext": context, "IsoCode": "CN"}
        try:
            phone = e164(given)
            text = self._compose(call)
            self._stay_within_limits(call, phone)
        except PhoneRefused as refused:
            return {**status, "Code": refused.code, "Message": refused.message}
        serial = f"sandbox:{uuid4().hex}"
        self.outbox.keep(
            Message(
                serial,
                phone,
                sign_name=str(call.params["SignName"]),
                template_id=str(call.params["TemplateId"]),
                params=list(call.params.get("TemplateParamSet") or []),
                text=text,
                session_context=context,
            )
        )
        fee = 1 if len(text) <= 70 else math.ceil(len(text) / 67)
        sent = {"SerialNo": serial, "PhoneNumber": phone, "Fee": fee, "Code": "Ok", "Message": "send success"}
        return {**status, **sent}

    def _compose(self, call: Call) -> str:
        template = self.world.books.recall("sms.templates", str(call.params["TemplateId"]))
        if template is None:
            raise PhoneRefused(
                "FailedOperation.TemplateIncorrectOrUnapproved", "template is incorrect or unapproved"
            )
        sign_name = call.params.get("SignName")
        if sign_name not in SIGN_NAMES:
            raise PhoneRefused("FailedOperation.SignatureIncorrectOrUnapproved", "signature is incorrect")
        params = call.params.get("TemplateParamSet") or []
        if not isinstance(params, list) or not all(isinstance(param, str) for param in params):
            raise PhoneRefused("InvalidParameterValue.TemplateParameterFormatError", "parameters are strings")
        if len(params) != len(placeholders(template["text"])):
            raise PhoneRefused(
                "FailedOperation.TemplateParamSetNotMatchApprovedTemplate",
                "parameters do not match the template",
            )
        if any(len(param) > LONGEST_PARAMETER for param in params):
            raise PhoneRefused(
                "InvalidParameterValue.TemplateParameterLengthLimit", "a parameter is too long"
            )
        # One pass, so that a value which itself reads "{2}" stays what it is.
        filled = re.sub(r"\{(\d+)\}", lambda match: params[int(match[1]) - 1], template["text"])
        return f"【{sign_name}】{filled}"

    def _stay_within_limits(self, call: Call, phone: str) -> None:
        sent = self.outbox.sent_today(phone)
        limit = DAILY_LIMIT
        if call.fault is not None and call.fault.mode == "daily_limit":
            limit = int(call.fault.number("limit", 0))
            self.world.faults.spend(self.name)
        if len(sent) >= limit:
            raise PhoneRefused(
                "LimitExceeded.PhoneNumberDailyLimit", "the number has reached its daily limit"
            )
        half_a_minute_ago = self.world.clock.wall() - timedelta(seconds=30)
        if call.has("thirty_second_limit") and any(at > half_a_minute_ago for at in sent):
            self.world.faults.spend(self.name)
            raise PhoneRefused("LimitExceeded.PhoneNumberThirtySecondLimit", "one message in 30 seconds")
        if call.has("insufficient_balance"):
            self.world.faults.spend(self.name)
            raise PhoneRefused("FailedOperation.InsufficientBalanceInSmsPackage", "insufficient balance")

    # Delivery reports.

    async def report(self) -> None:
        """Post what is still unreported to the callback; three tries, as a carrier's gateway would."""
        url = self._callback()
        fault = self.world.faults.look(self.name)
        failed = fault is not None and fault.mode == "undelivered"
        messages = self.outbox.take_unreported(MOST_NUMBERS)
        if not messages:
            return
        acknowledged = await _post_report(
            url, [self._report_on(message, failed=failed) for message in messages]
        )
        outcome = "unanswered" if not acknowledged else "FAIL" if failed else "SUCCESS"
        self.outbox.mark([message["serial"] for message in messages], outcome)

    def _callback(self) -> str:
        """As set by hand, else the house's own."""
        told = f"{self.world.callbacks}/api/v1/callbacks/sms" if self.world.callbacks else ""
        return str(self.world.books.recall("sms", "callback") or told)

    def _report_on(self, message: Mapping[str, Any], *, failed: bool) -> dict[str, Any]:
        received = self.world.clock.wall().astimezone(SHANGHAI).strftime("%Y-%m-%d %H:%M:%S")
        return {
            "user_receive_time": received,
            "nationcode": "86",
            "mobile": message["phone"].removeprefix("+86"),
            "report_status": "FAIL" if failed else "SUCCESS",
            "errmsg": "MK:0001" if failed else "DELIVRD",
            "description": "用户短信送达失败" if failed else "用户短信送达成功",
            "sid": message["serial"],
        }

    # The sandbox's own doors.

    async def list_messages(self, request: Request) -> Response:
        """Newest first. `phone` in any spelling, `after` a message number, `limit`."""
        query = request.query_params
        try:
            phone = e164(query["phone"]) if "phone" in query else None
            after, limit = int(query.get("after", "0")), int(query.get("limit", "50"))
        except (PhoneRefused, ValueError):
            return JSONResponse({"error": "phone, after or limit cannot be read"}, 400)
        return JSONResponse({"messages": self.outbox.read(phone=phone, after=after, limit=limit)})

    async def list_templates(self, _request: Request) -> Response:
        return JSONResponse(self.world.books.leaf_through("sms.templates"))

    async def put_templates(self, request: Request) -> Response:
        """`{"<template id>": {"name": …, "text": "…{1}…"}}`, approved at once."""
        try:
            wanted = await request.json()
            approved = {str(int(id)): {"name": t["name"], "text": t["text"]} for id, t in wanted.items()}
            for template in approved.values():
                placeholders(template["text"])
        except (ValueError, TypeError, KeyError, AttributeError):
            return JSONResponse({"error": 'expected {"2400099": {"name": "…", "text": "…{1}…"}}'}, 400)
        with self.world.books.writing():
            for id, template in approved.items():
                self.world.books.note("sms.templates", id, template)
        return JSONResponse(self.world.books.leaf_through("sms.templates"))

    async def put_callback(self, request: Request) -> Response:
        """`{"url": "http://127.0.0.1:…"}` receives delivery reports; null ends them. Loopback only."""
        try:
            url = (await request.json())["url"]
            if url is not None and urlsplit(url).hostname not in ("127.0.0.1", "localhost", "::1"):
                raise ValueError("not a loopback address")
        except (ValueError, TypeError, KeyError, AttributeError):
            return JSONResponse({"error": "url is a loopback address or null"}, 400)
        self.world.books.note("sms", "callback", url)
        return JSONResponse({"url": url})


async def _post_report(url: str, body: list[dict[str, Any]]) -> bool:
    async with httpx2.AsyncClient(timeout=5) as client:
        for delay_s in (0.0, 0.5, 2.0):
            await anyio.sleep(delay_s)
            try:
                answer = await client.post(url, json=body)
                if answer.is_success and answer.json().get("result") == 0:
                    return True
            except (httpx2.HTTPError, ValueError, AttributeError):
                continue
    return False


def e164(given: str) -> str:
    """
    Raises:
        PhoneRefused: no mobile number in any accepted spelling.
    """
    match = re.fullmatch(r"(?:\+86|0086|86)?(1[3-9]\d{9})", given.strip())
    if match is None:
        raise PhoneRefused("InvalidParameterValue.IncorrectPhoneNumber", "incorrect phone number")
    return f"+86{match[1]}"


def placeholders(text: str) -> list[int]:
    """The numbered gaps of a template, which must run 1, 2, 3 …

    Raises:
        ValueError: they do not.
    """
    numbers = sorted({int(number) for number in re.findall(r"\{(\d+)\}", text)})
    if numbers != list(range(1, len(numbers) + 1)):
        raise ValueError("gaps run {1}, {2}, {3} …")
    return numbers
