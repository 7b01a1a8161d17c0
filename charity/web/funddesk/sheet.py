"""The facts of a request as a sheet people can read.

Rule: every fact that is hashed is on the sheet; one without a label here stands under its own name,
so nothing is approved that was not shown.
"""

from __future__ import annotations

import datetime as dt
import re
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Any

from flask_babel import LazyString, ngettext
from flask_babel import gettext as _
from flask_babel import lazy_gettext as _l
from flask_babel import lazy_pgettext as _p

from charity.approvals.kinds import Kind
from charity.kernel import money
from charity.parameters.kinds import Unit
from charity.web.filters import cn_date, cn_datetime
from charity.web.providers import provider_name

#: Labels of facts by name. Each part adds its own.
LABELS: dict[str, LazyString] = {
    "account": _l("账户"),
    "action": _l("处理方式"),
    "amount_fen": _l("金额"),
    "asked_on": _l("申请日期"),
    "book": _l("分账"),
    "campaign": _p("one", "募捐活动"),
    "currency": _l("币种"),
    "donor": _l("捐赠人"),
    "fee_fen": _l("手续费"),
    "from_unit": _l("原单位"),
    "gift": _l("捐赠编号"),
    "gifts": _l("捐赠明细"),
    "intent": _l("支付编号"),
    "kind": _l("类别"),
    "line": _l("流水编号"),
    "name": _l("名称"),
    "note": _l("说明"),
    "number": _l("编号"),
    "paid_in_on": _l("存入日期"),
    "payment": _l("支付编号"),
    "person": _p("one", "人员"),
    "photo_sha256": _l("照片校验值"),
    "provider": _l("支付渠道"),
    "reason": _l("理由"),
    "sheet": _l("登记表编号"),
    "source": _l("依据"),
    "steward": _l("接续使用单位"),
    "to_unit": _l("改入单位"),
    "unit": _l("募集单位"),
    "valid_from": _l("生效日期"),
}

_DAY = re.compile(r"\d{4}-\d{2}-\d{2}")
_MOMENT = re.compile(r"\d{4}-\d{2}-\d{2}T\d{2}:\d{2}:\d{2}.*")
_SHA256 = re.compile(r"[0-9a-f]{64}")


@dataclass(frozen=True, slots=True)
class Line:
    """One fact: its label and its value as words, or as several lines of words."""

    label: str
    text: str = ""
    lines: tuple[str, ...] = ()
    exact: bool = False


def sheet(kind: Kind, facts: Mapping[str, Any]) -> list[Line]:
    """All facts of a request, as its kind has them drawn, else each by itself."""
    own = SHEETS.get(kind)
    return own(facts) if own is not None else general(facts)


def general(facts: Mapping[str, Any]) -> list[Line]:
    """Each fact by itself; the facts within a fact follow it, with its label in front."""
    found: list[Line] = []
    for name, value in facts.items():
        label = str(LABELS.get(name, name))
        if isinstance(value, dict):
            found += [
                Line(f"{label} · {one.label}", one.text, one.lines, one.exact)
                for one in general(value)
            ]
        elif isinstance(value, list):
            found.append(Line(label, lines=tuple(_item(one) for one in value) or (_("没有"),)))
        else:
            text = _words(name, value)
            found.append(Line(label, text, exact=bool(_SHA256.fullmatch(text))))
    return found


def _item(value: Any) -> str:
    """One of a list as one line of words."""
    if isinstance(value, dict):
        return " · ".join(f"{one.label} {one.text}" for one in general(value))
    if isinstance(value, list):
        return " · ".join(_item(one) for one in value)
    return _words("", value)


def _words(name: str, value: Any) -> str:
    """One value by what it is; a name that ends in ``fen`` is money."""
    if value is None or value == "":
        return str(_("没有"))
    if isinstance(value, bool):
        return str(_("是") if value else _("否"))
    if isinstance(value, int):
        return money.yuan(value) if name == "fen" or name.endswith("_fen") else str(value)
    text = str(value)
    try:
        if _DAY.fullmatch(text):
            return cn_date(dt.date.fromisoformat(text))
        if _MOMENT.fullmatch(text):
            return cn_datetime(dt.datetime.fromisoformat(text))
    except ValueError:
        pass
    return text


def figure(unit: Unit, value: int) -> str:
    """A dated figure with what it counts."""
    if unit is Unit.FEN:
        return money.yuan(value)
    if unit is Unit.DAYS:
        return str(ngettext("%(num)s 天", "%(num)s 天", value))
    if unit is Unit.HOURS:
        return str(ngettext("%(num)s 小时", "%(num)s 小时", value))
    return str(value)


def _parameter(facts: Mapping[str, Any]) -> list[Line]:
    # The label is a msgid of parameters/rules.py; said here it would become one itself.
    unit, before, label = Unit(facts["unit"]), facts["before"], facts["label"]
    return [
        Line(_("参数"), _(label)),
        Line(_("参数代码"), facts["key"], exact=True),
        Line(_("现在的数值"), figure(unit, before) if before is not None else _("没有")),
        Line(_("变更为"), figure(unit, facts["value"])),
        Line(_("生效日期"), _words("", facts["valid_from"])),
        Line(_("依据"), facts["source"]),
        Line(_("存疑"), _words("", facts["doubtful"])),
        Line(_("说明"), _words("", facts["note"])),
    ]


def _slip(facts: Mapping[str, Any]) -> list[Line]:
    gifts = tuple(
        " · ".join((gift, campaign, money.yuan(fen))) for gift, campaign, fen in facts["gifts"]
    )
    rest = {name: value for name, value in facts.items() if name != "gifts"}
    return [*general(rest), Line(str(LABELS["gifts"]), lines=gifts)]


def _suspense(facts: Mapping[str, Any]) -> list[Line]:
    gives = facts["action"] == "give"
    action = _("记入募集单位的分账") if gives else _("退回给汇款人")
    return general({**facts, "action": action})


def _provider(facts: Mapping[str, Any]) -> list[Line]:
    action = _("启用：募捐活动通过它接受捐赠")
    if facts["action"] == "off":
        action = _("停用：募捐活动不再通过它接受捐赠")
    name = provider_name(facts["provider"])
    return general({**facts, "provider": name, "action": action})


#: Kinds whose facts are drawn in their own words. Each part adds its own.
SHEETS: dict[Kind, Callable[[Mapping[str, Any]], list[Line]]] = {
    Kind.PARAMETER: _parameter,
    Kind.SLIP: _slip,
    Kind.SUSPENSE: _suspense,
    Kind.SWITCH_PROVIDER: _provider,
}
