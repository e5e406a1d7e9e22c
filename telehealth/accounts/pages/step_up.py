"""HTML route of the step-up: the second factor once more, then back to the room."""

from starlette.requests import Request
from starlette.responses import Response
from starlette.routing import Route

from telehealth.accounts import stepping_up
from telehealth.accounts.doors import knock
from telehealth.accounts.pages.staff import HOME
from telehealth.accounts.schemas import StepUpForm
from telehealth.core.access import Actor, Permission
from telehealth.core.errors import DomainError
from telehealth.core.unit import Units
from telehealth.web.contract import page
from telehealth.web.forms import read_form
from telehealth.web.pages import own_path, redirect, render, words
from telehealth.web.preferences import language
from telehealth.web.problems import sentence, status_of


@page(needs=Permission.STAFF_HOME)
async def step_up_page(request: Request) -> Response:
    return _ask(request, own_path(request.query_params.get("next", HOME), HOME), {}, 200)


@page(needs=Permission.STAFF_HOME)
async def take_step_up_page(request: Request, units: Units, actor: Actor) -> Response:
    form = await read_form(request, StepUpForm)
    target = own_path(str(form.values.get("next", HOME)), HOME)
    if form.model is None:
        _ = words(request)
        return _ask(request, target, {name: _(text) for name, text in form.errors.items()}, 422)
    try:
        await knock(request, "staff-step")
        await stepping_up.step_up(units, actor, form.model.totp)
    except DomainError as error:
        return _ask(request, target, {"totp": sentence(error, language(request))}, status_of(error))
    return redirect(target)


def _ask(request: Request, target: str, errors: dict[str, str], status: int) -> Response:
    return render(request, "accounts/step_up.html", status=status, next=target, errors=errors)


routes = [
    Route("/staff/step-up", step_up_page),
    Route("/staff/step-up", take_step_up_page, methods=["POST"]),
]
