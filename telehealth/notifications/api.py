"""JSON routes of notifications."""

from uuid import UUID

from starlette.requests import Request
from starlette.routing import Route

from telehealth.core.access import Actor, Permission
from telehealth.core.unit import Unit, Units
from telehealth.notifications import preferring, queries, reading, receiving_receipts
from telehealth.notifications.errors import MessageNotFound, TopicNotFound
from telehealth.notifications.schemas import (
    CallbackAnswer,
    CarrierReceipts,
    ChooseNotices,
    MessageView,
    NoticePreferenceView,
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
    """Which topics also come as text messages."""
    wanted = await preferring.wanted(units, actor)
    return [NoticePreferenceView(topic=topic, sms=sms) for topic, sms in wanted.items()]


@operation(needs=Permission.OWN_ACCOUNT, raises=(TopicNotFound,))
async def choose_notices(units: Units, actor: Actor, topic: str, body: ChooseNotices) -> NoticePreferenceView:
    """Silence a topic on the phone, or ask for it again. Urgent messages still come."""
    if topic not in preferring.topics_of(actor):
        raise TopicNotFound()
    await preferring.prefer(units, actor, Topic(topic), sms=body.sms)
    return NoticePreferenceView(topic=Topic(topic), sms=body.sms)


@operation(public=True, limit="600/minute")
async def receive_sms_receipts(units: Units, body: CarrierReceipts) -> CallbackAnswer:
    """Delivery reports of the text message carrier.

    Public, as the carrier does not sign them: a report only marks a message whose serial number
    it knows.
    """
    await receiving_receipts.receive(units, [item.report() for item in body.root])
    return CallbackAnswer()


routes = [
    Route("/messages", list_messages),
    Route("/messages/unread", count_unread_messages),
    Route("/messages/reading", read_all_messages, methods=["POST"]),
    Route("/messages/{id:uuid}/reading", read_message, methods=["POST"]),
    Route("/me/notices", list_notice_preferences),
    Route("/me/notices/{topic}", choose_notices, methods=["PUT"]),
    Route("/callbacks/sms", receive_sms_receipts, methods=["POST"]),
]
