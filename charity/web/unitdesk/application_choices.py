"""What a unit chooses from when it writes an application: places, payees, what the plan allows.

Rule: everything here is a hint or a list; whether a choice may stand, ``disbursements`` decides.
"""

from __future__ import annotations

from dataclasses import dataclass

from flask_babel import gettext as _

from charity.areas import queries as areas
from charity.disbursements import asking, queries
from charity.disbursements.desk_queries import BookView
from charity.disbursements.errors import CampaignNotUsable
from charity.disbursements.views import PayeeView
from charity.funds import unit_queries as units
from charity.kernel import clock
from charity.web import use_words
from charity.web.filters import cn_date
from charity.web.locale import language


@dataclass(frozen=True, slots=True)
class PlanWords:
    """What the campaign lets its money be used for, as hints beside the fields."""

    purposes: str = ""
    categories: str = ""
    area: str = ""
    dates: str = ""


def plan_words(slug: str) -> PlanWords:
    """What the campaign's filed plan allows, in words."""
    try:
        frame = asking.frame(slug, clock.today())
    except CampaignNotUsable as error:
        return PlanWords(dates=error.sentence())
    comma = _("、")
    purposes = comma.join(str(use_words.PURPOSES[each]) for each in sorted(frame.purposes))
    groups = comma.join(str(use_words.CATEGORIES[each]) for each in sorted(frame.categories))
    days = _("在%(first)s至%(last)s之间。", first=cn_date(frame.first), last=cn_date(frame.last))
    return PlanWords(
        purposes=_("募捐方案允许：%(list)s。", list=purposes) if purposes else "",
        categories=_("募捐方案允许：%(list)s。", list=groups) if groups else "",
        dates=days,
    )


def places(book: BookView) -> list[tuple[str, str]]:
    """The unit's own place, then every area of the campaign's, by code."""
    known = {area.code: area for area in areas.everything()}
    english = language() == "en"

    def word(code: str) -> str:
        steps = []
        while code in known and known[code].parent_code is not None:
            steps.append(known[code].name_en if english else known[code].name)
            code = str(known[code].parent_code)
        top = known[code].name_en if english and code in known else ""
        if not steps:
            return top or (known[code].name if code in known else code)
        return ", ".join(steps) if english else "".join(reversed(steps))

    own = units.unit_full(book.unit_code).area_code
    held = own if own in known else own[:6]
    first = [(own, _("本单位所在地：%(area)s", area=word(held)))]
    return first + [(code, word(code)) for code in known if code != own]


def payees(unit: str) -> list[tuple[str, str]]:
    """The payees on the unit's list, by public id."""
    return [(one.id, payee_word(one)) for one in queries.payees_of(unit)]


def payee_word(one: PayeeView) -> str:
    """A payee as it is told from others: name, bank, last digits."""
    tail = _("尾号 %(tail)s", tail=one.tail)
    return f"{one.shown} · {one.bank_name} · {tail}"
