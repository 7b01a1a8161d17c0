"""Field encryption, blind index, masking.

What identifies a person is stored sealed: AES-256-GCM, bound to its table and column, so that a
ciphertext moved to another column does not open. Keys lie in a folder outside the database: the
first key of the list seals, every key of it opens. A value that does not open is an error, never
an empty field. Blind indexes (HMAC-SHA-256) find a sealed value without opening any.
"""

from __future__ import annotations

import base64
import hashlib
import hmac
import json
import os
import secrets
import unicodedata
from pathlib import Path

from cryptography.exceptions import InvalidTag
from cryptography.hazmat.primitives.ciphers.aead import AESGCM
from flask import current_app
from sqlalchemy import Dialect, LargeBinary, TypeDecorator

EXTENSION = "charity.keys"
_FILE = "fields.json"
_KEY_BYTES = 32
_VERSION = b"\x01"
_KEY_ID_BYTES = 4
_NONCE_BYTES = 12
_HEAD_BYTES = 1 + _KEY_ID_BYTES + _NONCE_BYTES


class KeysMissing(RuntimeError):
    """The key file is not there, not readable, or not whole."""


class Unsealable(RuntimeError):
    """A sealed value does not open: its key is missing, or it was moved or changed."""


class Keyring:
    """The keys of one installation, in memory."""

    def __init__(self, field_keys: list[bytes], index_key: bytes) -> None:
        if not field_keys or any(len(k) != _KEY_BYTES for k in [*field_keys, index_key]):
            raise KeysMissing("keys are 32 bytes each, at least one for fields")
        self._first = _key_id(field_keys[0])
        self._ciphers = {_key_id(key): AESGCM(key) for key in field_keys}
        self._index_key = index_key

    def __repr__(self) -> str:
        return f"<Keyring of {len(self._ciphers)}>"

    def ids(self) -> list[str]:
        """Short names of the keys, the index key's last: they tell no key."""
        index = hashlib.sha256(b"charity index key\x00" + self._index_key).digest()
        return [each.hex() for each in (*self._ciphers, index[:_KEY_ID_BYTES])]

    def seal(self, plaintext: str, context: str) -> bytes:
        """``plaintext`` sealed for ``context`` ("table.column"): opens with nothing else."""
        nonce = secrets.token_bytes(_NONCE_BYTES)
        sealed = self._ciphers[self._first].encrypt(nonce, plaintext.encode(), context.encode())
        return _VERSION + self._first + nonce + sealed

    def open(self, sealed: bytes, context: str) -> str:
        """What was sealed for ``context``; raises Unsealable."""
        if len(sealed) < _HEAD_BYTES or sealed[:1] != _VERSION:
            raise Unsealable(f"{context}: not a sealed value")
        cipher = self._ciphers.get(sealed[1 : 1 + _KEY_ID_BYTES])
        if cipher is None:
            raise Unsealable(f"{context}: sealed with a key that is not in the list")
        nonce = sealed[1 + _KEY_ID_BYTES : _HEAD_BYTES]
        try:
            return cipher.decrypt(nonce, sealed[_HEAD_BYTES:], context.encode()).decode()
        except InvalidTag:
            raise Unsealable(f"{context}: moved from another column, or changed") from None

    def blind_index(self, value: str, purpose: str) -> str:
        """64 hex characters, the same for the same value and purpose, telling nothing else.

        The caller brings ``value`` into one spelling first.
        """
        message = purpose.encode() + b"\x00" + value.encode()
        return hmac.new(self._index_key, message, hashlib.sha256).hexdigest()


def _key_id(key: bytes) -> bytes:
    return hashlib.sha256(b"charity field key\x00" + key).digest()[:_KEY_ID_BYTES]


def load_keys(folder: Path, *, create: bool) -> Keyring:
    """The keys in ``folder``; with ``create`` they are made when there are none.

    The file is readable by its owner only and is never overwritten: losing it loses the fields.
    Raises KeysMissing when there is no file and ``create`` is false, when the file is open to
    others, or when it is not whole.
    """
    path = folder / _FILE
    if create and not path.exists():
        _create(path)
    try:
        if path.stat().st_mode & 0o077:
            raise KeysMissing(f"{path} can be read by others; chmod 600 it")
        content = json.loads(path.read_text("utf-8"))
        fields = [base64.b64decode(key, validate=True) for key in content["field_keys"]]
        return Keyring(fields, base64.b64decode(content["index_key"], validate=True))
    except (OSError, ValueError, KeyError, TypeError) as error:
        raise KeysMissing(f"{path}: {error}") from error


def key_ids(folder: Path) -> list[str]:
    """Short names of the keys in ``folder``, the index key's last: they tell no key.

    Raises KeysMissing.
    """
    return load_keys(folder, create=False).ids()


def _create(path: Path) -> None:
    """Write fresh keys beside the place and link them in, so no half-written file is ever read."""

    def fresh() -> str:
        return base64.b64encode(secrets.token_bytes(_KEY_BYTES)).decode()

    path.parent.mkdir(parents=True, exist_ok=True, mode=0o700)
    temporary = path.with_suffix(f".{secrets.token_hex(8)}")
    content = json.dumps({"field_keys": [fresh()], "index_key": fresh()}, indent=2)
    descriptor = os.open(temporary, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600)
    with os.fdopen(descriptor, "w", encoding="utf-8") as stream:
        stream.write(content + "\n")
        stream.flush()
        os.fsync(stream.fileno())
    try:
        path.hardlink_to(temporary)  # refuses when another process was first
    except FileExistsError:
        pass
    finally:
        temporary.unlink()
    folder = os.open(path.parent, os.O_RDONLY)
    try:
        os.fsync(folder)
    finally:
        os.close(folder)


def keyring() -> Keyring:
    """The running application's keys."""
    try:
        keys = current_app.extensions[EXTENSION]
    except KeyError:
        raise KeysMissing("no keys were given to this application") from None
    assert isinstance(keys, Keyring)
    return keys


def blind_index(value: str, purpose: str) -> str:
    """``Keyring.blind_index`` with the running application's key."""
    return keyring().blind_index(value, purpose)


class Sealed(TypeDecorator[str]):
    """A text column stored sealed; ``context`` is its own ``"table.column"``.

    It cannot be compared or sorted in the database: keep a blind index beside it for finding.
    """

    impl = LargeBinary
    cache_ok = True

    def __init__(self, context: str) -> None:
        super().__init__()
        self.context = context

    def process_bind_param(self, value: str | None, dialect: Dialect) -> bytes | None:
        return None if value is None else keyring().seal(value, self.context)

    def process_result_value(self, value: bytes | None, dialect: Dialect) -> str | None:
        return None if value is None else keyring().open(bytes(value), self.context)


# Family names of two characters that are in use; any other name keeps its first character.
_COMPOUND_NAMES = """
欧阳 司马 上官 诸葛 东方 独孤 南宫 夏侯 皇甫 尉迟 公孙 慕容 令狐
司徒 司空 司寇 长孙 宇文 轩辕 端木 百里 呼延 东郭 南门 西门 公冶
公羊 公西 闻人 澹台 濮阳 淳于 单于 太叔 申屠 钟离 仲孙 鲜于 闾丘
亓官 万俟 赫连 拓跋 完颜 耶律 纳兰 第五 左丘 梁丘 东门 北宫 巫马
乐正 漆雕 颛孙 子车 宰父 谷梁 夹谷 歐陽 司馬 諸葛 東方 尉遲 公孫
長孫 鮮于 鍾離 獨孤 納蘭
"""
_COMPOUND = frozenset(_COMPOUND_NAMES.split())


def mask_name(name: str) -> str:
    """A person's name with only the family name kept: 张* · 欧阳* · J*; never a last character."""
    clean = unicodedata.normalize("NFKC", name).strip()
    if len(clean) < 2:
        return "*"
    keep = 2 if len(clean) > 2 and clean[:2] in _COMPOUND else 1
    return f"{clean[:keep]}*"
