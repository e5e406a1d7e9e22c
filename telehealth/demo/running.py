"""The whole house on one machine: PostgreSQL, the outside parties' sandboxes, web with worker.

Imports little on purpose: the children import the house while PostgreSQL starts, which is what
makes the second start quick.
"""

import json
import os
import sys
import time
import urllib.error
import urllib.request
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from telehealth.core.embedded import EmbeddedPostgres
from telehealth.core.homes import data_home
from telehealth.core.processes import CannotStart
from telehealth.core.provisioning import provision
from telehealth.core.supervisor import Child, Step, Supervisor
from telehealth.demo.lan import certificate_for, lan_addresses, qr_code
from telehealth.demo.relay import MISSING, find_relay

HOST = "127.0.0.1"

#: Our notices → the sandbox carrier's approved templates.
TEMPLATES = {
    "sign_in_code": "2400001",
    "consent_code": "2400002",
    "booking_held": "2400003",
    "booking_pending": "2400004",
    "booking_confirmed": "2400005",
    "booking_cancelled": "2400006",
    "booking_released": "2400007",
    "clinic_closed": "2400008",
    "booking_refused": "2400009",
    "reminder": "2400010",
    "room_urgent": "2400011",
    "doctor_wrote": "2400012",
    "doctor_admitted": "2400013",
    "patient_reminded": "2400014",
    "doctor_nudged": "2400015",
    "follow_up_due": "2400016",
    "family_code": "2400024",
    "relative_payment_code": "2400025",
    "rx_returned": "2400017",
    "rx_payable": "2400018",
    "rx_reminded": "2400019",
    "rx_expired": "2400020",
    "rx_undone": "2400021",
    "rx_called": "2400022",
    "rx_recalled": "2400023",
    "notice": "2400080",
    "rx_review_late": "2400081",
    "complaint_answered": "2400060",
    "complaint_late": "2400061",
    "reaction_to_assess": "2400062",
    "reaction_reported": "2400063",
    "reaction_assessed": "2400064",
    "bill_ready": "2400040",
    "bill_reminded": "2400041",
    "bill_paid": "2400042",
    "bill_window": "2400043",
    "bill_medicine_ready": "2400044",
    "bill_returned": "2400045",
    "queue_near": "2400046",
    "queue_called": "2400047",
    "queue_requeued": "2400048",
    "queue_missed": "2400049",
}

#: WeChat messages: our families → the templates the sandbox platform approved for both apps.
MESSAGE_FAMILIES = ("visit", "money", "number", "general")

#: What a merchant account is made of, as the sandbox keeps it.
MERCHANT = (
    "mchid", "appid", "mini_appid", "serial_no", "private_key", "apiv3_key", "public_key_id", "public_key",
)  # fmt: skip
#: Hospital code → its number, name and division at the sample insurer.
INSTITUTIONS = {
    "yunan": ("H11009800001", "云安医院", "110100"),
    "jiangbin": ("H11009800002", "江滨医院", "110100"),
}
#: Those a home of an earlier release has no keys for yet.
NEWEST_PARTIES = frozenset({"sf", "kuaidi100", "tsa", "wechatpush"})
#: A documentation address (RFC 5737): WeChat refuses loopback for a payer outside WeChat.
SAMPLE_IP = "203.0.113.7"


def run(env: Mapping[str, str] = os.environ, *, lan: bool = False) -> int:
    """Start everything, print where it is, and stop it in order on Ctrl-C. Main thread only.

    `lan` lets the phones of this network in, by TLS.
    """
    home = data_home(env)
    home.mkdir(parents=True, exist_ok=True)
    port = int(env.get("TELEHEALTH_PORT", "8000"))
    sandbox_port = int(env.get("TELEHEALTH_SANDBOX_PORT", str(port + 90)))
    addresses = lan_addresses() if lan else []
    host = addresses[0] if lan else HOST
    here = f"http://{HOST}:{port}"
    public_url = f"https://{host}:{port}" if lan else env.get("TELEHEALTH_PUBLIC_URL", here)
    log_dir = home / "log"
    parties = Parties(home / "sandbox", f"http://{host}:{sandbox_port}", callbacks=here if lan else "")
    relay = find_relay(home / "coturn", host, env)
    database = _database(env, home)

    def web_env() -> dict[str, str]:
        return {
            "TELEHEALTH_PROFILE": "demo",
            "TELEHEALTH_HOME": str(home),
            "TELEHEALTH_PORT": str(port),
            "TELEHEALTH_PUBLIC_URL": public_url,
            **database.urls(),
            **parties.settings(),
            **({} if relay is None else relay.settings()),
        }

    python = sys.executable
    told = ["--port-base", str(sandbox_port), "--callbacks", here]
    sandbox = Child(
        "sandbox",
        [python, "-m", "telehealth.sandbox", "--home", parties.home, *told],
        log_dir=log_dir,
        ready=parties.answer,
    )
    web = Child(
        "web",
        [python, "-m", "telehealth.command", "web"],
        log_dir=log_dir,
        env=web_env,
        ready=lambda: answers(f"{here}/health/ready"),
        grace_s=25,
    )
    recorder = Child(
        "recorder",
        [python, "-m", "telehealth.command", "recorder", "--after", f"{here}/health/ready"],
        log_dir=log_dir,
        # Browsers reach us there, and aiortc would not offer loopback by itself.
        env=lambda: {"TELEHEALTH_RECORDER__ADDRESSES": json.dumps([host]), **web_env()},
        grace_s=20,
    )
    front = [_front(home, addresses, (port, sandbox_port), log_dir)] if lan else []
    between = [] if relay is None else [relay.child(log_dir)]
    children = [
        *database.children, *between, *front, sandbox, Step("sandbox keys", parties.wait), web, recorder
    ]  # fmt: skip
    welcome = _Welcome(public_url, parties.base_url, MISSING if relay is None else relay.url, lan=lan)
    return Supervisor(
        *children,
        on_started=lambda: print(welcome.text(home), flush=True),
        say=lambda line: print(line, flush=True),
        ready_within_s=180,
    ).run()


class Parties:
    """The sandboxes' addresses and credentials, as settings of the house."""

    def __init__(self, home: Path, base_url: str, *, callbacks: str = "") -> None:
        """`callbacks` is where they find us, when that is not what people type."""
        self.home = home
        self.base_url = base_url
        self.callbacks = callbacks

    def answer(self) -> bool:
        return answers(f"{self.base_url}/console/state")

    def wait(self) -> None:
        """Until the keys exist, which is only at the first start, or the first with a new party."""
        deadline = time.monotonic() + 30
        while not NEWEST_PARTIES <= self._keys().keys():
            if time.monotonic() > deadline:
                raise CannotStart("the sandboxes did not start; see log/sandbox.log")
            time.sleep(0.05)

    def settings(self) -> dict[str, str]:
        """From the keys file, so that a restart need not wait for the sandboxes themselves."""
        keys = self._keys()
        address = self.base_url
        his = {
            code: {
                "base_url": f"{address}/his/{code}/fhir",
                "token": token,
                "organization": f"Organization/{code}",
                "card_system": f"urn:telehealth:card:{code}",
            }
            for code, token in keys["his"].items()
        }
        sms = {
            "endpoint": address,
            "app_id": "1400990001",
            "sign_name": "互联网医院",
            "templates": TEMPLATES,
            **keys["sms"],
        }
        return {
            "TELEHEALTH_HIS": json.dumps(his),
            "TELEHEALTH_SMS": json.dumps(sms),
            "TELEHEALTH_FACEID": json.dumps({"endpoint": address, **keys["faceid"]}),
            "TELEHEALTH_WECHAT": json.dumps(
                {code: self._wechat(held, keys["wechatpush"][code]) for code, held in keys["wechat"].items()}
            ),
            "TELEHEALTH_WECHATPAY": json.dumps(
                {code: self._merchant(code, held) for code, held in keys["wechatpay"].items()}
            ),
            "TELEHEALTH_NHSA": json.dumps(
                {code: self._insurer(code, held) for code, held in keys["nhsa"].items()}
            ),
            "TELEHEALTH_SF": json.dumps({code: self._courier(held) for code, held in keys["sf"].items()}),
            "TELEHEALTH_KUAIDI100": json.dumps(
                {code: self._aggregator(held) for code, held in keys["kuaidi100"].items()}
            ),
            "TELEHEALTH_SIGNING": json.dumps({"tsa_url": f"{address}/tsa/", "tsa_root": keys["tsa"]["root"]}),
            "TELEHEALTH_SANDBOX_URL": address,
        }

    def _keys(self) -> dict[str, dict[str, Any]]:
        """None before the sandboxes have made them. They are replaced whole, never half written."""
        try:
            keys: dict[str, dict[str, Any]] = json.loads((self.home / "sandbox.json").read_text("utf-8"))
        except FileNotFoundError:
            return {}
        return keys

    def _wechat(self, held: Mapping[str, Any], push: Mapping[str, str]) -> dict[str, Any]:
        address = f"{self.base_url}/wechat"
        return {
            "api_url": address,
            "connect_url": address,
            "jssdk_url": f"{address}/bridge.js",
            "appid": held["service"]["appid"],
            "secret": held["service"]["secret"],
            "mini_appid": held["mini"]["appid"],
            "mini_secret": held["mini"]["secret"],
            "templates": {name: f"sandbox-template-{name}" for name in MESSAGE_FAMILIES},
            "mini_templates": {name: f"sandbox-subscribe-{name}" for name in MESSAGE_FAMILIES},
            **push,
        }

    def _merchant(self, code: str, held: Mapping[str, Any]) -> dict[str, str]:
        number, name, area = INSTITUTIONS[code]
        return {
            "base_url": f"{self.base_url}/wechatpay",
            **{part: held[part] for part in MERCHANT},
            "client_ip": SAMPLE_IP,
            "notify_url": self.callbacks,
            "city_id": area,
            "med_inst_no": number,
            "med_inst_name": name,
        }

    def _insurer(self, code: str, held: Mapping[str, Any]) -> dict[str, str]:
        number, name, area = INSTITUTIONS[code]
        return {
            "base_url": f"{self.base_url}/nhsa/api",
            "authorise_url": f"{self.base_url}/nhsa/authorise",
            "app_id": held["app_id"],
            "app_secret": held["secret"],
            "fixmedins_code": number,
            "fixmedins_name": name,
            "area": area,
        }

    def _courier(self, held: Mapping[str, Any]) -> dict[str, str]:
        return {"base_url": f"{self.base_url}/sf/std/service", **held}

    def _aggregator(self, held: Mapping[str, Any]) -> dict[str, str]:
        address = f"{self.base_url}/kuaidi100/poll"
        return {
            "query_url": f"{address}/query.do",
            "subscribe_url": address,
            "callback_url": self.callbacks,
            **held,
        }


def answers(url: str) -> bool:
    try:
        with urllib.request.urlopen(url, timeout=2) as response:  # noqa: S310 - our own loopback address
            return bool(response.status == 200)
    except (urllib.error.URLError, OSError):
        return False


class _Given:
    """A server somebody else runs."""

    children: tuple[Any, ...] = ()

    def __init__(self, env: Mapping[str, str]) -> None:
        self._urls = {name: env[name] for name in ("TELEHEALTH_DATABASE_URL", "TELEHEALTH_OWNER_URL")}

    def urls(self) -> dict[str, str]:
        return self._urls


class _Embedded:
    def __init__(self, home: Path) -> None:
        self.server = EmbeddedPostgres(home / "postgres")
        self.children = (self.server,)

    def urls(self) -> dict[str, str]:
        addresses = provision(self.server)
        return {"TELEHEALTH_DATABASE_URL": addresses.app_url, "TELEHEALTH_OWNER_URL": addresses.owner_url}


def _database(env: Mapping[str, str], home: Path) -> Any:
    if env.get("TELEHEALTH_DATABASE_URL"):
        if not env.get("TELEHEALTH_OWNER_URL"):
            raise CannotStart("TELEHEALTH_DATABASE_URL needs TELEHEALTH_OWNER_URL, which migrates")
        return _Given(env)
    return _Embedded(home)


def _front(home: Path, addresses: Sequence[str], ports: tuple[int, int], log_dir: Path) -> Child:
    """Lets the network in. The pages by TLS, as a camera wants; the sandboxes plainly, as they are."""
    held = certificate_for(home / "tls", addresses)
    argv: list[str | Path] = [sys.executable, "-m", "telehealth.demo.front"]
    argv += ["--certificate", held.certificate, "--key", held.key]
    web, sandbox = ports
    for address in addresses:
        argv += ["--tls", f"{address}:{web}={web}", "--plain", f"{address}:{sandbox}={sandbox}"]
    return Child("front", argv, log_dir=log_dir)


@dataclass(frozen=True, slots=True)
class _Welcome:
    """What is said once everything answers."""

    public_url: str
    sandbox_url: str
    relay: str
    lan: bool

    def text(self, home: Path) -> str:
        accounts = json.loads((home / "demo-accounts.json").read_text("utf-8"))
        lines = [
            "",
            f"  互联网医院演示 / Telehealth demo    {self.public_url}/demo",
            f"  患者 / patients                     {self.public_url}/",
            f"  员工 / staff                        {self.public_url}/staff",
            f"  接口 / API reference                {self.public_url}/api/v1/reference",
            f"  外部系统沙箱 / sandboxes             {self.sandbox_url}/console/",
            f"  媒体中继 / relay                    {self.relay}",
            *(self._for_phones() if self.lan else ()),
            "",
            "  样例账号 / sample sign-ins (codes are shown on /demo)",
        ]
        for account in accounts:
            lines.append(f"    {account['role']:<24}{account['sign_in']}")
        lines += ["", f"  数据 / data: {home}    Ctrl-C 停止 / stops", ""]
        return "\n".join(lines)

    def _for_phones(self) -> list[str]:
        return [
            "",
            qr_code(f"{self.public_url}/demo"),
            "  同一网络的手机扫码进入；证书是本机自制的，请在手机上选择继续访问（高级 → 继续）。",
            "  Phones in this network: scan it. The certificate was made here: the phone must accept it",
            "  (advanced, proceed). Anybody in this network can open this demo.",
        ]
