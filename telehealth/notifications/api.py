"""JSON routes of notifications."""

from uuid import UUID

from starlette.requests import Request
from starlette.routing import Route

from telehealth.core.access import Actor, Permission
from telehealth.core.unit import Unit, Units
from telehealth.notifications import (
    consenting,
    preferring,
    queries,
    reading,
    receiving_receipts,
    tracing,
)
from telehealth.notifications.errors import (
    AppNotLinked,
    ConsentsInvalid,
    MessageNotFound,
    TopicNotFound,
)
from telehealth.notifications.schemas import (
    CallbackAnswer,
    CarrierReceipts,
    ChannelCountView,
    ChooseNotices,
    ConsentQuery,
    MessageView,
    NoticePreferenceView,
    RecordConsents,
    SubscribeTemplateView,
    TraceQuery,
    TraceView,
    UnreadView,
)
from telehealth.notifications.states import Topic
from telehealth.web.contract import operation
from telehealth.web.pagination import Page, PageQuery, cut, decode_cursor
from telehealth.web.preferences import language


@operation(needs=Permission.OWN_ACCOUNT)
async def list_messages(request: Request, unit: Unit, actor: Actor, query: PageQuery) -> Page[MessageView]:
    """The inbox, newest first."""
    rows = await queries.inbox(
        unit, actor.account, before=reading.position(decode_cursor(query.after, 1)), limit=query.limit
    )
    kept, after = cut(rows, query.limit, lambda row: (row.id,))
    lang = language(request)
    return Page(items=[MessageView.of(reading.letter(row, lang)) for row in kept], next=after)


@operation(needs=Permission.OWN_ACCOUNT)
async def count_unread_messages(unit: Unit, actor: Actor) -> UnreadView:
    return UnreadView(unread=await reading.unread(unit, actor))


@operation(needs=Permission.OWN_ACCOUNT, raises=(MessageNotFound,))
async def read_message(request: Request, unit: Unit, actor: Actor, id: UUID) -> MessageView:
    """Mark a message as read; doing it again changes nothing."""
    return MessageView.of(reading.letter(await reading.read(unit, actor, id), language(request)))


@operation(needs=Permission.OWN_ACCOUNT)
async def read_all_messages(unit: Unit, actor: Actor) -> None:
    """Mark everything as read."""
    await reading.read_all(unit, actor)


@operation(needs=Permission.OWN_ACCOUNT)
async def list_notice_preferences(units: Units, actor: Actor) -> list[NoticePreferenceView]:
    """Which topics also come as text messages, and by WeChat."""
    return [NoticePreferenceView.of(one) for one in await preferring.wanted(units, actor)]


@operation(needs=Permission.OWN_ACCOUNT, raises=(TopicNotFound,))
async def choose_notices(units: Units, actor: Actor, topic: str, body: ChooseNotices) -> NoticePreferenceView:
    """Silence a topic on the phone, or ask for it again. Urgent messages still come."""
    if topic not in preferring.topics_of(actor):
        raise TopicNotFound()
    await preferring.prefer(units, actor, Topic(topic), sms=body.sms, wechat=body.wechat)
    chosen = {one.topic: one for one in await preferring.wanted(units, actor)}
    return NoticePreferenceView.of(chosen[Topic(topic)])


@operation(needs=Permission.OWN_ACCOUNT)
async def list_subscribe_templates(
    units: Units, actor: Actor, query: ConsentQuery
) -> list[SubscribeTemplateView]:
    """What a hospital's mini-program may ask for, the scarcest first; WeChat shows three at once.

    Empty when the hospital has no mini-program that sends messages.
    """
    return [SubscribeTemplateView.of(one) for one in await consenting.asked(units, actor, query.hospital)]


@operation(needs=Permission.OWN_ACCOUNT, raises=(ConsentsInvalid, AppNotLinked), limit="60/minute")
async def record_subscribe_consents(
    units: Units, actor: Actor, body: RecordConsents
) -> list[SubscribeTemplateView]:
    """Record what a person allowed: each "accept" is one message of that template."""
    found = await consenting.grant(units, actor, body.hospital, body.answers)
    return [SubscribeTemplateView.of(one) for one in found]


@operation(needs=Permission.TRACE_MESSAGES)
async def list_deliveries(request: Request, units: Units, actor: Actor, query: TraceQuery) -> Page[TraceView]:
    """What this hospital sent beyond the inbox: by which channel, when, and with which result."""
    rows = await tracing.trace(
        units,
        actor,
        phone=query.phone,
        before=reading.position(decode_cursor(query.after, 1)),
        limit=query.limit,
        lang=language(request),
    )
    kept, after = cut(rows, query.limit, lambda row: (row.id,))
    return Page(items=[TraceView.of(row) for row in kept], next=after)


@operation(needs=Permission.TRACE_MESSAGES)
async def count_deliveries(unit: Unit) -> list[ChannelCountView]:
    """How many messages of each channel arrived within seven days."""
    return [ChannelCountView.of(one) for one in await tracing.delivery_shares(unit)]


@operation(public=True, limit="600/minute")
async def receive_sms_receipts(units: Units, body: CarrierReceipts) -> CallbackAnswer:
    """Delivery reports of the text message carrier.

    Public, as the carrier does not sign them: a report only marks a message whose serial number
    it knows.
    """
    await receiving_receipts.receive(units, [item.report() for item in body.root if item.is_the_carriers])
    return CallbackAnswer()


routes = [
    Route("/messages", list_messages),
    Route("/messages/unread", count_unread_messages),
    Route("/messages/reading", read_all_messages, methods=["POST"]),
    Route("/messages/{id:uuid}/reading", read_message, methods=["POST"]),
    Route("/me/notices", list_notice_preferences),
    Route("/me/notices/{topic}", choose_notices, methods=["PUT"]),
    Route("/me/wechat/subscriptions", list_subscribe_templates),
    Route("/me/wechat/subscriptions", record_subscribe_consents, methods=["POST"]),
    Route("/deliveries", list_deliveries),
    Route("/deliveries/shares", count_deliveries),
    Route("/callbacks/sms", receive_sms_receipts, methods=["POST"]),
]
