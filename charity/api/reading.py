"""Reading a JSON body so that it means one thing to everyone, or is refused.

Rule: UTF-8 only, at most 64 KiB, no key twice, at most 16 levels, no NaN or Infinity, no NUL, no
lone surrogate. Depth is measured before parsing, so no input reaches Python's recursion limit.
"""

from __future__ import annotations

import json
import re
from typing import Any, NoReturn

from flask import request
from werkzeug.exceptions import RequestEntityTooLarge

from charity.api.errors import NotJson, Unreadable

LARGEST = 64 * 1024
DEEPEST = 16

# A string (an unfinished one runs to the end, so the scan is linear) or a bracket.
_TOKEN = re.compile(r'"(?:[^"\\]|\\.)*+"?|[\[\]{}]', re.DOTALL)


def json_body() -> Any:
    """The body of this request. Raises NotJson, Unreadable, or 413 when it is too large."""
    if request.mimetype != "application/json" or request.headers.get("Content-Encoding"):
        raise NotJson
    if request.mimetype_params.get("charset", "utf-8").lower() not in {"utf-8", "utf8"}:
        raise NotJson
    return parse(raw_body())


def raw_body() -> bytes:
    """The body's bytes as they came. Raises 413 when there are more than 64 KiB of them."""
    # One byte more than is taken: a body of unknown length is cut there and not taken for whole.
    request.max_content_length = LARGEST + 1
    raw = request.get_data(cache=False)
    if len(raw) > LARGEST:
        raise RequestEntityTooLarge
    return raw


def parse(raw: bytes) -> Any:
    """The value of a JSON text. Raises Unreadable."""
    try:
        text = raw.decode("utf-8")
    except UnicodeDecodeError as error:
        raise Unreadable from error
    if _depth(text) > DEEPEST:
        raise Unreadable
    try:
        value = json.loads(text, object_pairs_hook=_once_each, parse_constant=_no_constant)
    except ValueError as error:
        raise Unreadable from error
    _refuse_unstorable(value)
    return value


def _depth(text: str) -> int:
    deepest = depth = 0
    for token in _TOKEN.finditer(text):
        first = token[0][0]
        if first in "[{":
            depth += 1
            deepest = max(deepest, depth)
        elif first in "]}":
            depth -= 1
    return deepest


def _once_each(pairs: list[tuple[str, Any]]) -> dict[str, Any]:
    found = dict(pairs)
    if len(found) != len(pairs):
        raise Unreadable
    return found


def _no_constant(name: str) -> NoReturn:
    raise ValueError(name)


def _refuse_unstorable(value: Any) -> None:
    """Neither NUL nor half a character can be stored, in keys or values."""
    match value:
        case str():
            try:
                if b"\x00" in value.encode("utf-8"):
                    raise Unreadable
            except UnicodeEncodeError as error:
                raise Unreadable from error
        case list():
            for item in value:
                _refuse_unstorable(item)
        case dict():
            for key, item in value.items():
                _refuse_unstorable(key)
                _refuse_unstorable(item)
