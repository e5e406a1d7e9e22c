"""What WeChat Pay says it moved on a day: the trade bill, checked against its hash, read by its header."""

import gzip
import hashlib
import zlib
from collections.abc import Iterator, Sequence
from datetime import date, datetime, time, timedelta
from decimal import ROUND_HALF_UP, Decimal, InvalidOperation

import anyio
import structlog

from telehealth.core.clock import SHANGHAI, at_local
from telehealth.core.money import AmountInvalid, Fen, parse_yuan
from telehealth.payments.adapters.wechatpay.client import Merchant
from telehealth.payments.adapters.wechatpay.wire import Said, read
from telehealth.payments.errors import BillNotReady, ProviderDown, ProviderRefused
from telehealth.payments.ports import Bill, BillLine

log = structlog.get_logger(__name__)

#: When the vendor says a day's bill is surely there, on the next day. Before that "no such file" may
#: still become one; after it, nothing was moved.
READY_AT = time(10)
NONE_THERE = "NO_STATEMENT_EXIST"
BEING_MADE = frozenset({"STATEMENT_CREATING", "NO_STATEMENT_EXIST"})

_TICK = "`"
_PAYMENT, _REFUND = "payment", "refund"
_STATES = {"SUCCESS": _PAYMENT, "REFUND": _REFUND, "REVOKED": _REFUND}
_NEEDED = ("交易时间", "微信订单号", "商户订单号", "交易状态", "微信退款单号", "商户退款单号", "手续费")


class BillSaid(Said):
    hash_type: str
    hash_value: str
    download_url: str


class Unreadable(Exception):
    """Not a bill as we know it; `reason` says what is missing, without its content."""

    def __init__(self, reason: str) -> None:
        super().__init__(reason)
        self.reason = reason


async def bill(merchant: Merchant, day: date) -> Bill:
    """
    Raises:
        BillNotReady: ask again after ten the next morning.
        ProviderDown, ProviderBusy: also when the file is not what was announced.
    """
    path = f"/v3/bill/tradebill?bill_date={day.isoformat()}&bill_type=ALL&tar_type=GZIP"
    try:
        said = read(BillSaid, (await merchant.get(path)).body)
    except ProviderRefused as refusal:
        word = refusal.facts["word"]
        sure = merchant.clock.business() >= at_local(day + timedelta(days=1), READY_AT)
        if word == NONE_THERE and sure:
            return Bill(day, "", ())
        if word in BEING_MADE:
            raise BillNotReady(day=day.isoformat()) from None
        raise ProviderDown(reason="refused", word=word) from None
    packed = (await merchant.download(said.download_url)).body
    try:
        # A large hospital's day is a hundred thousand rows: not in the loop that serves people.
        lines = await anyio.to_thread.run_sync(_open, packed, said)
    except Unreadable as error:
        log.error(
            "wechatpay.bill_unreadable", hospital=merchant.code, day=day.isoformat(), reason=error.reason
        )
        raise ProviderDown(reason="bill_unreadable") from None
    return Bill(day, said.hash_value.lower(), lines)


def _open(packed: bytes, said: BillSaid) -> tuple[BillLine, ...]:
    plain = _unpacked(packed)
    # SHA-1 is what they announce; it guards against a torn file, the signed answer against forgery.
    digest = hashlib.sha1(plain, usedforsecurity=False).hexdigest()
    if said.hash_type.upper() != "SHA1" or digest != said.hash_value.lower():
        raise Unreadable("hash")
    return tuple(read_lines(plain))


def _unpacked(packed: bytes) -> bytes:
    """Asked for as gzip; a download host may have unpacked it on the way."""
    if packed[:2] != b"\x1f\x8b":
        return packed
    try:
        return gzip.decompress(packed)
    except (OSError, EOFError, zlib.error):
        raise Unreadable("gzip") from None


def read_lines(plain: bytes) -> Iterator[BillLine]:
    """Header, rows, summary header, one summary row; every cell of a row begins with a backtick.

    Raises:
        Unreadable.
    """
    try:
        lines = plain.decode("utf-8-sig").splitlines()
    except UnicodeDecodeError:
        raise Unreadable("encoding") from None
    header = [name.strip().strip(_TICK) for name in lines[0].split(",")] if lines else []
    if missing := [name for name in _NEEDED if name not in header]:
        raise Unreadable(f"columns missing: {len(missing)}")
    for line in lines[1:]:
        if not line.strip():
            continue
        if not line.startswith(_TICK):
            # The summary's header: what follows are sums.
            return
        yield _line(header, _cells(line))
    raise Unreadable("no summary")


def _cells(line: str) -> list[str]:
    """A comma ends a cell only before the next one's backtick: goods may have commas in their names."""
    return [cell.strip() for cell in line[1:].split("," + _TICK)]


def _line(header: Sequence[str], cells: Sequence[str]) -> BillLine:
    if len(cells) != len(header):
        raise Unreadable("cells")
    row = dict(zip(header, cells, strict=True))
    kind = _STATES.get(row["交易状态"])
    if kind is None:
        raise Unreadable("trade state")
    try:
        if kind == _PAYMENT:
            amount = _first(row, "订单金额", "应结订单金额")
            ours, theirs = row["商户订单号"], row["微信订单号"]
        else:
            amount = _first(row, "申请退款金额", "退款金额")
            ours, theirs = row["商户退款单号"], row["微信退款单号"]
        return BillLine(kind, ours, theirs, parse_yuan(amount), _fee(row["手续费"]), _moment(row["交易时间"]))
    except AmountInvalid:
        raise Unreadable("amount") from None
    except ValueError:
        raise Unreadable("time") from None


def _first(row: dict[str, str], *names: str) -> str:
    """Older bills lack the newer of two columns."""
    return next((row[name] for name in names if name in row), "")


def _fee(text: str) -> Fen:
    """Written with five decimals, of which the fen is settled."""
    try:
        return parse_yuan(str(Decimal(text).quantize(Decimal("0.01"), ROUND_HALF_UP)))
    except InvalidOperation:
        raise AmountInvalid() from None


def _moment(text: str) -> datetime:
    return datetime.strptime(text, "%Y-%m-%d %H:%M:%S").replace(tzinfo=SHANGHAI)
