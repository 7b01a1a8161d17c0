"""Sealed fields, keys in a folder, blind indexes, masks."""

from __future__ import annotations

import json
import stat
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import pytest
from flask import Flask
from hypothesis import given
from hypothesis import strategies as st
from sqlalchemy import Column, Integer, MetaData, Table, create_engine, insert, select, text

from charity.kernel import crypto
from charity.kernel.crypto import (
    Keyring,
    KeysMissing,
    Sealed,
    Unsealable,
    load_keys,
    mask_name,
)

OLD, NEW, INDEX = b"o" * 32, b"n" * 32, b"i" * 32
RING = Keyring([NEW, OLD], INDEX)
# What UTF-8 can carry: a lone surrogate is refused before it gets here.
TEXT = st.text(st.characters(exclude_categories=["Cs"]))


@given(TEXT)
def test_what_is_sealed_opens(value: str) -> None:
    sealed = RING.seal(value, "t.c")
    assert RING.open(sealed, "t.c") == value
    assert sealed != RING.seal(value, "t.c")


def test_a_value_moved_to_another_column_does_not_open() -> None:
    with pytest.raises(Unsealable, match=r"t\.d"):
        RING.open(RING.seal("张三", "t.c"), "t.d")


@pytest.mark.parametrize("at", range(40))
def test_a_changed_byte_does_not_open(at: int) -> None:
    sealed = bytearray(RING.seal("张三" * 3, "t.c"))
    sealed[at] ^= 1
    with pytest.raises(Unsealable):
        RING.open(bytes(sealed), "t.c")


@pytest.mark.parametrize("value", [b"", b"\x01", b"plain text, not sealed at all"])
def test_what_was_never_sealed_does_not_open(value: bytes) -> None:
    with pytest.raises(Unsealable):
        RING.open(value, "t.c")


def test_a_wrong_key_fails_loudly() -> None:
    with pytest.raises(Unsealable, match="not in the list"):
        Keyring([OLD], INDEX).open(RING.seal("张三", "t.c"), "t.c")


def test_every_key_opens_and_the_first_seals() -> None:
    before = Keyring([OLD], INDEX).seal("张三", "t.c")
    assert RING.open(before, "t.c") == "张三"
    assert Keyring([NEW], INDEX).open(RING.seal("李四", "t.c"), "t.c") == "李四"


def test_keys_are_made_once_for_the_owner_only(tmp_path: Path) -> None:
    folder = tmp_path / "keys"
    with pytest.raises(KeysMissing):
        load_keys(folder, create=False)
    with ThreadPoolExecutor(8) as pool:
        rings = list(pool.map(lambda _: load_keys(folder, create=True), range(8)))
    sealed = rings[0].seal("张三", "t.c")
    assert all(ring.open(sealed, "t.c") == "张三" for ring in rings)
    assert [p.name for p in folder.iterdir()] == ["fields.json"]
    assert stat.S_IMODE((folder / "fields.json").stat().st_mode) == 0o600
    assert load_keys(folder, create=False).open(sealed, "t.c") == "张三"
    assert "张" not in repr(rings[0])


@pytest.mark.parametrize(
    "content", ["", "{}", "[]", '{"field_keys": [], "index_key": ""}',
                '{"field_keys": ["AAAA"], "index_key": "AAAA"}'],
)  # fmt: skip
def test_a_broken_key_file_stops(tmp_path: Path, content: str) -> None:
    path = tmp_path / "fields.json"
    path.write_text(content)
    path.chmod(0o600)
    with pytest.raises(KeysMissing):
        load_keys(tmp_path, create=True)


def test_a_key_file_open_to_others_stops(tmp_path: Path) -> None:
    load_keys(tmp_path, create=True)
    (tmp_path / "fields.json").chmod(0o644)
    with pytest.raises(KeysMissing, match="others"):
        load_keys(tmp_path, create=False)
    assert json.loads((tmp_path / "fields.json").read_text())["field_keys"]


def test_blind_index_tells_purpose_and_value_apart() -> None:
    index = RING.blind_index("13800000000", "phone")
    assert len(index) == 64
    assert index == RING.blind_index("13800000000", "phone")
    assert index != RING.blind_index("13800000000", "id")
    assert index != RING.blind_index("13800000001", "phone")
    assert index != Keyring([NEW], b"j" * 32).blind_index("13800000000", "phone")


def test_a_sealed_column_holds_no_plain_text() -> None:
    table = Table(
        "people", MetaData(), Column("id", Integer), Column("name", Sealed("people.name")),
        Column("alias", Sealed("people.alias")),
    )  # fmt: skip
    engine = create_engine("sqlite://")
    app = Flask(__name__)
    with app.app_context(), engine.begin() as connection:
        table.create(connection)
        with pytest.raises(Exception, match="no keys"):
            connection.execute(insert(table).values(id=1, name="张三"))
        app.extensions[crypto.EXTENSION] = RING
        connection.execute(insert(table).values(id=1, name="张三", alias=None))
        assert connection.execute(select(table.c.name, table.c.alias)).one() == ("张三", None)
        raw = connection.execute(text("SELECT name FROM people")).scalar_one()
        assert "张三".encode() not in raw
        connection.execute(text("UPDATE people SET alias = name"))
        with pytest.raises(Unsealable):
            connection.execute(select(table.c.alias)).all()
        assert crypto.blind_index("x", "y") == RING.blind_index("x", "y")
    engine.dispose()


@pytest.mark.parametrize(
    ("name", "masked"),
    [
        ("张三", "张*"), ("王小明", "王*"), ("欧阳修", "欧阳*"), ("欧阳", "欧*"),
        ("歐陽修", "歐陽*"), ("张", "*"), ("", "*"), (" 李 四 ", "李*"),
        ("Ada Lovelace", "A*"), ("阿依古丽·买买提", "阿*"),
        ("𬱖某", "𬱖*"), ("司马相如", "司马*"),
    ],
)  # fmt: skip
def test_names_are_masked(name: str, masked: str) -> None:
    assert mask_name(name) == masked


@given(TEXT)
def test_a_masked_name_never_ends_as_the_name_does(name: str) -> None:
    assert mask_name(name).endswith("*")
    assert len(mask_name(name)) <= 3
