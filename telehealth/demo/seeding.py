"""Open the sample hospitals on an empty database, through the doors a real one would use.

Each step looks first, so a first start that was interrupted goes on where it stopped. Sample data
are dated relative to the business clock.
"""

import json
import os
from datetime import time, timedelta
from itertools import cycle
from pathlib import Path
from uuid import UUID

import structlog

from telehealth.accounts.enrolling_staff import enrol_demo
from telehealth.core.unit import Unit
from telehealth.demo.accounts import PASSWORD, PATIENTS, STAFF
from telehealth.demo.patients import open_patients
from telehealth.demo.queries import staff_member_by_login
from telehealth.demo.relatives import open_relatives
from telehealth.directory import Doctor, doctors, hospitals
from telehealth.directory.samples import open_sample_hospitals
from telehealth.rulebook import current_policy
from telehealth.rulebook.errors import PolicyMissing
from telehealth.rulebook.publishing import publish_first
from telehealth.rulebook.rules import ClinicKind, sample_policy
from telehealth.schedule import templates
from telehealth.schedule.planning import add_template, plan_clinics
from telehealth.schedule.rules import HalfDay, TemplateRow
from telehealth.web.house import House

log = structlog.get_logger(__name__)

DAYS_AHEAD = 10


async def open_hospital(house: House) -> None:
    """Raises nothing for sandboxes that are down: patients then wait for the next start."""
    async with house.units.system("demo") as unit:
        await open_sample_hospitals(unit)
    async with house.units.system("demo") as unit:
        for place in await hospitals(unit):
            await _policy(unit, place.id)
            await _week(unit, place.id)
            first = unit.today
            await plan_clinics(unit, place.id, first=first, last=first + timedelta(days=DAYS_AHEAD))
    async with house.units.system("demo") as unit:
        await _staff(unit)
    await open_patients(house)
    await open_relatives(house)
    _print_card(house.settings.home / "demo-accounts.json")


async def _policy(unit: Unit, hospital_id: UUID) -> None:
    try:
        await current_policy(unit, hospital_id)
    except PolicyMissing:
        await publish_first(unit, hospital_id, sample_policy())


async def _staff(unit: Unit) -> None:
    places = {place.code: place for place in await hospitals(unit)}
    for number, one in enumerate(STAFF, 1):
        if await staff_member_by_login(unit, one.login) is not None:
            continue
        place = places[one.hospital]
        doctor = (await doctors(unit, place.id))[0] if one.doctor else None
        member = await enrol_demo(
            unit,
            hospital_id=place.id,
            login=one.login,
            password=PASSWORD,
            totp_secret=one.totp_secret,
            name=doctor.name if doctor else one.name,
            name_en=doctor.name_en if doctor else one.name_en,
            roles=one.roles,
            # Duty alerts find them: the carrier is a sandbox.
            phone=f"+861390000{number:04d}",
            doctor_id=doctor.id if doctor else None,
        )
        if doctor is not None:
            doctor.account_id = member.account_id


async def _week(unit: Unit, hospital_id: UUID) -> None:
    """Every doctor sits: online most days, some in the evening, so that today is never empty."""
    if await templates(unit, hospital_id):
        return
    shifts = cycle(
        [
            (HalfDay.MORNING, HalfDay.AFTERNOON),
            (HalfDay.AFTERNOON, HalfDay.EVENING),
            (HalfDay.EVENING, HalfDay.MORNING),
        ]
    )
    for number, doctor in enumerate(await doctors(unit, hospital_id)):
        online, offline = next(shifts)
        if number == 0:
            # Who can be tried sits in the evening too, so that there is a line whenever the demo starts.
            for weekday in range(7):
                await _row(unit, doctor, weekday, HalfDay.EVENING, ClinicKind.INTERNET, capacity=18)
        for weekday in range(7):
            await _row(unit, doctor, weekday, online, ClinicKind.INTERNET, capacity=18)
            if weekday < 5 or number % 2:
                await _row(unit, doctor, weekday, offline, ClinicKind.OFFLINE, capacity=30)


async def _row(
    unit: Unit, doctor: Doctor, weekday: int, half: HalfDay, kind: ClinicKind, *, capacity: int
) -> None:
    late = half is HalfDay.EVENING and kind is ClinicKind.INTERNET
    row = TemplateRow(
        weekday=weekday,
        half=half,
        kind=kind,
        capacity=capacity,
        slot_minutes=30,
        ends=time(23, 0) if late else None,
        runs_on_holidays=kind is ClinicKind.INTERNET or weekday >= 5,
    )
    campus = doctor.campus_ids[weekday % len(doctor.campus_ids)]
    await add_template(unit, doctor.hospital_id, row, doctor=doctor, campus_id=campus)


def _print_card(path: Path) -> None:
    """What `make run` prints. Sample secrets, but still nobody else's business."""
    cards = [{"role": one.label, "sign_in": f"{one.login} / {PASSWORD}"} for one in STAFF]
    cards += [{"role": f"患者 {one.name or '新账号'}", "sign_in": one.phone} for one in PATIENTS]
    with os.fdopen(os.open(path, os.O_WRONLY | os.O_CREAT | os.O_TRUNC, 0o600), "w") as file:
        json.dump(cards, file, ensure_ascii=False)
