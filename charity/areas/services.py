"""The one verb of areas: bring the table to what the package's data says."""

from __future__ import annotations

import datetime as dt
import json
from functools import cache
from importlib.resources import files
from typing import Any

from sqlalchemy import Connection, delete, insert, select

from charity.areas.kinds import AreaLevel
from charity.areas.models import Area

_COLUMNS = tuple(Area.__table__.columns.keys())


def seed(conn: Connection) -> int:
    """Make the table hold exactly the rows of ``gansu.json``; return how many rows changed.

    Runs as the owner in the caller's transaction, at init and at every upgrade; safe to repeat.
    """
    have = {tuple(row) for row in conn.execute(select(*Area.__table__.columns))}
    wanted = {tuple(row[name] for name in _COLUMNS): row for row in rows()}
    gone, fresh = have - wanted.keys(), wanted.keys() - have
    for row in gone:
        values = dict(zip(_COLUMNS, row, strict=True))
        conn.execute(
            delete(Area).where(Area.code == values["code"], Area.valid_from == values["valid_from"])
        )
    if fresh:
        conn.execute(insert(Area), [wanted[key] for key in sorted(fresh, key=str)])
    return len(gone) + len(fresh)


@cache
def rows() -> tuple[dict[str, Any], ...]:
    """The rows of the package's data, as the table holds them."""
    text = files("charity.areas").joinpath("gansu.json").read_text("utf-8")
    data = json.loads(text)
    return tuple(
        {
            "code": each["code"],
            "valid_from": dt.date.fromisoformat(each.get("valid_from", data["held_from"])),
            "valid_to": dt.date.fromisoformat(each["valid_to"]) if "valid_to" in each else None,
            "name": each["name"],
            "name_en": each["name_en"],
            "level": each["level"],
            "parent_code": _parent(each["code"], AreaLevel(each["level"])),
            "successor_code": each.get("successor"),
        }
        for each in data["areas"]
    )


def _parent(code: str, level: AreaLevel) -> str | None:
    """Codes say where they belong: 62 · 01 · 23."""
    match level:
        case AreaLevel.PROVINCE:
            return None
        case AreaLevel.PREFECTURE:
            return f"{code[:2]}0000"
        case AreaLevel.COUNTY:
            return f"{code[:4]}00"
