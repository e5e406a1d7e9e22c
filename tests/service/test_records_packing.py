"""The archive of an export is packed on the disk: however many papers there are, one is in memory (REG60)."""

import hashlib
import json
import os
import tracemalloc
import zipfile

from telehealth.records import packing

MEGABYTE = 1_000_000


async def _packed(papers: list[tuple[str, bytes]]) -> str:
    async with packing.archive() as archive:
        await archive.begin({"resourceType": "Bundle", "entry": []})
        for name, pdf in papers:
            await archive.add_paper(name, pdf)
        size = await archive.end()
        archive.file.seek(0)
        data = archive.file.read()
    assert len(data) == size
    return hashlib.sha256(data).hexdigest()


async def test_REG60_forty_papers_take_no_more_memory_than_a_few() -> None:
    async with packing.archive() as archive:
        await archive.begin({"resourceType": "Bundle", "entry": []})
        tracemalloc.start()
        for number in range(40):
            await archive.add_paper(f"{number}.pdf", os.urandom(MEGABYTE))
        size = await archive.end()
        peak = tracemalloc.get_traced_memory()[1]
        tracemalloc.stop()
    assert size > 40 * MEGABYTE
    assert peak < 8 * MEGABYTE


async def test_REG60_the_same_content_is_the_same_archive() -> None:
    papers = [("a.pdf", b"%PDF-1"), ("b.pdf", b"%PDF-2")]
    assert await _packed(papers) == await _packed(papers)
    assert await _packed(papers) != await _packed(papers[:1])


async def test_REG60_the_manifest_names_every_file_with_its_hash() -> None:
    async with packing.archive() as archive:
        await archive.begin({"resourceType": "Bundle", "entry": []})
        await archive.add_paper("a.pdf", b"%PDF-1")
        await archive.end()
        with zipfile.ZipFile(archive.file) as read:
            manifest = {one["file"]: one["sha256"] for one in json.loads(read.read("manifest.json"))}
            assert set(read.namelist()) == {*manifest, "manifest.json"}
            assert all(hashlib.sha256(read.read(name)).hexdigest() == told for name, told in manifest.items())
            assert read.getinfo("papers/a.pdf").compress_type == zipfile.ZIP_STORED
