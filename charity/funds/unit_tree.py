"""Reads of the tree of raising units: up, down, and as a whole for adding up."""

from __future__ import annotations

from typing import Any

from sqlalchemy import ScalarSelect, Select, bindparam, func, select
from sqlalchemy.orm import aliased

from charity.funds.kinds import PUBLIC
from charity.funds.models import Campaign, CampaignUnit, Unit
from charity.funds.unit_models import UnitParent
from charity.kernel.db import db

_Parent = aliased(Unit, name="above")
_Other = aliased(Unit, name="other")


def _upward() -> Select[tuple[str]]:
    walk = (
        select(Unit.code, Unit.parent_id, Unit.depth)
        .where(Unit.code == bindparam("code"))
        .cte(recursive=True)
    )
    walk = walk.union_all(
        select(_Other.code, _Other.parent_id, _Other.depth).join(
            walk, _Other.id == walk.c.parent_id
        )
    )
    return select(walk.c.code).order_by(walk.c.depth.desc())


# Asked at every request of a unit's people; building it takes longer than the database does.
_UPWARD = _upward()


def ancestors(code: str) -> tuple[str, ...]:
    """The unit's code, then those above it up to the top; empty when there is no such unit."""
    return tuple(db.session().scalars(_UPWARD, {"code": code}))


def subtree(code: str) -> tuple[str, ...]:
    """The unit's code and those of all units below it, upper ones first."""
    walk = select(Unit.id, Unit.code, Unit.depth).where(Unit.code == code).cte(recursive=True)
    walk = walk.union_all(
        select(_Other.id, _Other.code, _Other.depth).join(walk, _Other.parent_id == walk.c.id)
    )
    return tuple(db.session().scalars(select(walk.c.code).order_by(walk.c.depth, walk.c.code)))


def tree_counts() -> tuple[ScalarSelect[int], ScalarSelect[int]]:
    """Numbers that change when a unit is registered or moved, and when a book is opened.

    Rows of parents and of books are only ever added, so their counts say it. Parts of a larger
    question.
    """
    return (
        select(func.count(UnitParent.id)).scalar_subquery(),
        select(func.count(CampaignUnit.id)).scalar_subquery(),
    )


def public_campaigns() -> tuple[tuple[str, str], ...]:
    """The public campaigns by (slug, status), the newest first."""
    campaigns = db.session().execute(
        select(Campaign.slug, Campaign.status)
        .where(Campaign.status.in_([status.value for status in PUBLIC]))
        .order_by(Campaign.starts_on.desc(), Campaign.slug)
    )
    return tuple((row[0], row[1]) for row in campaigns)


def parents_upwards() -> Select[*tuple[Any, ...]]:
    """``id`` and ``parent_id`` of every unit, the deepest first: for adding up the tree."""
    return select(Unit.id, Unit.parent_id).order_by(Unit.depth.desc())


def raising_units(campaign: str | None) -> Select[*tuple[Any, ...]]:
    """One row for each unit that has a book in the public campaign, or in any; a select.

    ``unit_id``, ``code``, ``name``, ``name_en``, ``area_code``, ``area_name``, ``level``,
    ``depth``, ``parent_code``.
    """
    raises = (
        select(CampaignUnit.unit_id)
        .join(Campaign, Campaign.id == CampaignUnit.campaign_id)
        .where(Campaign.status.in_([status.value for status in PUBLIC]))
    )
    if campaign is not None:
        raises = raises.where(Campaign.slug == campaign)
    return (
        select(
            Unit.id.label("unit_id"),
            Unit.code,
            Unit.name,
            Unit.name_en,
            Unit.area_code,
            Unit.area_name,
            Unit.level,
            Unit.depth,
            _Parent.code.label("parent_code"),
        )
        .outerjoin(_Parent, _Parent.id == Unit.parent_id)
        .where(Unit.id.in_(raises))
    )
