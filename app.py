"""The composition root: which features there are, which adapter fills which port, how to run.

Nothing worth checking lives here; import contracts cannot see a lone module.
"""

import asyncio
import importlib
from pathlib import Path

import sqlalchemy as sa
import uvloop

from prescriptions import feature as prescriptions
from prescriptions.couriers.registry import Couriers
from prescriptions.patient.verifying import TrustList
from prescriptions.ports import SheetSigner
from prescriptions.safety.hospitals import command_of_hospital as safety_of_hospital
from prescriptions.sheet.choosing import authority_of
from signaling import feature as signaling
from signaling.shelf import Shelf
from signaling.switchboard import Switchboard
from telehealth.accounts import CodeSender, WeChatGateway
from telehealth.accounts import feature as accounts
from telehealth.accounts.adapters.wechat import WeChatIdentities
from telehealth.accounts.adapters.wechat_calls import WeChatCalls
from telehealth.admin import feature as admin
from telehealth.admin.reading_audit import AuditBook
from telehealth.bookings import feature as bookings
from telehealth.complaints import feature as complaints
from telehealth.complaints.topics import Topics
from telehealth.consultations import feature as consultations
from telehealth.consultations.channel import Channel
from telehealth.consultations.gate import Gate
from telehealth.consultations.journal import Journal
from telehealth.core import log, schema, seal
from telehealth.core.blobs import BlobStore
from telehealth.core.blobs.local import LocalBlobs
from telehealth.core.bus import bus_of
from telehealth.core.clock import Clock, SystemClock
from telehealth.core.consents import ConsentBook
from telehealth.core.db import Base, build_engine
from telehealth.core.deadlines import Sweeper
from telehealth.core.events import Events
from telehealth.core.feature import Feature
from telehealth.core.jobs import Jobs
from telehealth.core.limits import Limiter
from telehealth.core.measures import Measures
from telehealth.core.quarantine.pool import Quarantine
from telehealth.core.rooms import RecordingShelf, RoomChannel, RoomGate, RoomJournal
from telehealth.core.scanning import ClamdScanner, NoScanner, Scanner
from telehealth.core.settings import Notices, Settings
from telehealth.core.tickets import Tickets
from telehealth.core.unit import Units
from telehealth.demo import feature as demo
from telehealth.demo.consultations import open_demo
from telehealth.directory import feature as directory
from telehealth.directory.queries import DirectoryCodes
from telehealth.eligibility import feature as eligibility
from telehealth.eligibility.rehearsing import command_of_hospital
from telehealth.family import feature as family
from telehealth.hospital import HISGateway
from telehealth.hospital import feature as hospital
from telehealth.hospital.adapters.billing import FHIRBilling
from telehealth.hospital.adapters.fhir import FHIRGateway
from telehealth.hospital.adapters.reports import FHIRReports
from telehealth.hospital.billing import BillingGateway
from telehealth.hospital.reports import ReportGateway
from telehealth.insurance import Insurer
from telehealth.insurance import feature as insurance
from telehealth.insurance.adapters.nhsa import NHSAInsurer
from telehealth.intake import feature as intake
from telehealth.ledger import feature as ledger
from telehealth.notifications import feature as notifications
from telehealth.notifications.adapters.sms import CodesBySMS, TencentSMS
from telehealth.notifications.adapters.wechat import WeChatMessages
from telehealth.notifications.adapters.wechat_push import WeChatPushReader
from telehealth.notifications.ports import HospitalCodes, SMSGateway, WeChatMessenger, WeChatPushes
from telehealth.orders import feature as orders
from telehealth.orders.listing import Orders
from telehealth.outpatient import feature as outpatient
from telehealth.patients import IdentityChecker
from telehealth.patients import feature as patients
from telehealth.patients.adapters.faceid import FaceIDChecker
from telehealth.payments import feature as payments
from telehealth.payments.adapters.desk import DeskProvider
from telehealth.payments.adapters.wechatpay import WeChatPayProvider
from telehealth.payments.ports import Providers
from telehealth.payments.subjects import Subjects
from telehealth.ratings import feature as ratings
from telehealth.records import feature as records
from telehealth.records.issuing import Press
from telehealth.records.papers import PaperSources
from telehealth.records.ports import PaperSealer
from telehealth.reporting import feature as reporting
from telehealth.rulebook import feature as rulebook
from telehealth.schedule import feature as schedule
from telehealth.strikes import feature as strikes
from telehealth.web.application import build, join_contributions, work_until_told
from telehealth.web.house import House
from telehealth.web.serving import server_of

#: Low to high; their pages and API are mounted in this order.
FEATURES: tuple[Feature, ...] = (
    accounts.feature,
    notifications.feature,
    directory.feature,
    rulebook.feature,
    hospital.feature,
    patients.feature,
    ledger.feature,
    family.feature,
    insurance.feature,
    payments.feature,
    strikes.feature,
    schedule.feature,
    eligibility.feature,
    intake.feature,
    bookings.feature,
    outpatient.feature,
    consultations.feature,
    ratings.feature,
    complaints.feature,
    orders.feature,
    records.feature,
    prescriptions.feature,
    signaling.feature,
    reporting.feature,
    admin.feature,
    demo.feature,
)
METADATA: sa.MetaData = Base.metadata


def build_house(settings: Settings, *, clock: Clock | None = None) -> House:
    keys = seal.Keys.from_file(settings.keys_path)
    seal.use_ring(keys.ring)
    clock = clock or SystemClock()
    url = settings.database_url.get_secret_value()
    jobs = Jobs(url, heartbeat_s=settings.heartbeat_s, stalled_after_s=settings.stalled_after_s)
    events = Events()
    bus = bus_of(settings.bus_url, url)
    units = Units(build_engine(url, pool_size=settings.pool_size), clock, jobs, events=events, bus=bus)
    board = Switchboard(units, settings)
    # The demo's role switcher exists in no other profile.
    features = [feature for feature in FEATURES if feature.name != "demo" or settings.is_demo]
    for feature in features:
        for event, handler in feature.subscriptions:
            events.subscribe(event, handler)
        for task in feature.tasks:
            jobs.register(task, units)
    his = FHIRGateway(settings.his, clock)
    calls = WeChatCalls(clock)
    wechat = WeChatIdentities(settings.wechat, calls, clock)
    reports = FHIRReports(settings.his, clock)
    cashiers = FHIRBilling(settings.his)
    wechatpay = WeChatPayProvider(settings.wechatpay, public_url=settings.public_url, clock=clock)
    insurer = NHSAInsurer(settings.nhsa, clock)
    authority = authority_of(settings, clock)
    couriers = Couriers.of(settings, clock)
    house = House(
        settings=settings,
        features=features,
        units=units,
        jobs=jobs,
        sweeper=Sweeper(units, [kind for feature in features for kind in feature.deadlines]),
        limiter=Limiter(settings.limits_url),
        tickets=Tickets(keys.secret("tickets"), clock),
        blobs=_blobs(settings, keys, clock),
        quarantine=Quarantine(),
        scanner=ClamdScanner(settings.clamd_socket) if settings.clamd_socket else NoScanner(),
        contributions=join_contributions(features),
        outside=(
            board, bus, his, reports, cashiers, calls, wechatpay.connections, insurer, authority, couriers,
        ),
    )  # fmt: skip
    _join_ports(house)
    units.join(HISGateway, his)
    units.join(ReportGateway, reports)
    units.join(BillingGateway, cashiers)
    units.join(SheetSigner, authority)
    units.join(TrustList, authority)
    units.join(PaperSealer, authority)
    units.join(Insurer, insurer)
    units.join(Couriers, couriers)
    units.join(Providers, Providers({"wechatpay": wechatpay, "desk": DeskProvider()}, mixed=wechatpay))
    units.join(Subjects, Subjects(house.contributions.get("pay_subject", [])))
    units.join(Topics, Topics(house.contributions.get("complaint_topic", [])))
    papers = PaperSources(house.contributions.get("record_papers", []))
    units.join(Press, Press(papers, settings.public_url, settings.is_demo))
    units.join(
        Orders, Orders(house.contributions.get("orders", []), house.contributions.get("order_promises", []))
    )
    units.join(AuditBook, AuditBook(house.contributions.get("audit_words", [])))
    units.join(Measures, Measures(house.contributions.get("metrics", [])))
    units.join(ConsentBook, ConsentBook(house.contributions.get("consents", [])))
    units.join(WeChatGateway, wechat)
    units.join(WeChatMessenger, WeChatMessages(settings.wechat, calls, public_url=settings.public_url))
    units.join(WeChatPushes, WeChatPushReader(settings.wechat, clock))
    units.join(Switchboard, board)
    return house


def serve() -> None:
    """Pages and API, with the worker inside unless settings say otherwise. The demo fills itself first."""
    settings = Settings()
    log.configure(json=not settings.is_demo)
    house = build_house(settings)
    if settings.is_demo:
        migrate()
    built = build(house, opening=open_demo if settings.is_demo else None)
    server_of(built, settings, house.units.port(Switchboard).say_goodbye).run()


def run_worker() -> None:
    settings = Settings()
    log.configure(json=not settings.is_demo)
    house = build_house(settings)
    with asyncio.Runner(loop_factory=uvloop.new_event_loop) as runner:
        runner.run(work_until_told(house))


def run_recorder() -> None:
    settings = Settings()
    log.configure(json=not settings.is_demo)
    house = build_house(settings)
    # aiortc and FFmpeg cost a second to import, so only the recorder does.
    recorder = importlib.import_module("signaling.recorder.running")
    with asyncio.Runner(loop_factory=uvloop.new_event_loop) as runner:
        runner.run(recorder.record_until_told(house.units, house.blobs, settings))
        runner.run(house.close())


def rehearse_eligibility(cases: Path, code: str) -> int:
    """The follow-up gate against a file of cases, by the published policy of one hospital."""
    house = build_house(Settings())

    async def run() -> int:
        try:
            return await command_of_hospital(house.units, cases, code)
        finally:
            await house.close()

    return asyncio.run(run())


def rehearse_safety(cases: Path, code: str) -> int:
    """The safety checks against a file of sheets, by the published drug book of one hospital."""
    house = build_house(Settings())

    async def run() -> int:
        try:
            return await safety_of_hospital(house.units, cases, code)
        finally:
            await house.close()

    return asyncio.run(run())


def migrate() -> None:
    owner = Settings().owner_url.get_secret_value()
    if not owner:
        raise SystemExit("migrate needs TELEHEALTH_OWNER_URL")
    schema.migrate(owner, METADATA, Base.registry.mappers)


def _blobs(settings: Settings, keys: seal.Keys, clock: Clock) -> BlobStore:
    if settings.s3 is None:
        return LocalBlobs(settings.home / "files", key=keys.secret("blobs"), clock=clock)
    # boto3 costs half a second to import, so only those who use it do.
    s3 = importlib.import_module("telehealth.core.blobs.s3")
    store: BlobStore = s3.S3Blobs(
        endpoint=settings.s3.endpoint,
        bucket=settings.s3.bucket,
        access_key=settings.s3.access_key.get_secret_value(),
        secret_key=settings.s3.secret_key.get_secret_value(),
        region=settings.s3.region,
        origins=[settings.public_url],
        object_lock=settings.s3.object_lock,
    )
    return store


def _join_ports(house: House) -> None:
    """Each Protocol of the features to its adapter."""
    join = house.units.join
    join(BlobStore, house.blobs)
    join(Tickets, house.tickets)
    join(RoomGate, Gate(house.units))
    join(RoomChannel, Channel(house.units))
    join(RoomJournal, Journal())
    join(RecordingShelf, Shelf())
    join(Quarantine, house.quarantine)
    join(Scanner, house.scanner)
    sms = TencentSMS(house.settings.sms)
    join(SMSGateway, sms)
    join(Notices, house.settings.notices)
    join(HospitalCodes, DirectoryCodes())
    join(CodeSender, CodesBySMS(sms))
    join(IdentityChecker, FaceIDChecker(house.settings.faceid))
