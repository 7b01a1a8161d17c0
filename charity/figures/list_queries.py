"""The public list of gifts and uses, by entry number, the newest first.

Rule: no amount stands beside a name. Gifts of one unit on one day are one row with their sum; a
group of fewer than three is not shown by itself but together with the other small ones of its
campaign and day, without unit and names, and below three even together without its sum: so a gift
of somebody who wants no name cannot be told from a village's only row.
"""

from __future__ import annotations

import datetime as dt
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

from sqlalchemy import select

from charity.disbursements import queries as disbursements
from charity.disbursements.queries import UseRow
from charity.donations import public_queries as gifts
from charity.donations.kinds import NOBODY
from charity.figures import line_queries as lines
from charity.figures.errors import LimitUnfit
from charity.figures.kinds import RowKind, Side
from charity.figures.lines import FEW
from charity.figures.models import Day, Line
from charity.funds import queries as funds
from charity.kernel.db import among, db
from charity.kernel.errors import CursorUnfit
from charity.ledger import change_queries as ledger_changes

LONGEST_PAGE = 200
NAMES = 6
_LARGEST = 10**15


@dataclass(frozen=True, slots=True, kw_only=True)
class ListRow:
    """One row. Without a unit it is the small groups of a campaign and day together.

    ``fen`` is None where a sum would tell of one gift. ``names`` are the last few donors as they
    chose to be shown; ``entries`` counts all. ``use`` is there for uses.
    """

    kind: RowKind
    n: int
    first_n: int
    day: dt.date
    campaign_slug: str
    campaign_name: str
    campaign_name_en: str
    unit_code: str | None
    unit_name: str
    unit_name_en: str
    entries: int
    fen: int | None
    names: tuple[str, ...] = ()
    use: UseRow | None = None


@dataclass(frozen=True, slots=True)
class ListPage:
    """Some rows; ``next_cursor`` is None on the last page."""

    items: list[ListRow]
    next_cursor: str | None
    as_of_entry: int


def public_list(
    campaign: str | None = None,
    unit: str | None = None,
    kind: RowKind | None = None,
    cursor: str | None = None,
    limit: int = 50,
) -> ListPage:
    """Rows past ``cursor``, of a campaign (slug), a unit (code) and a kind where one is given.

    Raises CursorUnfit, LimitUnfit.
    """
    if not 1 <= limit <= LONGEST_PAGE:
        raise LimitUnfit
    below = _number(cursor) if cursor else None
    found = _days(campaign, unit, kind, below, limit + 1) + _uses(
        campaign, unit, kind, below, limit + 1
    )
    found.sort(key=lambda row: row["n"], reverse=True)
    page = found[:limit]
    more = str(page[-1]["n"]) if len(found) > limit else None
    return ListPage(_rows(page), more, lines.head())


def latest_uses(limit: int, campaign: str | None = None, unit: str | None = None) -> list[ListRow]:
    """The last uses of all, of a campaign, or of a unit in it."""
    return _rows(_uses(campaign, unit, RowKind.USE, None, limit))


def _number(cursor: str) -> int:
    if not (cursor.isascii() and cursor.isdecimal() and len(cursor) <= 16):
        raise CursorUnfit
    number = int(cursor)
    if not 1 <= number <= _LARGEST:
        raise CursorUnfit
    return number


def _days(
    campaign: str | None, unit: str | None, kind: RowKind | None, below: int | None, limit: int
) -> list[dict[str, Any]]:
    """Days of gifts, of what went back and of corrections."""
    if kind is RowKind.USE:
        return []
    wanted = select(
        Day.kind, Day.last_n, Day.first_n, Day.day, Day.campaign, Day.unit, Day.book_id,
        Day.entries, Day.fen, Day.last_no,
    ).where(Day.shown)  # fmt: skip
    if campaign is not None:
        wanted = wanted.where(Day.campaign == campaign)
    if unit is not None:
        wanted = wanted.where(Day.unit == unit)
    if kind is not None:
        wanted = wanted.where(Day.kind == kind.value)
    if below is not None:
        wanted = wanted.where(Day.last_n < below)
    rows = db.session().execute(wanted.order_by(Day.last_n.desc()).limit(limit))
    return [
        {
            "kind": RowKind(row.kind),
            "n": row.last_n,
            "first_n": row.first_n,
            "day": row.day,
            "campaign": row.campaign,
            "unit": row.unit or None,
            "book_id": row.book_id,
            "entries": row.entries,
            "fen": row.fen if row.entries >= FEW else None,
            "last_no": row.last_no,
            "name": None,
        }
        for row in rows
    ]


def _uses(
    campaign: str | None, unit: str | None, kind: RowKind | None, below: int | None, limit: int
) -> list[dict[str, Any]]:
    """Uses, from the outgoing lines."""
    if kind not in (None, RowKind.USE):
        return []
    wanted = select(Line.name, Line.book_id, Line.n, Line.day, Line.fen).where(
        Line.side == Side.OUT.value, Line.fen > 0
    )
    if campaign is not None or unit is not None:
        wanted = wanted.where(Line.book_id.in_(ledger_changes.books_of(campaign, unit)))
    if below is not None:
        wanted = wanted.where(Line.n < below)
    rows = db.session().execute(wanted.order_by(Line.n.desc()).limit(limit)).all()
    places = ledger_changes.book_names({row.book_id for row in rows}) if rows else {}
    return [
        {
            "kind": RowKind.USE,
            "n": row.n,
            "first_n": row.n,
            "day": row.day,
            "campaign": places[row.book_id].campaign,
            "unit": places[row.book_id].unit,
            "book_id": row.book_id,
            "entries": 1,
            "fen": row.fen,
            "last_no": None,
            "name": row.name,
        }
        for row in rows
    ]


def _rows(found: Sequence[dict[str, Any]]) -> list[ListRow]:
    """The rows with the names of campaigns, units and donors, and with what was bought."""
    if not found:
        return []
    campaigns = {view.slug: view for view in funds.campaigns()}
    units = _unit_names({row["unit"] for row in found if row["unit"]})
    names = _names(found)
    uses = _what({row["name"] for row in found if row["name"]})
    made = []
    for row in found:
        campaign = campaigns.get(row["campaign"])
        if campaign is None:
            continue  # not public
        unit = units.get(row["unit"] or "", ("", ""))
        made.append(
            ListRow(
                kind=row["kind"],
                n=row["n"],
                first_n=row["first_n"],
                day=row["day"],
                campaign_slug=campaign.slug,
                campaign_name=campaign.name,
                campaign_name_en=campaign.name_en,
                unit_code=row["unit"],
                unit_name=unit[0],
                unit_name_en=unit[1],
                entries=row["entries"],
                fen=row["fen"],
                names=names.get((row["book_id"], row["day"]), ())
                if row["kind"] is RowKind.GIFT
                else (),
                use=uses.get(row["name"] or ""),
            )
        )
    return made


def _what(applications: set[str]) -> dict[str, UseRow]:
    if not applications:
        return {}
    rows = disbursements.use_rows(ids=applications, limit=len(applications))
    return {row.id: row for row in rows.items}


def _unit_names(codes: set[str]) -> dict[str, tuple[str, str]]:
    if not codes:
        return {}
    known = funds.units().subquery()
    rows = db.session().execute(
        select(known.c.code, known.c.name, known.c.name_en).where(among(known.c.code, codes))
    )
    return {row[0]: (row[1], row[2]) for row in rows}


def _names(found: Sequence[dict[str, Any]]) -> dict[tuple[int, dt.date], tuple[str, ...]]:
    """The last donors of each day of gifts that is shown with its unit, as they chose."""
    places = [
        (row["book_id"], max(0, row["last_no"] - NAMES + 1), row["last_no"], row["day"])
        for row in found
        if row["kind"] is RowKind.GIFT and row["unit"] and row["last_no"] is not None
    ]
    if not places:
        return {}
    at = lines.names_at(places)
    shown = gifts.names_shown([name for _, _, name in at])
    listed: dict[tuple[int, dt.date], dict[str, None]] = {}
    for book_id, day, gift in at:
        if gift in shown:
            listed.setdefault((book_id, day), {}).setdefault(shown[gift])
    return {
        place: tuple(sorted(names, key=lambda name: name == NOBODY))
        for place, names in listed.items()
    }
