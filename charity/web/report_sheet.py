"""A report's frozen document as pages draw it, in the reader's words.

Rule: every figure is taken from the document, none is asked for again; what may change is only how
it looks.
"""

from __future__ import annotations

import datetime as dt
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from flask_babel import LazyString
from flask_babel import lazy_gettext as _
from flask_babel import lazy_pgettext as _p
from markupsafe import Markup

from charity.disclosures.document import other_moves
from charity.kernel import richtext
from charity.web.locale import language
from charity.web.use_words import CATEGORIES, PURPOSES

COLUMNS: Mapping[str, LazyString] = {
    "opening": _("期初累计"),
    "movement": _("本期"),
    "closing": _("期末累计"),
}
PARTS: Mapping[str, LazyString] = {
    "totals": _("合计"),
    "unit": _p("one", "募集单位"),
    "use": _("用款"),
}
#: In the order of the statement; the sign says how it enters what is left.
STATEMENT: tuple[tuple[str, LazyString, str], ...] = (
    ("raised_fen", _("募集"), "+"),
    ("refunded_fen", _("捐赠退回"), "-"),
    ("disputed_fen", _("拒付争议"), "-"),
    ("matched_in_fen", _("配捐转入"), "+"),
    ("matched_out_fen", _("配捐转出"), "-"),
    ("moved_in_fen", _("结余转入"), "+"),
    ("moved_out_fen", _("结余转出"), "-"),
    ("borne_fen", _("机构自有资金承担"), "+"),
    ("fees_fen", _("支付手续费"), "-"),
    ("costs_fen", _("管理费和募捐成本"), "-"),
    ("used_fen", _("已拨付"), "-"),
    ("left_fen", _("结余"), "="),
    ("available_fen", _("结余中：可用"), ""),
    ("reserved_fen", _("结余中：已审批待拨"), ""),
    ("shortfall_fen", _("结余中：待补足款"), "-"),
    ("proved_fen", _("已拨付中：已核销"), ""),
)
PLACES: tuple[tuple[str, LazyString], ...] = (
    ("clearing_fen", _("支付渠道待结算")),
    ("transit_fen", _("在途资金")),
    ("bank_fen", _("银行存款")),
    ("pending_in_fen", _("待到账")),
    ("advance_fen", _("垫付款")),
)
FIGURES: Mapping[str, LazyString] = {name: label for name, label, _sign in STATEMENT} | dict(PLACES)


@dataclass(frozen=True, slots=True)
class Line:
    """A figure in the three columns, in fen; ``take``: it lowers what is left."""

    label: str
    opening: int
    movement: int
    closing: int
    take: bool = False
    sum: bool = False


@dataclass(frozen=True, slots=True)
class UnitLine:
    """One unit's days, own or with its sub-units, in fen; they add up from opening to closing."""

    code: str
    name: str
    name_en: str
    opening: int
    raised: int
    refunded: int
    fees: int
    used: int
    other: int
    closing: int
    proved: int


@dataclass(frozen=True, slots=True)
class UseLine:
    """One use."""

    number: str
    title: str
    unit_name: str
    unit_name_en: str
    purpose: str
    category: str
    people: int
    used_on: dt.date
    used_fen: int
    proved_fen: int


@dataclass(frozen=True, slots=True)
class ChangeLine:
    """A figure that a correction changed."""

    part: str
    name: str
    column: str
    figure: str
    before_fen: int
    after_fen: int


@dataclass(frozen=True, slots=True, kw_only=True)
class Sheet:
    """A document ready to be drawn."""

    report: str
    version: int
    as_of_entry: int
    drawn_on: dt.date
    first_on: dt.date
    last_on: dt.date
    slug: str
    name: str
    name_en: str
    filing_number: str
    charity_name: str
    charity_name_en: str
    test: bool
    text: Markup
    in_chinese: bool
    statement: tuple[Line, ...]
    places: tuple[Line, ...]
    units: tuple[UnitLine, ...]
    subtrees: tuple[UnitLine, ...]
    total: UnitLine
    uses: tuple[UseLine, ...]
    other_used_fen: int
    replaces: int | None
    reason: str
    text_changed: bool
    changes: tuple[ChangeLine, ...]


def sheet(document: Mapping[str, Any]) -> Sheet:
    """The document in the reader's words."""
    campaign, charity, totals = document["campaign"], document["charity"], document["totals"]
    english = language() == "en" and bool(document["text_en"].strip())
    correction = document["correction"] or {}
    return Sheet(
        report=document["report"],
        version=document["version"],
        as_of_entry=document["as_of_entry"],
        drawn_on=dt.date.fromisoformat(document["drawn_on"]),
        first_on=dt.date.fromisoformat(document["first_on"]),
        last_on=dt.date.fromisoformat(document["last_on"]),
        slug=campaign["slug"],
        name=campaign["name"],
        name_en=campaign["name_en"],
        filing_number=campaign["filing_number"],
        charity_name=charity["name"],
        charity_name_en=charity["name_en"],
        test=document["mode"] == "test",
        text=richtext.render(document["text_en"] if english else document["text"]),
        in_chinese=not english,
        statement=tuple(_line(totals, name, label, sign) for name, label, sign in STATEMENT),
        places=tuple(_line(totals, name, label) for name, label in PLACES),
        units=tuple(_unit(unit, unit["own"]) for unit in document["units"]),
        subtrees=tuple(_unit(unit, unit["subtree"]) for unit in document["units"]),
        total=_unit({"code": "", "name": "", "name_en": ""}, totals),
        uses=tuple(_use(use) for use in document["uses"]),
        other_used_fen=document["other_used_fen"],
        replaces=correction.get("replaces"),
        reason=correction.get("reason", ""),
        text_changed=correction.get("text_changed", False),
        changes=_changes(correction.get("changes", ())),
    )


def _line(totals: Mapping[str, Any], name: str, label: LazyString, sign: str = "") -> Line:
    opening, movement, closing = (totals[column][name] for column in COLUMNS)
    return Line(str(label), opening, movement, closing, take=sign == "-", sum=sign == "=")


def _unit(unit: Mapping[str, Any], part: Mapping[str, Mapping[str, int]]) -> UnitLine:
    moved = part["movement"]
    return UnitLine(
        code=unit["code"],
        name=unit["name"],
        name_en=unit["name_en"],
        opening=part["opening"]["left_fen"],
        raised=moved["raised_fen"],
        refunded=moved["refunded_fen"],
        fees=moved["fees_fen"],
        used=moved["used_fen"],
        other=other_moves(part),
        closing=part["closing"]["left_fen"],
        proved=moved["proved_fen"],
    )


def _use(use: Mapping[str, Any]) -> UseLine:
    purposes = {each.value: word for each, word in PURPOSES.items()}
    categories = {each.value: word for each, word in CATEGORIES.items()}
    return UseLine(
        number=use["number"],
        title=use["title"],
        unit_name=use["unit_name"],
        unit_name_en=use["unit_name_en"],
        purpose=str(purposes[use["purpose"]]),
        category=str(categories[use["category"]]),
        people=use["people"],
        used_on=dt.date.fromisoformat(use["used_on"]),
        used_fen=use["used_fen"],
        proved_fen=use["proved_fen"],
    )


def _changes(changes: Sequence[Mapping[str, Any]]) -> tuple[ChangeLine, ...]:
    return tuple(
        ChangeLine(
            part=str(PARTS[one["part"]]),
            name=one["name"],
            column=str(COLUMNS[one["column"]]),
            figure=str(FIGURES[one["figure"]]),
            before_fen=one["before_fen"],
            after_fen=one["after_fen"],
        )
        for one in changes
    )
