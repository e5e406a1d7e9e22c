"""What is written down of one notice."""

from dataclasses import dataclass, field

from telehealth.notifications.rules import Kind, Var
from telehealth.notifications.states import Topic

YOU = Var(default={"zh": "您", "en": "you"})
SEAT = {"number": Var(), "starts_at": Var(Kind.INSTANT), "patient": YOU}


@dataclass(frozen=True, slots=True)
class Wording:
    """`sms` names the vendor template (settings.sms.templates) and `sms_order` its {1}, {2} …"""

    topic: Topic
    title: str
    title_en: str
    text: str
    text_en: str
    variables: dict[str, Var] = field(default_factory=dict)
    sms: str = ""
    sms_order: tuple[str, ...] = ()
    #: Sent as a text message even to those who silenced the topic.
    urgent: bool = False
    icon: str = "bell"
