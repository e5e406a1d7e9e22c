"""The head's numbers, what is published of them, and the daily report."""

import csv
import io
import re
import subprocess
from collections.abc import Sequence
from datetime import timedelta

import httpx2
import pytest

from telehealth.accounts.models import StaffMember
from telehealth.bookings import attending
from telehealth.bookings.choice import Choice
from telehealth.bookings.states import Evidence
from telehealth.core.access import HOUSE, Role
from telehealth.core.clock import FixedClock
from telehealth.core.unit import Units
from telehealth.reporting import queries
from telehealth.reporting.daily import make_report
from telehealth.reporting.models import DailyReport
from telehealth.reporting.rules import last_days
from tests.support.factories.accounts import add_staff, cookie, staff
from tests.support.factories.bookings import add_booker, add_check
from tests.support.factories.rooms import Visit, add_room
from tests.support.factories.schedule import add_clinic

Client = httpx2.AsyncClient


@pytest.fixture
async def visit(units: Units, clock: FixedClock) -> Visit:
    """One visit of yesterday, answered seven minutes late; counted and reported."""
    visit = await add_room(units)
    async with units.system("test") as unit:
        at = visit.booking.starts_at + timedelta(minutes=7)
        await attending.record(unit, visit.room, Evidence.OWN_TEXT, "message:1", at)
    clock.advance(timedelta(days=1))
    await report(units, visit)
    return visit


def words_of(pdf: bytes) -> str:
    """As poppler reads it, without spaces and line ends."""
    drawn = subprocess.run(["pdftotext", "-layout", "-", "-"], input=pdf, capture_output=True, check=True)
    return re.sub(r"\s", "", drawn.stdout.decode())


async def report(units: Units, visit: Visit) -> None:
    hospital_id = visit.house.hospital.id
    async with units.hospital(hospital_id, HOUSE) as unit:
        await make_report(unit, hospital_id, unit.today - timedelta(days=1))


@pytest.fixture
async def head(units: Units, visit: Visit) -> dict[str, str]:
    member: StaffMember = await add_staff(units, visit.house.hospital.id, (Role.HEAD,), login="head")
    return await cookie(units, staff(member))


async def test_the_dashboard_shows_each_number_with_a_chart_and_a_table(
    client: Client, head: dict[str, str]
) -> None:
    page = (await client.get("/staff/figures", headers=head)).text
    assert "首次回复" in page and "7分钟" in page
    assert "<svg" in page and "数据表" in page and "style=" not in page
    for pain in "难烦迷疑挤急":
        assert f"<b>{pain}</b>" in page


@pytest.mark.parametrize("asked", ["days=7", "days=90", "first=2026-11-01&last=2026-11-20", "days=nonsense"])
async def test_periods_are_chosen_by_address(client: Client, head: dict[str, str], asked: str) -> None:
    assert (await client.get(f"/staff/figures?{asked}", headers=head)).status_code == 200


async def test_a_span_that_ends_before_it_begins_says_so_and_shows_a_month(
    client: Client, head: dict[str, str]
) -> None:
    answer = await client.get("/staff/figures?first=2026-11-20&last=2026-11-01", headers=head)
    assert answer.status_code == 422 and "开始日期须早于今天" in answer.text


async def test_a_span_before_there_were_days_is_refused(client: Client, head: dict[str, str]) -> None:
    first = "first=0001-01-01&last=0001-01-05"
    for door in ("/staff/figures", "/staff/figures.csv", "/api/v1/figures"):
        assert (await client.get(f"{door}?{first}", headers=head)).status_code == 422, door


async def test_a_department_that_is_not_ours_is_not_found(client: Client, head: dict[str, str]) -> None:
    assert (await client.get("/staff/figures?department=nonsense", headers=head)).status_code == 404


async def test_figures_leave_as_a_file_with_the_same_rows(client: Client, head: dict[str, str]) -> None:
    answer = await client.get("/staff/figures.csv?days=7", headers=head)
    rows = list(csv.DictReader(io.StringIO(answer.text.removeprefix("\ufeff"))))
    [first] = [row for row in rows if row["指标"] == "首次回复"]
    assert (first["中位数（秒）"], first["数量"]) == ("420", "1")


async def test_clients_read_the_same_numbers(client: Client, head: dict[str, str], visit: Visit) -> None:
    found = (await client.get("/api/v1/figures?days=7", headers=head)).json()
    [first] = [one for one in found["metrics"] if one["name"] == "first_word"]
    assert (first["whole"]["median_s"], first["whole"]["p95_s"], len(first["days"])) == (420, 420, 1)
    [pains] = [[one["pain"] for one in found["metrics"] if one["pain"]]]
    assert len(pains) == len(set(pains)) == 6


async def test_GD17_departments_are_published_and_small_counts_hidden(
    client: Client, units: Units, visit: Visit, clock: FixedClock
) -> None:
    page = (await client.get("/h/yunan/figures")).text
    assert visit.house.department.name in page and "样本不足" in page and "7分钟" not in page
    found = (await client.get("/api/v1/hospitals/yunan/figures")).json()
    [department] = found["departments"]
    assert all(one["count"] is None and one["median_s"] is None for one in department["figures"])


async def test_GD17_two_spans_a_day_apart_do_not_tell_a_single_visit(client: Client, visit: Visit) -> None:
    door = "/api/v1/hospitals/yunan/figures"
    asked = {days: (await client.get(f"{door}?days={days}")).status_code for days in (7, 8, 29, 30, 31, 90)}
    assert [days for days, status in asked.items() if status == 200] == [7, 30, 90]


async def test_GD17_from_ten_visits_on_the_public_reads_how_long_people_wait(
    client: Client, units: Units, visit: Visit
) -> None:
    hospital_id = visit.house.hospital.id
    async with units.hospital(hospital_id, HOUSE) as unit:
        [row] = await queries.figures(unit, hospital_id, last_days(1, unit.today), metrics={"first_word"})
        row.values = row.values * 10
    page = (await client.get("/h/yunan/figures")).text
    assert "7分钟" in page
    assert (await client.get("/h/nowhere/figures")).status_code == 404


async def test_GD17_how_soon_a_department_answers_is_told_before_anybody_pays(
    client: Client, units: Units, visit: Visit
) -> None:
    place = visit.house
    who = await add_booker(units, place, "13900008888", name="样例戊")
    planned = await add_clinic(units, place.doctor)
    check = await add_check(units, place, who)
    here = Choice(place.hospital.code, person=who.person.id, check=check, slot=planned.slot.id).href()
    mine = await cookie(units, who.actor)
    page = await client.get(here, headers=mine)
    assert page.status_code == 200 and "要等多久" not in page.text
    async with units.hospital(place.hospital.id, HOUSE) as unit:
        [row] = await queries.figures(
            unit, place.hospital.id, last_days(1, unit.today), metrics={"first_word"}
        )
        row.values = row.values * 10
    told = (await client.get(here, headers=mine)).text
    assert "一半的就诊在约定时间后 7分钟 内得到医生回复（近 30 天）" in told
    assert 'href="/h/yunan/figures"' in told
    english = mine | {"accept-language": "en"}
    assert "7 min" in (await client.get(here, headers=english)).text


async def test_GD19_the_report_is_a_page_that_prints_and_an_api(
    client: Client, head: dict[str, str], visit: Visit
) -> None:
    listed = (await client.get("/api/v1/daily-reports", headers=head)).json()
    [one] = listed["items"]
    assert (one["visits"], one["attended"], one["missed"]) == (1, 1, [])
    page = (await client.get(f"/staff/daily-reports/{one['day']}", headers=head)).text
    assert "当天的承诺都守住了" in page
    again = (await client.get(f"/api/v1/daily-reports/{one['day']}", headers=head)).json()
    assert again["read_at"] is not None
    assert (await client.get("/staff/daily-reports", headers=head)).status_code == 200
    assert (await client.get("/api/v1/daily-reports/2026-02-30", headers=head)).status_code == 404


@pytest.mark.parametrize(
    ("lang", "says"),
    [
        ("zh-CN", ("日报", "线上就诊", "1/1", "没有守住的承诺", "当天的承诺都守住了", "云安医院")),
        ("en", ("Reportof", "Onlinevisit", "1/1", "Hospitalyunan")),
    ],
)
async def test_GD19_the_report_is_a_pdf_for_page_and_client(
    client: Client, head: dict[str, str], visit: Visit, lang: str, says: tuple[str, ...]
) -> None:
    asking = head | {"accept-language": lang}
    [one] = (await client.get("/api/v1/daily-reports", headers=asking)).json()["items"]
    file = await client.get(f"/api/v1/daily-reports/{one['day']}/file", headers=asking)
    assert (file.status_code, file.headers["content-type"]) == (200, "application/pdf")
    words = words_of(file.content)
    assert [word for word in says if word not in words] == []
    page = await client.get(f"/staff/daily-reports/{one['day']}", headers=asking)
    assert f"/staff/daily-reports/{one['day']}.pdf" in page.text
    same = await client.get(f"/staff/daily-reports/{one['day']}.pdf", headers=asking)
    assert same.content == file.content, "the same report is the same bytes"
    for nothing in ("2026-02-30", "2020-01-01", "nonsense"):
        assert (await client.get(f"/staff/daily-reports/{nothing}.pdf", headers=head)).status_code == 404


async def test_GD19_only_the_head_has_the_report_printed(client: Client, units: Units, visit: Visit) -> None:
    [day] = [row.day for row in await _reports(units, visit)]
    for role in (Role.DOCTOR, Role.DESK, Role.ADMIN, Role.FINANCE):
        member = await add_staff(units, visit.house.hospital.id, (role,), login=str(role))
        headers = await cookie(units, staff(member))
        assert (await client.get(f"/staff/daily-reports/{day}.pdf", headers=headers)).status_code == 403


async def _reports(units: Units, visit: Visit) -> Sequence[DailyReport]:
    async with units.hospital(visit.house.hospital.id, HOUSE) as unit:
        return await queries.reports(unit, visit.house.hospital.id, before=None, limit=2)


async def test_before_anything_was_counted_the_pages_say_what_comes_next(
    client: Client, units: Units, clock: FixedClock
) -> None:
    visit = await add_room(units, code="other")
    member = await add_staff(units, visit.house.hospital.id, (Role.HEAD,), login="head")
    headers = await cookie(units, staff(member))
    assert "每天零点后" in (await client.get("/staff/figures", headers=headers)).text
    assert "每天零点后" in (await client.get("/staff/daily-reports", headers=headers)).text
    assert "还没有可以展示的数据" in (await client.get("/h/other/figures")).text
