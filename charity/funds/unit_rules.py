"""Pure decisions about units and teams: codes, names, levels, dates, the steps of an admission."""

from __future__ import annotations

import datetime as dt
import re
import unicodedata

from charity.funds.kinds import AdmissionStep, UnitLevel

NAME_LENGTH = 120
NAME_EN_LENGTH = 200
DEEPEST = 9  # depth of the lowest unit; the top has 0
_MARKS_IN_A_ROW = 2

CODE = re.compile(r"[A-Za-z0-9](?:[A-Za-z0-9-]{0,62}[A-Za-z0-9])?", re.ASCII)
AREA_CODE = re.compile(r"[0-9]{6}(?:[0-9]{3}(?:[0-9]{3})?)?", re.ASCII)

_REACH = {
    UnitLevel.PROVINCE: 5,
    UnitLevel.PREFECTURE: 4,
    UnitLevel.COUNTY: 3,
    UnitLevel.TOWN: 2,
    UnitLevel.VILLAGE: 1,
}


def clean_text(text: str, longest: int, *, lines: bool = False) -> str | None:
    """``text`` in NFC without blanks around it; ``None`` when it cannot be shown as typed.

    No control, invisible or unassigned characters, no change of direction, no stacks of combining
    marks; ``lines`` allows line ends. Empty text stays empty.
    """
    if len(text) > 4 * longest:
        return None
    if lines:
        text = text.replace("\r\n", "\n")
    clean = unicodedata.normalize("NFC", text).strip()
    marks = 0
    for char in clean:
        category = unicodedata.category(char)
        if category[0] in "CZ" and category != "Zs" and not (lines and char == "\n"):
            return None
        marks = marks + 1 if category[0] == "M" else 0
        if marks > _MARKS_IN_A_ROW:
            return None
    return clean if len(clean) <= longest else None


def stands_below(level: UnitLevel, parent: UnitLevel) -> bool:
    """Whether a unit of ``level`` may stand directly below one of ``parent``'s level."""
    if UnitLevel.OTHER in (level, parent):
        return True
    return _REACH[parent] >= _REACH[level]


def fits_day(since: dt.date, today: dt.date, before: dt.date | None) -> bool:
    """Whether a dated change may begin on ``since``, after the change of ``before``."""
    return since <= today and (before is None or since >= before)


def is_open(opened_on: dt.date | None, closed_on: dt.date | None, day: dt.date) -> bool:
    """Whether a unit or team takes gifts on ``day``: from the first day to before the last."""
    return (opened_on is None or opened_on <= day) and (closed_on is None or day < closed_on)


def missing_steps(
    *, assessed_fit: bool, signed: bool, named: bool, filed: bool, unit_open: bool
) -> list[AdmissionStep]:
    """The steps that are missing, in the order in which they are taken."""
    there = {
        AdmissionStep.UNIT_OPEN: unit_open,
        AdmissionStep.ASSESSMENT: assessed_fit,
        AdmissionStep.AGREEMENT: signed,
        AdmissionStep.NAMING: named,
        AdmissionStep.FILED: filed,
    }
    return [step for step, done in there.items() if not done]
