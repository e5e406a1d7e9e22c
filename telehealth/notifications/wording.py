"""What is written down of one notice."""

from dataclasses import dataclass, field

from telehealth.notifications.rules import Kind, Var
from telehealth.notifications.states import Topic

YOU = Var(default={"zh": "您", "en": "you"})
SEAT = {"number": Var(), "starts_at": Var(Kind.INSTANT), "patient": YOU}


@dataclass(frozen=True, slots=True)
class Wording:
    """`sms` names the vendor template (settings.sms.templates) and `sms_order` its {1}, {2} …

    Without `sms` a notice goes to WeChat at most, unless it is urgent: then by its topic's own text.
    """

    topic: Topic
    title: str
    title_en: str
    text: str
    text_en: str
    variables: dict[str, Var] = field(default_factory=dict)
    sms: str = ""
    sms_order: tuple[str, ...] = ()
    #: Goes out at any hour and to those who silenced the topic, too; of work, by all channels at once.
    urgent: bool = False
    #: Useless by morning, so the night does not hold it back; a silenced topic does.
    prompt: bool = False
    #: One of `wechat_templates.FAMILIES`; empty: the one its variables fit.
    wechat: str = ""
    icon: str = "bell"
