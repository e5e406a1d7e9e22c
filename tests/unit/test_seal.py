"""Sealed values open only where they belong, with the key they were sealed with."""

import base64
import os
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import pytest
import sqlalchemy as sa
from hypothesis import given
from hypothesis import strategies as st
from sqlalchemy.orm import DeclarativeBase, Mapped, Session, mapped_column

from telehealth.core.seal import (
    KeyFileExposed,
    KeyRing,
    Keys,
    SealBroken,
    Sealed,
    blind_index,
    key_id_of,
    open_,
    rotate,
    seal,
    use_ring,
)

RING = KeyRing.generate()
SAMPLE_ID = "330106198001012148"


@given(st.text())
def test_a_sealed_text_opens_to_itself_and_shows_nothing(text: str) -> None:
    sealed = seal(RING, "patients.id_number", text)

    assert open_(RING, "patients.id_number", sealed) == text
    if len(text) > 4:
        assert text.encode() not in sealed


def test_the_same_text_is_never_sealed_the_same_way_twice() -> None:
    assert seal(RING, "patients.phone", SAMPLE_ID) != seal(RING, "patients.phone", SAMPLE_ID)


def test_a_value_moved_to_another_column_does_not_open() -> None:
    sealed = seal(RING, "patients.id_number", SAMPLE_ID)

    with pytest.raises(SealBroken):
        open_(RING, "patients.name", sealed)


@pytest.mark.parametrize("position", [0, 1, 2, 13, 14, -1])
def test_one_changed_bit_breaks_the_seal(position: int) -> None:
    sealed = bytearray(seal(RING, "patients.phone", "13800000000"))
    sealed[position] ^= 1

    with pytest.raises(SealBroken):
        open_(RING, "patients.phone", bytes(sealed))


@pytest.mark.parametrize("junk", [b"", b"\x01", b"plain text", bytes(64)])
def test_bytes_that_were_never_sealed_are_refused(junk: bytes) -> None:
    with pytest.raises(SealBroken):
        open_(RING, "patients.phone", junk)


def test_a_renewed_ring_opens_old_values_and_seals_with_the_new_key() -> None:
    old = seal(RING, "patients.phone", "13800000000")
    renewed = RING.renewed()

    moved = rotate(renewed, "patients.phone", old)

    assert open_(renewed, "patients.phone", old) == "13800000000"
    assert (key_id_of(old), key_id_of(moved)) == (1, 2)
    assert open_(renewed, "patients.phone", moved) == "13800000000"
    assert rotate(renewed, "patients.phone", moved) is moved
    with pytest.raises(SealBroken):
        open_(RING, "patients.phone", moved)


def test_the_blind_index_survives_renewal_and_forgives_width_case_and_blanks() -> None:
    index = blind_index(RING, "patients.id_number", "33010619800101214X")

    assert len(index) == 16
    assert blind_index(RING.renewed(), "patients.id_number", " 330106 19800101 214x ") == index
    assert blind_index(RING, "patients.id_number", "３３０１０６１９８００１０１２１４Ｘ") == index
    assert blind_index(RING, "patients.phone", "33010619800101214X") != index
    assert blind_index(KeyRing.generate(), "patients.id_number", "33010619800101214X") != index


def test_the_key_file_is_made_once_for_its_owner_alone(tmp_path: Path) -> None:
    path = tmp_path / "home" / "keys.json"
    with ThreadPoolExecutor(8) as starters:
        rings = list(starters.map(lambda _: Keys.from_file(path), range(8)))

    assert path.stat().st_mode & 0o777 == 0o600
    assert all(keys == rings[0] for keys in rings)
    assert list(path.parent.iterdir()) == [path]


def test_a_key_file_others_may_read_is_refused(tmp_path: Path) -> None:
    path = tmp_path / "keys.json"
    Keys.from_file(path)
    path.chmod(0o644)

    with pytest.raises(KeyFileExposed):
        Keys.from_file(path)


def test_keys_survive_saving_and_give_each_purpose_its_own_secret(tmp_path: Path) -> None:
    path = tmp_path / "keys.json"
    keys = Keys.from_file(path)
    renewed = Keys(keys.ring.renewed(), keys.root)
    renewed.save(path)

    assert Keys.from_file(path) == renewed
    assert keys.secret("tickets") == renewed.secret("tickets") != keys.secret("blobs")


def test_keys_do_not_show_themselves() -> None:
    keys = Keys.generate()

    assert repr(keys) == "Keys(ring=KeyRing(active=1))"


def test_a_ring_from_settings_refuses_short_keys_and_a_missing_active_key() -> None:
    whole = base64.b64encode(os.urandom(32)).decode()

    assert KeyRing.from_secrets(active=7, keys={7: whole}, index_key=whole).active == 7
    with pytest.raises(ValueError, match="32 bytes"):
        KeyRing.from_secrets(active=7, keys={7: whole}, index_key=base64.b64encode(b"short").decode())
    with pytest.raises(ValueError, match="active"):
        KeyRing.from_secrets(active=8, keys={7: whole}, index_key=whole)


class Base(DeclarativeBase):
    pass


class SamplePerson(Base):
    __tablename__ = "sample_person"
    id: Mapped[int] = mapped_column(primary_key=True)
    phone: Mapped[str | None] = mapped_column(Sealed("sample_person.phone"))
    name: Mapped[str | None] = mapped_column(Sealed("sample_person.name"))


def test_a_sealed_column_stores_no_plain_text_and_notices_a_swapped_column() -> None:
    use_ring(RING)
    engine = sa.create_engine("sqlite://")
    Base.metadata.create_all(engine)
    with Session(engine) as session:
        session.add(SamplePerson(id=1, phone="13800000000", name=None))
        session.commit()
        person = session.get_one(SamplePerson, 1)
        raw = session.execute(sa.text("SELECT phone FROM sample_person")).scalar_one()

        assert (person.phone, person.name) == ("13800000000", None)
        assert b"13800000000" not in raw
        session.execute(sa.text("UPDATE sample_person SET name = phone"))
        session.commit()
        with pytest.raises(SealBroken):
            session.refresh(person)
    engine.dispose()
