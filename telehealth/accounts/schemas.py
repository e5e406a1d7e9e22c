"""What clients of accounts send and read."""

from datetime import datetime
from typing import Annotated, Literal
from uuid import UUID

from pydantic import AfterValidator, BaseModel, ConfigDict, Field, StringConstraints

from telehealth.accounts.models import Account
from telehealth.accounts.rules import mask_phone, parse_code, parse_login, parse_phone
from telehealth.accounts.signing_in import SignedIn
from telehealth.accounts.signing_in_staff import Step
from telehealth.accounts.states import Channel, Lang, NextStep, Theme
from telehealth.accounts.waiting import Waiting
from telehealth.core.access import Actor
from telehealth.core.text import Line, OptionalLine
from telehealth.core.work import Work, said
from telehealth.web.sessions import Opened, Session

Phone = Annotated[
    str,
    StringConstraints(strip_whitespace=True, min_length=1, max_length=24),
    AfterValidator(parse_phone),
    Field(
        description="a mobile number of mainland China, Hong Kong, Macau or Taiwan", examples=["13800001234"]
    ),
]
SixDigits = Annotated[
    str,
    StringConstraints(strip_whitespace=True, min_length=1, max_length=12),
    AfterValidator(parse_code),
    Field(examples=["123456"]),
]
Login = Annotated[
    str,
    StringConstraints(strip_whitespace=True, min_length=1, max_length=40),
    AfterValidator(parse_login),
]
Secret = Annotated[str, StringConstraints(min_length=1, max_length=200)]
Token = Annotated[str, StringConstraints(min_length=1, max_length=1000)]
#: What people will know their device by in the list of sessions, as "Pixel 8".
Device = Annotated[OptionalLine, Field(max_length=60)]


class Input(BaseModel):
    model_config = ConfigDict(extra="forbid")


class RequestCode(Input):
    phone: Phone


class OpenSession(Input):
    phone: Phone
    code: SixDigits
    channel: Literal["app", "mini_program"]
    device: Device = ""


class OpenWeChatSession(Input):
    """`code` is what `wx.login` gave the mini-program of that hospital."""

    hospital: Annotated[Line, Field(max_length=40)]
    code: Annotated[Line, Field(max_length=128)]
    device: Device = ""


class LinkWeChat(Input):
    """`code` is what `wx.login` gave the mini-program of that hospital."""

    hospital: Annotated[Line, Field(max_length=40)]
    code: Annotated[Line, Field(max_length=128)]


class OfferHandover(Input):
    #: A page of ours; anything else opens the home page.
    target: Annotated[Line, Field(max_length=500, examples=["/bookings"])]


class SignInForm(Input):
    phone: Phone
    code: SixDigits


class ReplaceOwnPassword(Input):
    current: Secret
    password: Secret


class RenewSession(Input):
    refresh_token: Token


class ChangeMe(Input):
    """A field left out stays as it is."""

    lang: Lang | None = None
    theme: Theme | None = None
    elder: bool | None = None


class BeginStaffSignIn(Input):
    login: Login
    password: Secret


class ReplacePassword(Input):
    ticket: Token
    password: Secret


class NewPasswordForm(Input):
    password: Secret
    again: Secret


class SecondFactorForm(Input):
    totp: SixDigits
    hospital_id: UUID | None = None


class ChangePasswordForm(Input):
    current: Secret
    password: Secret
    again: Secret


class ShowEnrolment(Input):
    ticket: Token


class OpenStaffSession(Input):
    ticket: Token
    totp: SixDigits
    #: Needed by people who work in several hospitals.
    hospital_id: UUID | None = None
    channel: Literal["app", "mini_program"] = "app"


class StepUp(Input):
    code: SixDigits


class StepUpForm(Input):
    totp: SixDigits
    next: str = ""


class CodeIssuedView(BaseModel):
    expires_at: datetime
    again_at: datetime = Field(description="when another code may be asked for")


class SessionView(BaseModel):
    access_token: str
    token_type: Literal["Bearer"] = "Bearer"  # noqa: S105 - a scheme, not a secret
    expires_at: datetime
    refresh_token: str = Field(description="used once; using it twice ends the session")
    account_id: UUID
    hospital_id: UUID | None
    roles: list[str]

    @classmethod
    def of(cls, opened: Opened, actor: Actor) -> "SessionView":
        return cls(
            access_token=opened.token,
            expires_at=opened.expires_at,
            refresh_token=opened.refresh_token,
            account_id=actor.account,
            hospital_id=actor.hospital_id,
            roles=sorted(str(role) for role in actor.roles),
        )

    @classmethod
    def signed_in(cls, signed_in: SignedIn) -> "SessionView":
        return cls.of(signed_in.opened, signed_in.actor)


class MeView(BaseModel):
    id: UUID
    kind: str
    phone: str = Field(description="masked; empty for staff without one")
    name: str = Field(description="masked for patients; empty until known")
    channel: Channel = Field(description="the door of the first registration")
    lang: Lang | None
    theme: Theme | None
    elder: bool | None
    hospital_id: UUID | None = Field(description="where staff are signed in")
    roles: list[str]
    permissions: list[str]

    @classmethod
    def of(cls, account: Account, actor: Actor) -> "MeView":
        return cls(
            id=account.id,
            kind=account.kind,
            phone="" if account.phone is None else mask_phone(account.phone),
            name=actor.name or masked_name(account.name),
            channel=account.channel,
            lang=account.lang,
            theme=account.theme,
            elder=account.elder,
            hospital_id=actor.hospital_id,
            roles=sorted(str(role) for role in actor.roles),
            permissions=sorted(str(permission) for permission in actor.permissions),
        )


class OwnSessionView(BaseModel):
    id: UUID
    channel: str = Field(description='"browser", "app" or "mini_program"')
    device: str = Field(description="what the client called its device; may be empty")
    user_agent: str
    hospital_id: UUID | None
    created_at: datetime
    seen_at: datetime = Field(description="when it was last used, to about five minutes")
    ends_at: datetime = Field(description="when it ends if it is not used again")
    current: bool

    @classmethod
    def of(cls, row: Session, current: UUID | None) -> "OwnSessionView":
        return cls(
            id=row.id,
            channel=row.channel,
            device=row.device,
            user_agent=row.user_agent,
            hospital_id=row.hospital_id,
            created_at=row.created_at,
            seen_at=row.seen_at,
            ends_at=row.refresh_by or row.expires_at,
            current=row.id == current,
        )


class EndedView(BaseModel):
    ended: int = Field(description="how many other sessions there were")


class HandoverView(BaseModel):
    url: str = Field(description="opens one page in the web-view, once")
    expires_at: datetime


class StepView(BaseModel):
    ticket: str = Field(description="send it with the next step, within five minutes")
    owes: NextStep
    hospital_ids: list[UUID] = Field(description="name one when there are several")

    @classmethod
    def of(cls, step: Step) -> "StepView":
        return cls(ticket=step.ticket, owes=step.owes, hospital_ids=list(step.hospital_ids))


class EnrolmentView(BaseModel):
    secret: str
    uri: str = Field(description="otpauth:// for an authenticator app")


class WorkClaimView(BaseModel):
    action: str = Field(description="page to post to")
    label: str


class WorkItemView(BaseModel):
    group: str = Field(description="late, today, later, open (no promise)")
    title: str
    text: str
    href: str = Field(description="page where it is done; empty where only a call helps")
    icon: str
    count: int | None = Field(description="how many it stands for, when more than one")
    due_at: datetime | None = Field(description="the promise")
    since: datetime | None
    owner: str = Field(description="empty: anybody may take it")
    claim: WorkClaimView | None

    @classmethod
    def of(cls, item: Work, group: str, lang: str) -> "WorkItemView":
        claim = item.claim
        return cls(
            group=group, title=said(item.title, lang), text=said(item.text, lang), href=item.href,
            icon=item.icon, count=item.count, due_at=item.due_at, since=item.since,
            owner=said(item.owner, lang),
            claim=WorkClaimView(action=claim.action, label=said(claim.label, lang)) if claim else None,
        )  # fmt: skip


class WorkView(BaseModel):
    total: int
    late: int
    items: list[WorkItemView]

    @classmethod
    def of(cls, found: Waiting, lang: str) -> "WorkView":
        return cls(
            total=found.total,
            late=found.late,
            items=[WorkItemView.of(item, group.code, lang) for group in found.groups for item in group.items],
        )


def masked_name(name: str | None) -> str:
    return "" if not name else name[:1] + "*" * max(1, len(name) - 1)
