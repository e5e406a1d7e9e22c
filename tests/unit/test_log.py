"""What identifies a person or opens a door never comes out of the log."""

import io
import json
import logging
import re
import subprocess
import sys
import threading
import warnings
from collections.abc import Iterator
from typing import Any
from uuid import UUID

import pytest
import structlog
from hypothesis import assume, example, given
from hypothesis import strategies as st

from telehealth.core import log
from telehealth.core.redaction import STRUCK, redact, scrub

SAMPLE_ID = "33010619800101214X"
SAMPLE_PHONE = "13800001234"

phones = st.from_regex(r"1[3-9][0-9]{9}", fullmatch=True)
resident_ids = st.from_regex(r"[1-8][0-9]{5}(19|20)[0-9]{9}[0-9X]", fullmatch=True)
#: Text around a secret, leaning on what the redaction itself looks for.
around = (
    st.text()
    | st.from_regex(r"[0-9a-fx=:&?'\"/@ -]{0,20}", fullmatch=True)
    | st.sampled_from(
        ["token=", "/?sig=", "://", "Cookie: a=", "bearer ", "openid: '", "+86 ", "0192f0c1-1234-7890-8123-"]
    )
)


@pytest.fixture
def out() -> Iterator[io.StringIO]:
    root = logging.getLogger()
    before = (root.handlers[:], root.level, sys.excepthook, threading.excepthook)
    stream = io.StringIO()
    log.configure(json=True, stream=stream)
    yield stream
    root.handlers[:], root.level, sys.excepthook, threading.excepthook = before
    logging.captureWarnings(False)
    structlog.reset_defaults()


def lines(out: io.StringIO) -> list[dict[str, Any]]:
    return [json.loads(line) for line in out.getvalue().splitlines()]


def written(**event: Any) -> str:
    return json.dumps(redact(None, "info", {"event": "sample.written", **event}), ensure_ascii=False)


#: Our own ids are kept: digits of one that read like a phone are not a secret.
AN_ID = re.compile(r"[0-9a-f]{8}(-[0-9a-f]{4}){3}-[0-9a-f]{12}")


@given(before=around, secret=phones | resident_ids, after=around)
@example(before="00000000-0000-0000-0000-", secret="13000000000", after="")
def test_an_id_or_phone_never_comes_out_wherever_it_stands(before: str, secret: str, after: str) -> None:
    text = f"{before}{secret}{after}"
    assume(not AN_ID.search(text))
    shapes: list[Any] = [text, [text], {"deep": [{"er": (text, {text})}]}, {text: 1}, ValueError(text)]

    for shape in shapes:
        assert secret not in written(event=text, fact=shape)
    assert secret not in written(**{text.replace("self", ""): "as a key"})


@given(secret=phones)
def test_a_phone_stored_as_a_number_never_comes_out(secret: str) -> None:
    assert secret not in written(count=int(secret), share=float(secret), nested=[{"n": int(secret)}])


@given(secret=phones | resident_ids, gap=st.sampled_from([" ", "-"]))
def test_numbers_written_in_groups_never_come_out(secret: str, gap: str) -> None:
    cuts = (3, 7, 11) if len(secret) == 11 else (6, 14, 18)
    grouped = gap.join(secret[start:end] for start, end in zip((0, *cuts[:2]), cuts, strict=True))

    assert secret[-4:] not in scrub(f"call {grouped} now")


@pytest.mark.parametrize(
    "text",
    [
        "Authorization: Bearer abcdef.123456",
        "got bearer abcdef.123456",
        "Cookie: theme=dark; sid=abcdef.123456",
        "Set-Cookie: sid=abcdef.123456; Path=/",
        "{'openid': 'abcdef.123456'}",
        '{"access_token": "abcdef.123456"}',
        "https://example.test/cb?code=abcdef.123456&x=1",
        "GET /blobs/a/b?exp=1&sig=abcdef.123456",
        "postgresql://telehealth:abcdef.123456@127.0.0.1/db",
        "sms_secret = abcdef.123456",
        "key eyJhbGciOiJIUzI1NiJ9.eyJhIjoxfQ.abcdef.123456",
    ],
)
def test_secrets_in_text_never_come_out(text: str) -> None:
    assert "abcdef" not in scrub(text)


@pytest.mark.parametrize(
    "key",
    [
        "real_name",
        "name",
        "Phone",
        "id_number",
        "patient_phone",
        "openid",
        "Set-Cookie",
        "password",
        "refresh_token",
        "session_id",
        "Authorization",
        "address",
        "diagnosis",
        "ticket",
    ],
)
def test_what_stands_under_a_known_key_goes_whole(key: str) -> None:
    assert redact(None, "info", {"event": "e", key: "王小样"}) == {"event": "e", key: STRUCK}
    assert "王小样" not in written(request={"headers": [{key: {"any": ["王小样"]}}]})


@pytest.mark.parametrize(
    "text",
    [
        "booking.held",
        "BK-261121-004217",
        "0192f0c1-1234-7890-8123-123456789012",
        "2026-11-21T06:00:00.123456Z",
        "127.0.0.1:54321",
        "12.30",
        "took 1234 ms",
        "/api/v1/bookings",
    ],
)
def test_what_traces_a_line_stays(text: str) -> None:
    assert scrub(text) == text


def test_numbers_and_ids_keep_their_kind() -> None:
    booking = UUID("0192f0c1-1234-7890-8123-123456789012")
    event = {"event": "booking.held", "seats": 3, "waited_s": 0.00123456789012345, "late": False, "who": None}

    assert redact(None, "info", {**event, "booking_id": booking}) == {**event, "booking_id": str(booking)}


def test_a_line_carries_its_request_and_unit(out: io.StringIO) -> None:
    with log.bound_contextvars(request_id="r-1", unit="hospital"):
        log.get_logger("telehealth.bookings").info("booking.held", seats=3)

    (line,) = lines(out)
    assert line.pop("timestamp").endswith("Z")
    assert line == {
        "event": "booking.held", "level": "info", "logger": "telehealth.bookings",
        "request_id": "r-1", "unit": "hospital", "seats": 3,
    }  # fmt: skip


def test_a_tracebacks_message_is_redacted_too(out: io.StringIO) -> None:
    try:
        raise ValueError(f"Key (phone)=({SAMPLE_PHONE}) already exists for {SAMPLE_ID}")
    except ValueError:
        log.get_logger("telehealth").exception("sample.failed")
        logging.getLogger("some.library").exception("failed for %s", SAMPLE_PHONE)

    assert SAMPLE_PHONE not in out.getvalue() and SAMPLE_ID not in out.getvalue()
    ours, theirs = lines(out)
    assert "ValueError" in ours["exception"] and "Traceback" in theirs["exception"]


def test_libraries_and_warnings_go_through_the_same_door(out: io.StringIO) -> None:
    logging.getLogger("some.library").info("sent to %s", SAMPLE_PHONE, extra={"openid": "o-123"})
    with warnings.catch_warnings():
        warnings.simplefilter("always")
        warnings.warn(f"odd number {SAMPLE_ID}", UserWarning, stacklevel=1)

    library, warning = lines(out)
    assert library["event"] == f"sent to {STRUCK}"
    assert (library["logger"], library["level"], library["openid"]) == ("some.library", "info", STRUCK)
    assert SAMPLE_ID not in warning["event"] and "odd number" in warning["event"]


def test_a_crash_is_one_redacted_line_for_the_console_too() -> None:
    program = (
        "from telehealth.core import log\n"
        "log.configure(json=False)\n"
        f"patient_phone = '{SAMPLE_PHONE}'\n"
        "raise ValueError(patient_phone)\n"
    )
    crashed = subprocess.run([sys.executable, "-c", program], capture_output=True, text=True, check=False)

    assert crashed.returncode == 1
    assert "process.crashed" in crashed.stderr and "ValueError" in crashed.stderr
    assert SAMPLE_PHONE not in crashed.stderr
