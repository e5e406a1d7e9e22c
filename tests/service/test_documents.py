"""XY23: a PDF is taken when there is nothing in it but pages."""

from collections.abc import AsyncIterator

import pytest

from telehealth.core.documents import inspect
from telehealth.core.quarantine.pool import Quarantine
from telehealth.core.uploads import MAX_DOCUMENT_BYTES, UploadRefused, UploadTooLarge, UploadUnreadable
from tests.support import uploads

pytestmark = pytest.mark.anyio


@pytest.fixture(scope="module")
def anyio_backend() -> str:
    return "asyncio"


@pytest.fixture(scope="module")
async def quarantine() -> AsyncIterator[Quarantine]:
    async with Quarantine(workers=1) as quarantine:
        yield quarantine


@pytest.mark.parametrize("pages", [1, 60])
async def test_XY23_a_plain_report_is_taken(quarantine: Quarantine, pages: int) -> None:
    assert (await inspect(quarantine, uploads.pdf(pages))).pages == pages


async def test_XY23_a_report_that_opens_at_its_second_page_is_taken(quarantine: Quarantine) -> None:
    assert (await inspect(quarantine, uploads.pdf_that_opens_at_a_page())).pages == 2


@pytest.mark.parametrize(
    ("sent", "reason"),
    [
        pytest.param(uploads.pdf_with_script(), "/OpenAction", id="script on opening"),
        pytest.param(uploads.pdf_with_script_deep_in_a_page(), "/Launch", id="program behind a link"),
        pytest.param(uploads.pdf_with_page_action(), "/AA", id="action on a page"),
        pytest.param(uploads.pdf_with_attachment(), None, id="attachment"),
        pytest.param(uploads.pdf_with_xfa(), "/XFA", id="xfa form"),
        pytest.param(uploads.encrypted_pdf("secret"), "encrypted", id="needs a password"),
        pytest.param(uploads.encrypted_pdf(""), "encrypted", id="encrypted without password"),
    ],
)
async def test_XY23_a_pdf_that_can_do_something_is_refused(
    quarantine: Quarantine, sent: bytes, reason: str | None
) -> None:
    with pytest.raises(UploadRefused) as refused:
        await inspect(quarantine, sent)
    assert reason is None or refused.value.facts["reason"] == reason


@pytest.mark.parametrize(
    "sent",
    [b"", b"%PDF-1.7\n", b"%PDF-1.7\n" + bytes(1000), uploads.HTML, uploads.photo(), b" " + uploads.pdf()],
    ids=["nothing", "head only", "zeros", "html", "photo", "something before"],
)
async def test_XY23_what_is_no_pdf_is_refused(quarantine: Quarantine, sent: bytes) -> None:
    with pytest.raises(UploadUnreadable):
        await inspect(quarantine, sent)


async def test_XY23_a_book_is_too_large(quarantine: Quarantine) -> None:
    with pytest.raises(UploadTooLarge):
        await inspect(quarantine, uploads.pdf(61))
    with pytest.raises(UploadTooLarge):
        await inspect(quarantine, bytes(MAX_DOCUMENT_BYTES + 1))
