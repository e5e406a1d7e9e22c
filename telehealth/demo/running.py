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
from collections.abc import Mapping
from pathlib import Path
from typing import Any

from telehealth.core.embedded import EmbeddedPostgres
from telehealth.core.homes import data_home
from telehealth.core.processes import CannotStart
from telehealth.core.provisioning import provision
from telehealth.core.supervisor import Child, Step, Supervisor

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
}

#: What a merchant account is made of, as the sandbox keeps it.
MERCHANT = (
    "mchid", "appid", "mini_appid", "serial_no", "private_key", "apiv3_key", "public_key_id", "public_key",
)  # fmt: skip
#: Hospital code → its number, name and division at the sample insurer.
INSTITUTIONS = {
    "yunan": ("H11009800001", "云安医院", "110100"),
    "jiangbin": ("H11009800002", "江滨医院", "110100"),
}
#: A documentation address (RFC 5737): WeChat refuses loopback for a payer outside WeChat.
SAMPLE_IP = "203.0.113.7"


def run(env: Mapping[str, str] = os.environ) -> int:
    """Start everything, print where it is, and stop it in order on Ctrl-C. Main thread only."""
    home = data_home(env)
    home.mkdir(parents=True, exist_ok=True)
    port = int(env.get("TELEHEALTH_PORT", "8000"))
    sandbox_port = int(env.get("TELEHEALTH_SANDBOX_PORT", str(port + 90)))
    public_url = env.get("TELEHEALTH_PUBLIC_URL", f"http://{HOST}:{port}")
    log_dir = home / "log"
    parties = Parties(home / "sandbox", f"http://{HOST}:{sandbox_port}")
    database = _database(env, home)

    def web_env() -> dict[str, str]:
        return {
            "TELEHEALTH_PROFILE": "demo",
            "TELEHEALTH_HOME": str(home),
            "TELEHEALTH_PORT": str(port),
            "TELEHEALTH_PUBLIC_URL": public_url,
            **database.urls(),
            **parties.settings(),
        }

    python = sys.executable
    sandbox = Child(
        "sandbox",
        [python, "-m", "telehealth.sandbox", "--home", parties.home, "--port-base", str(sandbox_port)],
        log_dir=log_dir,
        ready=parties.answer,
    )
    web = Child(
        "web",
        [python, "-m", "telehealth.command", "web"],
        log_dir=log_dir,
        env=web_env,
        ready=lambda: answers(f"http://{HOST}:{port}/health/ready"),
        grace_s=25,
    )
    recorder = Child(
        "recorder",
        [python, "-m", "telehealth.command", "recorder", "--after", f"http://{HOST}:{port}/health/ready"],
        log_dir=log_dir,
        # Browsers on this machine reach us there, and aiortc would not offer it by itself.
        env=lambda: {"TELEHEALTH_RECORDER__ADDRESSES": json.dumps([HOST]), **web_env()},
        grace_s=20,
    )
    children = [*database.children, sandbox, Step("sandbox keys", parties.wait), web, recorder]
    return Supervisor(
        *children,
        on_started=lambda: print(_welcome(public_url, parties.base_url, home), flush=True),
        say=lambda line: print(line, flush=True),
        ready_within_s=180,
    ).run()


class Parties:
    """The sandboxes' addresses and credentials, as settings of the house."""

    def __init__(self, home: Path, base_url: str) -> None:
        self.home = home
        self.base_url = base_url

    def answer(self) -> bool:
        return answers(f"{self.base_url}/console/state")

    def wait(self) -> None:
        """Until the keys exist, which is only at the first start."""
        deadline = time.monotonic() + 30
        while not (self.home / "sandbox.json").exists():
            if time.monotonic() > deadline:
                raise CannotStart("the sandboxes did not start; see log/sandbox.log")
            time.sleep(0.05)

    def settings(self) -> dict[str, str]:
        """From the keys file, so that a restart need not wait for the sandboxes themselves."""
        keys: dict[str, dict[str, Any]] = json.loads((self.home / "sandbox.json").read_text("utf-8"))
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
                {code: self._wechat(held) for code, held in keys["wechat"].items()}
            ),
            "TELEHEALTH_WECHATPAY": json.dumps(
                {code: self._merchant(code, held) for code, held in keys["wechatpay"].items()}
            ),
            "TELEHEALTH_NHSA": json.dumps(
                {code: self._insurer(code, held) for code, held in keys["nhsa"].items()}
            ),
            "TELEHEALTH_SANDBOX_URL": address,
        }

    def _wechat(self, held: Mapping[str, Any]) -> dict[str, str]:
        address = f"{self.base_url}/wechat"
        return {
            "api_url": address,
            "connect_url": address,
            "jssdk_url": f"{address}/bridge.js",
            "appid": held["service"]["appid"],
            "secret": held["service"]["secret"],
            "mini_appid": held["mini"]["appid"],
            "mini_secret": held["mini"]["secret"],
        }

    def _merchant(self, code: str, held: Mapping[str, Any]) -> dict[str, str]:
        number, name, area = INSTITUTIONS[code]
        return {
            "base_url": f"{self.base_url}/wechatpay",
            **{part: held[part] for part in MERCHANT},
            "client_ip": SAMPLE_IP,
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


def _welcome(public_url: str, sandbox_url: str, home: Path) -> str:
    accounts = json.loads((home / "demo-accounts.json").read_text("utf-8"))
    lines = [
        "",
        f"  互联网医院演示 / Telehealth demo    {public_url}/demo",
        f"  患者 / patients                     {public_url}/",
        f"  员工 / staff                        {public_url}/staff",
        f"  接口 / API reference                {public_url}/api/v1/reference",
        f"  外部系统沙箱 / sandboxes             {sandbox_url}/console/",
        "",
        "  样例账号 / sample sign-ins (codes are shown on /demo)",
    ]
    for account in accounts:
        lines.append(f"    {account['role']:<24}{account['sign_in']}")
    lines += ["", f"  数据 / data: {home}    Ctrl-C 停止 / stops", ""]
    return "\n".join(lines)
