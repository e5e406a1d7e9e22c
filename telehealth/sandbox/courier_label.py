"""A waybill as PDF, written by hand: freight collect in large letters, the number as text and as a square."""

from collections.abc import Mapping, Sequence
from typing import Any

import segno

_WIDTH, _HEIGHT = 283, 425  # 100 x 150 mm in points


def label_pdf(number: str, route_label: str, message: Mapping[str, Any]) -> bytes:
    parties = {one["contactType"]: one for one in message["contactInfoList"]}
    cargo = "、".join(str(one["name"]) for one in message["cargoDetails"])
    lines = [
        (16, 395, 18, "样例快递 沙箱面单"),
        (16, 365, 16, f"{route_label}  到付"),
        (16, 340, 11, number),
        *_address(300, "寄", parties[1]),
        *_address(250, "收", parties[2]),
        (16, 195, 10, f"托寄物：{cargo}    {message['totalWeight']} kg"),
        (16, 178, 10, "运费由收件人支付（到付），不含在药费内"),
    ]
    if message.get("temperatureRange"):
        lines.append((16, 161, 12, "冷链 2–8 ℃"))
    drawn = "".join(f"BT /F {size} Tf {x} {y} Td <{_hex(text)}> Tj ET\n" for x, y, size, text in lines)
    return _pdf((drawn + _square(number, left=86, top=145, side=110)).encode("ascii"))


def _address(top: int, mark: str, party: Mapping[str, Any]) -> list[tuple[int, int, int, str]]:
    place = "".join(str(party.get(part) or "") for part in ("province", "city", "county", "address"))
    return [
        (16, top, 11, f"{mark}  {party['contact']}  {party.get('mobile') or party.get('tel')}"),
        (16, top - 16, 9, place[:28]),
        (16, top - 29, 9, place[28:56]),
    ]


def _square(text: str, *, left: int, top: int, side: int) -> str:
    matrix = [list(row) for row in segno.make(text, error="m", micro=False).matrix]
    dot = side / len(matrix)
    return "".join(
        f"{left + column * dot:.2f} {top - (row + 1) * dot:.2f} {dot:.2f} {dot:.2f} re f\n"
        for row, cells in enumerate(matrix)
        for column, dark in enumerate(cells)
        if dark
    )


def _hex(text: str) -> str:
    return text.encode("utf-16-be").hex()


def _pdf(content: bytes) -> bytes:
    """One page in a font every reader has for Chinese."""
    objects = [
        b"<</Type/Catalog/Pages 2 0 R>>",
        b"<</Type/Pages/Kids[3 0 R]/Count 1>>",
        b"<</Type/Page/Parent 2 0 R/MediaBox[0 0 %d %d]/Contents 4 0 R"
        b"/Resources<</Font<</F 5 0 R>>>>>>" % (_WIDTH, _HEIGHT),
        b"<</Length %d>>\nstream\n%s\nendstream" % (len(content), content),
        b"<</Type/Font/Subtype/Type0/BaseFont/STSong-Light/Encoding/UniGB-UCS2-H/DescendantFonts[6 0 R]>>",
        b"<</Type/Font/Subtype/CIDFontType0/BaseFont/STSong-Light"
        b"/CIDSystemInfo<</Registry(Adobe)/Ordering(GB1)/Supplement 2>>/FontDescriptor 7 0 R>>",
        b"<</Type/FontDescriptor/FontName/STSong-Light/Flags 6/FontBBox[-25 -254 1000 880]/ItalicAngle 0"
        b"/Ascent 880/Descent -120/CapHeight 880/StemV 93>>",
    ]
    return _numbered(objects)


def _numbered(objects: Sequence[bytes]) -> bytes:
    written, places = b"%PDF-1.4\n", []
    for number, body in enumerate(objects, 1):
        places.append(len(written))
        written += b"%d 0 obj\n%s\nendobj\n" % (number, body)
    table = b"".join(b"%010d 00000 n \n" % place for place in places)
    size = len(objects) + 1
    return (
        written
        + b"xref\n0 %d\n0000000000 65535 f \n%s" % (size, table)
        + b"trailer\n<</Size %d/Root 1 0 R>>\nstartxref\n%d\n%%%%EOF\n" % (size, len(written))
    )
