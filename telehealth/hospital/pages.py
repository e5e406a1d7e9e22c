"""The administrator's page of system keys: who may read records from outside, and since when not."""

from uuid import UUID

from starlette.requests import Request
from starlette.responses import Response
from starlette.routing import Route

from telehealth.core.access import Permission
from telehealth.core.i18n import N_
from telehealth.core.unit import Unit
from telehealth.directory import hospital
from telehealth.hospital import keying
from telehealth.hospital.models import SystemKey
from telehealth.hospital.schemas import MakeSystemKey
from telehealth.web.contract import page
from telehealth.web.forms import Form, blank, read_form
from telehealth.web.house import house_of
from telehealth.web.pages import redirect, render

NEEDS = Permission.MANAGE_STAFF


@page(needs=NEEDS)
async def system_keys_page(request: Request, unit: Unit) -> Response:
    return await _show(request, unit, blank())


@page(needs=NEEDS)
async def make_system_key_page(request: Request, unit: Unit) -> Response:
    """The key is in this answer and nowhere else."""
    form = await read_form(request, MakeSystemKey)
    if form.model is None:
        return await _show(request, unit, form, status=422)
    row, token = await keying.make_key(unit, form.model.name)
    address = await _address(request, unit)
    return render(request, "hospital/system_key.html", name=row.name, token=token, address=address)


@page(needs=NEEDS)
async def revoke_system_key_page(unit: Unit, key_id: UUID) -> Response:
    await keying.revoke_key(unit, key_id)
    return redirect("/admin/system-keys", flash=N_("密钥已停用，使用它的系统从现在起不能再读取"))


async def _show(request: Request, unit: Unit, form: Form[MakeSystemKey], *, status: int = 200) -> Response:
    return render(
        request,
        "hospital/system_keys.html",
        status,
        keys=[_line(row) for row in await keying.keys_of(unit)],
        address=await _address(request, unit),
        values=form.values,
        errors=form.errors,
    )


async def _address(request: Request, unit: Unit) -> str:
    place = await hospital(unit, unit.actor.hospital)
    return f"{house_of(request).settings.public_url.rstrip('/')}/fhir/{place.code}"


def _line(row: SystemKey) -> dict[str, object]:
    is_live = row.revoked_at is None
    return {
        "id": row.id,
        "name": row.name,
        "made_at": row.made_at,
        "used_at": row.used_at,
        "is_live": is_live,
        "kind": "ok" if is_live else "",
        "label": N_("使用中") if is_live else N_("已停用"),
    }


routes = [
    Route("/admin/system-keys", system_keys_page),
    Route("/admin/system-keys", make_system_key_page, methods=["POST"]),
    Route("/admin/system-keys/{key_id:uuid}/revocation", revoke_system_key_page, methods=["POST"]),
]
