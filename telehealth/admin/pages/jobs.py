"""Work that gave up after its last try. Arguments stay hidden: they may be another hospital's."""

from starlette.requests import Request
from starlette.responses import RedirectResponse, Response
from starlette.routing import Route

from telehealth.core import jobs
from telehealth.core.access import Actor, Permission
from telehealth.core.errors import Forbidden
from telehealth.core.unit import Unit
from telehealth.web.contract import page
from telehealth.web.house import house_of
from telehealth.web.pages import render


@page(needs=Permission.SEE_JOBS)
async def parked_jobs_page(request: Request, unit: Unit) -> Response:
    parked = await jobs.parked(unit)
    return render(
        request,
        "admin/jobs.html",
        jobs=[{"id": job["id"], "task": job["task_name"], "attempts": job["attempts"]} for job in parked],
    )


@page(needs=Permission.STAFF_HOME)
async def admin_home_page(request: Request, actor: Actor) -> Response:
    """To the first page of the administrator's that this person may open."""
    links = [link for feature in house_of(request).features for link in feature.rail]
    mine = [x for x in sorted(links, key=lambda x: x.order) if x.href.startswith("/admin/")]
    first = next((link.href for link in mine if link.permission in actor.permissions), None)
    if first is None:
        raise Forbidden()
    return RedirectResponse(first, 303)


routes = [Route("/admin", admin_home_page), Route("/admin/jobs", parked_jobs_page)]
