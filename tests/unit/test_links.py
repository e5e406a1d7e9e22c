"""Whoever makes something learns from the answer what can be done with it."""

import pytest

import app
from telehealth.web.links import links
from telehealth.web.openapi import operations

ADDRESSES = [
    (route.path, op)
    for route, _, op in operations([route for feature in app.FEATURES for route in feature.api])
]
ID = "$response.body#/id"


def _leads(name: str) -> dict[str, dict[str, str]]:
    path, op = next(found for found in ADDRESSES if found[1].name == name)
    return {to: link["parameters"] for to, link in links(path, op, ADDRESSES).items()}


def test_a_booking_leads_to_its_page_and_its_cancellation() -> None:
    leads = _leads("hold_slot")
    assert leads["show_booking"] == leads["cancel_booking"] == {"booking_id": ID}


def test_what_is_made_under_something_keeps_what_it_is_under() -> None:
    assert _leads("bind_card") == {"unbind_card": {"code": "$request.path.code", "card_id": ID}}


def test_a_collection_may_have_its_things_at_the_top() -> None:
    assert _leads("offer_attachment")["finish_attachment"] == {"attachment_id": ID}


@pytest.mark.parametrize("name", ["give_consent", "show_booking", "open_patient_session"])
def test_an_answer_about_something_else_leads_nowhere(name: str) -> None:
    assert _leads(name) == {}
