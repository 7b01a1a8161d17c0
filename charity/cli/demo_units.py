"""The raising units of the demonstration: every prefecture and county, some towns and villages.

Rule: places are real, units and teams are invented; a unit's code is a running number, not the
area's code, and stays the same from one run to the next.
"""

# ruff: noqa: E501 - a table is read line by line

from __future__ import annotations

import datetime as dt
import io
from collections.abc import Sequence
from typing import NamedTuple

from PIL import Image, ImageDraw

from charity.areas import services as areas
from charity.funds import admissions, teams, unit_books, unit_register, units
from charity.funds.kinds import UnitLevel
from charity.funds.unit_register import UnitFacts as Registered
from charity.kernel import clock
from charity.kernel.files import Stored
from charity.ledger.services import Actor

OFFICE = "GS-0001"


class UnitFacts(NamedTuple):
    """One raising unit of the demonstration."""

    code: str
    name: str
    name_en: str
    level: UnitLevel
    area_code: str
    area_name: str
    parent: str | None


_P, _C, _T, _V = UnitLevel.PROVINCE, UnitLevel.COUNTY, UnitLevel.TOWN, UnitLevel.VILLAGE
_F, _O = UnitLevel.PREFECTURE, UnitLevel.OTHER

# Parents first. Written by hand, so that a page of each kind is at hand.
_KNOWN = (
    UnitFacts(OFFICE, "专项基金办公室", "Fund Office", _P, "620000", "甘肃省", None),
    UnitFacts("GS-0101", "天水市募集站", "Tianshui Station", _F, "620500", "天水市", OFFICE),
    UnitFacts("GS-0102", "秦安县募集站", "Qin'an County Station", _C, "620522", "秦安县", "GS-0101"),
    UnitFacts("GS-0103", "刘坪镇募集站", "Liuping Town Station", _T, "620522103", "秦安县刘坪镇", "GS-0102"),
    UnitFacts("GS-0104", "刘坪镇演示一村公益金箱", "Liuping Demonstration Village 1", _V, "620522103901", "秦安县刘坪镇", "GS-0103"),
    UnitFacts("GS-0105", "刘坪镇演示二村公益金箱", "Liuping Demonstration Village 2", _V, "620522103902", "秦安县刘坪镇", "GS-0103"),
    UnitFacts("GS-0106", "麦积区募集站", "Maiji District Station", _C, "620503", "麦积区", "GS-0101"),
    UnitFacts("GS-0201", "金昌市募集站", "Jinchang Station", _F, "620300", "金昌市", OFFICE),
    UnitFacts("GS-0202", "金川区募集站", "Jinchuan District Station", _C, "620302", "金川区", "GS-0201"),
    UnitFacts("GS-0203", "金川区演示社区公益金箱", "Jinchuan Demonstration Community", _V, "620302901", "金川区", "GS-0202"),
    UnitFacts("GS-0204", "永昌县募集站", "Yongchang County Station", _C, "620321", "永昌县", "GS-0201"),
    UnitFacts("GS-0301", "凉州区募集站", "Liangzhou District Station", _C, "620602", "凉州区", OFFICE),
    UnitFacts("GS-0302", "凉州区演示志愿服务社", "Liangzhou Demonstration Volunteers", _O, "620602", "凉州区", "GS-0301"),
)  # fmt: skip

_TOWNS = ("620123", "620521", "620826", "621024", "621121", "622927")
_VILLAGES = 4


class TeamFacts(NamedTuple):
    """One team of the demonstration."""

    code: str
    name: str


def _everywhere() -> list[UnitFacts]:
    """A unit for every prefecture and county that has none by hand, then towns with villages."""
    known = {unit.area_code: unit.code for unit in _KNOWN if unit.level in (_P, _F, _C)}
    found: list[UnitFacts] = []
    number = 1000
    for area in sorted(areas.rows(), key=lambda row: str(row["code"])):
        number += 1
        code = f"GS-{number}"
        if area["code"] in known or area["valid_to"] is not None:
            continue
        above = str(area["parent_code"])
        level = _F if area["level"] == "prefecture" else _C
        found.append(
            UnitFacts(
                code, f"{area['name']}募集站", f"{area['name_en']} Station", level,
                area["code"], area["name"], known[above],
            )
        )  # fmt: skip
        known[area["code"]] = code
    names = {row["code"]: row for row in areas.rows()}
    for place, county in enumerate(_TOWNS, start=1):
        town, name = f"GS-{2000 + 10 * place}", f"{names[county]['name']}演示镇"
        english = f"{names[county]['name_en']} Demonstration"
        found.append(
            UnitFacts(
                town,
                f"{name}募集站",
                f"{english} Town Station",
                _T,
                f"{county}901",
                name,
                known[county],
            )
        )
        found += [
            UnitFacts(
                f"GS-{2000 + 10 * place + n}", f"{name}第{_CAPITALS[n]}村公益金箱",
                f"{english} Village {n}", _V, f"{county}90120{n}", name, town,
            )
            for n in range(1, _VILLAGES + 1)
        ]  # fmt: skip
    return found


_CAPITALS = "零一二三四五六七八九"
UNITS = (*_KNOWN, *_everywhere())
_TEAMS = {
    unit.code: (
        TeamFacts(f"{unit.code}-T1", "村民一组小分队"),
        TeamFacts(f"{unit.code}-T2", "村民二组小分队"),
    )
    for unit in UNITS
    if unit.level is _V
}


def teams_of(unit: str) -> Sequence[TeamFacts]:
    """The teams of a unit that take gifts."""
    return _TEAMS.get(unit, ())


def register(actor: Actor) -> None:
    """All units and teams, one with an earlier name and one team that moved. In a unit of work."""
    today = clock.today()
    since = today - dt.timedelta(days=900)
    unit_register.create_units(
        [
            Registered(
                code=unit.code, name=unit.name, name_en=unit.name_en, level=unit.level,
                area_code=unit.area_code, area_name=unit.area_name, parent=unit.parent, since=since,
            )
            for unit in UNITS
        ],
        actor=actor,
    )  # fmt: skip
    for code, group in _TEAMS.items():
        for team in group:
            teams.open_team(code, team.code, team.name, since=since, actor=actor)
    village = UNITS[4]
    units.rename_unit(
        village.code, village.name.replace("公益金箱", "爱心公益金箱"), village.name_en,
        since=today - dt.timedelta(days=30), actor=actor,
    )  # fmt: skip
    teams.open_team(village.code, f"{village.code}-T3", "青年小分队", since=since, actor=actor)
    teams.move_team(f"{village.code}-T3", UNITS[5].code, f"{UNITS[5].code}-T3", actor=actor)


def agreement() -> bytes:
    """A page that says it is no real agreement, to be kept as every unit's."""
    page = Image.new("RGB", (595, 842), "#FFFFFF")
    ImageDraw.Draw(page).text((60, 80), "DEMONSTRATION - not a real agreement", fill="#000000")
    out = io.BytesIO()
    page.save(out, "PNG")
    return out.getvalue()


def admit(campaign: str, codes: Sequence[str], paper: Stored, actor: Actor) -> None:
    """Every step of an admission for these units, and their books. In a unit of work."""
    day = clock.today() - dt.timedelta(days=200)
    admissions.assess(
        campaign,
        codes,
        looked_at="演示：看了登记证书、负责人和上年账目。",
        fit=True,
        on=day,
        actor=actor,
    )
    admissions.sign(campaign, codes, file=paper, signed_on=day, actor=actor)
    admissions.name_in_plan(campaign, codes, clause="演示：附件一", actor=actor)
    unit_books.admit_units(campaign, codes, actor=actor)
