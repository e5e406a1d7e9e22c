"""Everything an installation may set, read once at start from TELEHEALTH_* variables.

Nested names use two underscores (`TELEHEALTH_SMS__SECRET_KEY`). The demo profile fills the
addresses of the embedded database and the sandboxes itself.
"""

import os
from datetime import time
from enum import StrEnum
from pathlib import Path
from typing import Annotated, Literal

from pydantic import BaseModel, Field, SecretStr, model_validator
from pydantic_settings import BaseSettings, NoDecode, SettingsConfigDict

from telehealth.core.homes import data_home


class Profile(StrEnum):
    DEMO = "demo"
    TEST = "test"
    PRODUCTION = "production"


class SMS(BaseModel, frozen=True):
    """Tencent Cloud SMS, version 2021-01-11."""

    endpoint: str = ""
    secret_id: SecretStr = SecretStr("")
    secret_key: SecretStr = SecretStr("")
    app_id: str = ""
    sign_name: str = ""
    region: str = "ap-beijing"
    #: Our notice name → the vendor's template id.
    templates: dict[str, str] = Field(default_factory=dict)


class FaceID(BaseModel, frozen=True):
    """Tencent Cloud FaceID, version 2018-03-01."""

    endpoint: str = ""
    secret_id: SecretStr = SecretStr("")
    secret_key: SecretStr = SecretStr("")
    #: The vendor's name for our way of checking a face.
    rule_id: str = "1"
    region: str = "ap-beijing"


class HIS(BaseModel, frozen=True):
    """One hospital's FHIR R4 door."""

    base_url: str
    token: SecretStr
    organization: str = ""
    resident_id_system: str = "urn:oid:2.16.156.10011.1.3"
    passport_system: str = "urn:telehealth:passport"
    permit_system: str = "urn:telehealth:permit"
    card_system: str = "urn:telehealth:card"
    insurance_card_system: str = "urn:telehealth:social-security-card"
    timeout_s: float = 4.0


class WeChatPay(BaseModel, frozen=True):
    """One hospital's merchant account at WeChat Pay, API v3."""

    base_url: str = "https://api.mch.weixin.qq.com"
    mchid: str
    #: Service account and mini-program the merchant is bound to; an openid belongs to one of them.
    appid: str
    mini_appid: str = ""
    serial_no: str
    private_key: SecretStr
    apiv3_key: SecretStr
    #: Public-key mode: id and PEM. Empty: platform certificates are fetched and rotated.
    public_key_id: str = ""
    public_key: str = ""
    #: Where callbacks reach us; empty takes `public_url`.
    notify_url: str = ""
    #: WeChat refuses loopback as an H5 payer's address; a demo on one machine names another.
    client_ip: str = ""
    #: Split payments: the channel's own names for place and institution.
    city_id: str = ""
    med_inst_no: str = ""
    med_inst_name: str = ""
    timeout_s: float = 5.0


class NHSA(BaseModel, frozen=True):
    """One hospital's door to the national insurance platform."""

    base_url: str
    app_id: str
    app_secret: SecretStr
    fixmedins_code: str
    fixmedins_name: str
    #: Administrative division of the place of care.
    area: str
    #: Where a patient authorises the insurance code; a browser goes there.
    authorise_url: str
    #: Regions whose `fundPay` holds the personal account, too (INTEGRATIONS §2.4, traps).
    fund_includes_account: tuple[str, ...] = ()
    #: Not every province answers 5203 to an institution.
    tells_accounts: bool = True
    timeout_s: float = 8.0


class SF(BaseModel, frozen=True):
    """One hospital's account at SF Express. Freight is collected at the door, so there is no monthly card."""

    base_url: str = "https://bspgw.sf-express.com/std/service"
    partner_id: str
    checkword: SecretStr
    #: The last part of the address SF pushes routes to. SF signs nothing, so it must be long, random, and
    #: known to SF and us alone.
    push_token: Annotated[SecretStr, Field(min_length=16)]
    #: The printed label; empty takes SF's own 150 mm one.
    template_code: str = ""
    #: SF's products: ordinary parcels, and medicine that must stay chilled.
    express_type: int = 2
    cold_express_type: int = 12
    #: 1 chilled, 3 frozen.
    temperature_range: int = 1
    timeout_s: float = 5.0


class Kuaidi100(BaseModel, frozen=True):
    """One hospital's account at the aggregator that follows EMS, JD and other couriers' parcels."""

    query_url: str = "https://poll.kuaidi100.com/poll/query.do"
    subscribe_url: str = "https://poll.kuaidi100.com/poll"
    customer: str
    key: SecretStr
    #: What pushes are signed with.
    salt: SecretStr
    #: The last part of the address that is pushed to.
    push_token: Annotated[SecretStr, Field(min_length=16)]
    #: Where callbacks reach us; empty takes `public_url`.
    callback_url: str = ""
    timeout_s: float = 5.0


class WeChat(BaseModel, frozen=True):
    """A hospital's service account and mini-program: by these people sign in, and pay."""

    api_url: str = "https://api.weixin.qq.com"
    connect_url: str = "https://open.weixin.qq.com"
    appid: str = ""
    secret: SecretStr = SecretStr("")
    mini_appid: str = ""
    mini_secret: SecretStr = SecretStr("")
    #: The JS-SDK a page inside WeChat loads before it may ask for a split payment.
    jssdk_url: str = "https://res.wx.qq.com/open/js/jweixin-1.6.0.js"
    #: Our family of messages → the template the hospital registered: of its service account, of its
    #: mini-program.
    templates: dict[str, str] = Field(default_factory=dict)
    mini_templates: dict[str, str] = Field(default_factory=dict)
    #: The mini-program's page that opens ours, given as `path`; and which of its builds messages lead to.
    mini_page: str = "pages/web/web"
    mini_state: Literal["developer", "trial", "formal"] = "formal"
    #: What results are pushed with, as set in both consoles. With an AES key pushes must be encrypted.
    push_token: SecretStr = SecretStr("")
    push_aes_key: SecretStr = SecretStr("")
    timeout_s: float = 5.0


class Notices(BaseModel, frozen=True):
    """How a notice climbs to its reader. One person's phone serves many hospitals: so it is set once."""

    #: Asia/Shanghai. What can wait is not sent to a phone between these; equal means no such hours.
    quiet_from: time = time(22)
    quiet_until: time = time(7)
    #: Minutes of business time without a receipt, after which the next channel is asked.
    confirm_min: Annotated[int, Field(ge=1, le=1440)] = 10
    urgent_confirm_min: Annotated[int, Field(ge=1, le=60)] = 2
    #: How often a channel that is down is tried before the next one is, when there is one.
    tries: Annotated[int, Field(ge=1, le=5)] = 3


class Signing(BaseModel, frozen=True):
    """Who signs prescription sheets, and who stamps their time (ADR 6)."""

    #: Certificates of our own making prove nothing to others: production must ask for them by name.
    local_authority: bool = False
    #: RFC 3161 over HTTP, and its root as PEM. Empty: the local authority stamps, too.
    tsa_url: str = ""
    tsa_root: str = ""
    timeout_s: float = 5.0


class S3(BaseModel, frozen=True):
    endpoint: str
    bucket: str
    access_key: SecretStr
    secret_key: SecretStr
    region: str = "us-east-1"
    #: The bucket was made with object lock: recordings cannot be deleted before their time.
    object_lock: bool = False


class RecorderSettings(BaseModel, frozen=True):
    """One recorder process (`telehealth recorder`)."""

    #: Where members send their media: addresses of this machine that they can reach. Empty: all of them but
    #: loopback. A demo on one machine names 127.0.0.1.
    addresses: tuple[str, ...] = ()
    #: Where segments lie until they are shipped; each recorder needs one of its own. Empty: below `home`.
    spool: Path | None = None
    max_legs: int = 40
    #: How long a segment is, in seconds.
    segment_s: float = 60
    #: Process records are kept for three years at least (2022 rules for internet care).
    keep_years: int = 3


class TURN(BaseModel, frozen=True):
    """coturn with time-limited credentials (`use-auth-secret`); docs/runbooks/turn.md."""

    #: As browsers write them: "turn:HOST:3478?transport=udp", "turn:HOST:3478?transport=tcp",
    #: "turns:HOST:443?transport=tcp".
    urls: Annotated[tuple[str, ...], Field(min_length=1)]
    secret: SecretStr
    #: While secrets are rotated: the one that comes. Nothing is signed with it; the health check
    #: says whether coturn knows it already.
    next_secret: SecretStr = SecretStr("")
    #: Seconds a credential lives. Longer than a client needs to notice that it got a new one.
    ttl_s: Annotated[int, Field(ge=600, le=86_400)] = 3600


class Settings(BaseSettings):
    model_config = SettingsConfigDict(env_prefix="TELEHEALTH_", env_nested_delimiter="__", frozen=True)

    profile: Profile = Profile.DEMO
    home: Path = Field(default_factory=data_home)

    #: Connects as `telehealth_app`, neither owner nor superuser.
    database_url: SecretStr = SecretStr("")
    #: Only `migrate` connects as the owner.
    owner_url: SecretStr = SecretStr("")
    pool_size: int = 16

    host: str = "127.0.0.1"
    port: int = 8000
    #: What people type; decides cookies (`Secure` unless plain http) and the allowed Origin.
    public_url: str = "http://127.0.0.1:8000"
    trusted_proxies: Annotated[tuple[str, ...], NoDecode] = ("127.0.0.1",)
    worker_in_web: bool = True
    worker_concurrency: int = 8
    heartbeat_s: float = 10
    stalled_after_s: float = 60
    sweep_every_s: float = 60

    #: Holds keys.json (0600): the sealing ring, ticket key and blob key.
    keys_file: Path | None = None
    limits_url: str = "async+memory://"
    #: Carries hints between nodes: "redis://…"; empty takes the database.
    bus_url: str = ""
    #: How this process is called among the nodes; empty makes a name.
    node: str = ""
    clamd_socket: str = ""

    #: Where the demo's sandboxes stand, so that its pages can show what a phone would show.
    sandbox_url: str = ""
    notices: Notices = Notices()
    sms: SMS = SMS()
    faceid: FaceID = FaceID()
    #: Hospital code → its HIS.
    his: dict[str, HIS] = Field(default_factory=dict)
    #: Hospital code → its merchant account.
    wechatpay: dict[str, WeChatPay] = Field(default_factory=dict)
    #: Hospital code → its door to the insurer.
    nhsa: dict[str, NHSA] = Field(default_factory=dict)
    #: Hospital code → its account at SF Express.
    sf: dict[str, SF] = Field(default_factory=dict)
    #: Hospital code → its account at Kuaidi100.
    kuaidi100: dict[str, Kuaidi100] = Field(default_factory=dict)
    #: Hospital code → its apps at WeChat.
    wechat: dict[str, WeChat] = Field(default_factory=dict)
    #: "WeChatsName.txt" → what is in it: proves that pages of this host may be shown in a mini-program.
    verification_files: dict[Annotated[str, Field(pattern=r"^[A-Za-z0-9_-]+\.txt$")], str] = Field(
        default_factory=dict
    )
    s3: S3 | None = None
    signing: Signing = Signing()
    #: Without it browsers only find each other directly.
    turn: TURN | None = None
    recorder: RecorderSettings = RecorderSettings()

    @property
    def spool(self) -> Path:
        return self.recorder.spool or self.home / "spool"

    @property
    def keys_path(self) -> Path:
        return self.keys_file or self.home / "keys.json"

    @property
    def is_demo(self) -> bool:
        return self.profile is Profile.DEMO

    @property
    def cookies_secure(self) -> bool:
        return self.public_url.startswith("https://")

    @model_validator(mode="after")
    def production_never_meets_a_sandbox(self) -> "Settings":
        """A sandbox address or key in production would treat patients against invented books."""
        if self.profile is not Profile.PRODUCTION:
            return self
        doors: dict[str, BaseModel] = {
            "sms": self.sms,
            "faceid": self.faceid,
            **{f"his.{code}": his for code, his in self.his.items()},
            **{f"wechat.{code}": app for code, app in self.wechat.items()},
            **{f"wechatpay.{code}": pay for code, pay in self.wechatpay.items()},
            **{f"nhsa.{code}": door for code, door in self.nhsa.items()},
            **{f"sf.{code}": account for code, account in self.sf.items()},
            **{f"kuaidi100.{code}": account for code, account in self.kuaidi100.items()},
            "signing": self.signing,
            **({} if self.turn is None else {"turn": self.turn}),
        }
        for name, door in doors.items():
            if any(_is_of_sandbox(value) for _, value in door):
                raise ValueError(f"production refuses the sandbox configured for {name}")
        if self.sandbox_url:
            raise ValueError("production has no sandbox: leave sandbox_url empty")
        if os.environ.get("TELEHEALTH_KILL_AT"):
            raise ValueError("production refuses TELEHEALTH_KILL_AT, which is for rehearsals")
        if not self.cookies_secure:
            raise ValueError("production needs an https public_url")
        if not self.database_url.get_secret_value():
            raise ValueError("production needs database_url")
        return self


def _is_of_sandbox(value: object) -> bool:
    """An address on this machine, or a name or key as the sandbox hands them out."""
    if isinstance(value, tuple):
        return any(_is_of_sandbox(one) for one in value)
    text = value.get_secret_value() if isinstance(value, SecretStr) else value
    if not isinstance(text, str):
        return False
    loopback = any(host in text for host in ("127.0.0.1", "localhost", "[::1]"))
    return loopback or text.lower().startswith(("sandbox", "wxsandbox"))
