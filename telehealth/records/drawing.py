"""A paper as a PDF: what it says, the hospital's stamp, and where to check it."""

import json
from dataclasses import asdict
from datetime import datetime
from pathlib import Path

import anyio.to_thread

from telehealth.core.i18n import LANGUAGES, format_instant
from telehealth.core.typesetting import square, typeset
from telehealth.records.papers import PaperContent, digest

TEMPLATE = Path(__file__).with_name("templates") / "records" / "paper.typ"
SAMPLE = "样例数据，不作凭据"
NOTE = "本文件由医院信息系统依本人申请复制出具，与所存病历资料一致；是否盖有医院电子签章，以查验结果为准。"


async def paper(content: PaperContent, *, url: str, issued_at: datetime) -> bytes:
    """The same words at the same moment are the same bytes; `url` opens the check page."""
    return await anyio.to_thread.run_sync(draw, content, url, issued_at)


def draw(content: PaperContent, url: str, issued_at: datetime) -> bytes:
    words = {
        "title": content.title,
        "hospital": content.hospital,
        "number": content.number,
        "digest": digest(content),
        "facts": content.facts,
        "parts": [asdict(part) for part in content.parts],
        "signed": content.signed,
        "issued": format_instant(issued_at, LANGUAGES[0]),
        "note": NOTE,
        "sample": SAMPLE if content.is_sample else "",
        "url": url,
        "qr": square(url),
    }
    return typeset(TEMPLATE, {"words": json.dumps(words, ensure_ascii=False)}, issued_at, tagged=True)
