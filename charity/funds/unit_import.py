"""Registering many units from a workbook: looked through first, then all of them or none.

Rule: every row is checked as a single unit is; what is wrong is a sentence with its row's number,
and one wrong row registers nobody. The file is kept by its hash as evidence of what was entered.
"""

from __future__ import annotations

import datetime as dt
import re
from dataclasses import dataclass

from charity.funds.kinds import UnitLevel
from charity.funds.trail import trail
from charity.funds.unit_errors import ImportUnfit
from charity.funds.unit_register import UnitFacts, create_units, faults_of
from charity.kernel import sheets
from charity.kernel.atomic import require_atomic
from charity.kernel.sheets import SheetRow
from charity.ledger.services import Actor

MOST_ROWS = 3_000
CODE, NAME, NAME_EN, LEVEL = "编码", "名称", "英文名称", "层级"
AREA, AREA_NAME, PARENT, SINCE = "地区代码", "地区名称", "上级编码", "起始日期"
HEADINGS = (CODE, NAME, NAME_EN, LEVEL, AREA, AREA_NAME, PARENT, SINCE)
LEVELS = {
    "省级": UnitLevel.PROVINCE,
    "市级": UnitLevel.PREFECTURE,
    "县级": UnitLevel.COUNTY,
    "乡镇": UnitLevel.TOWN,
    "村、社区": UnitLevel.VILLAGE,
    "村": UnitLevel.VILLAGE,
    "社区": UnitLevel.VILLAGE,
    "社会单位": UnitLevel.OTHER,
}
_DAY = re.compile(r"(\d{4})[-/.年](\d{1,2})[-/.月](\d{1,2})日?", re.ASCII)


@dataclass(frozen=True, slots=True)
class Fault:
    """What is wrong in a row, in a sentence."""

    row: int
    sentence: str


@dataclass(frozen=True, slots=True)
class Looked:
    """A workbook looked through: its units, or what is wrong with it."""

    units: list[UnitFacts]
    faults: list[Fault]


def blank() -> bytes:
    """The workbook to fill in."""
    return sheets.write(HEADINGS)


def look(content: bytes) -> Looked:
    """Read and check a workbook; writes nothing. Raises what ``kernel.sheets.read`` raises."""
    rows = sheets.read(content, HEADINGS, most_rows=MOST_ROWS)
    facts: list[UnitFacts] = []
    faults: list[Fault] = []
    numbers: list[int] = []
    for row in rows:
        made = _facts(row, faults)
        if made is not None:
            facts.append(made)
            numbers.append(row.number)
    faults += [Fault(numbers[place], error.sentence()) for place, error in faults_of(facts)]
    return Looked(facts, sorted(faults, key=lambda fault: fault.row))


def register(content: bytes, sha256: str, *, actor: Actor) -> int:
    """Register every unit of the workbook; how many. Raises ImportUnfit when anything is wrong."""
    require_atomic()
    looked = look(content)
    if looked.faults:
        raise ImportUnfit(count=len(looked.faults))
    create_units(looked.units, actor=actor)
    trail(actor, "units.imported", "file", sha256, {"units": len(looked.units)})
    return len(looked.units)


def _facts(row: SheetRow, faults: list[Fault]) -> UnitFacts | None:
    cells = row.cells
    level = LEVELS.get(cells[LEVEL])
    since = _day(cells[SINCE])
    if level is None:
        words = "、".join(list(LEVELS)[:5])
        faults.append(Fault(row.number, str(ImportUnfit.LEVEL) % {"levels": words}))
    if cells[SINCE] and since is None:
        faults.append(Fault(row.number, str(ImportUnfit.DAY)))
    if level is None or (cells[SINCE] and since is None):
        return None
    return UnitFacts(
        code=cells[CODE],
        name=cells[NAME],
        name_en=cells[NAME_EN],
        level=level,
        area_code=cells[AREA],
        area_name=cells[AREA_NAME] or None,
        parent=cells[PARENT] or None,
        since=since,
    )


def _day(text: str) -> dt.date | None:
    found = _DAY.fullmatch(text)
    if found is None:
        return None
    try:
        return dt.date(*(int(part) for part in found.groups()))
    except ValueError:
        return None
