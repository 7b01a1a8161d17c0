"""Which figures there are, what they count, and within which bounds. Pure.

The figures themselves, with day and source, are rows: those a database begins with come with its
migration, every later one from two people.
"""

from __future__ import annotations

import datetime as dt
from collections.abc import Mapping
from dataclasses import dataclass

from charity.parameters.errors import (
    NoSuchFigure,
    OutOfBounds,
    SourceNeeded,
    SourceTooLong,
    TooEarly,
)
from charity.parameters.kinds import Unit

# Marks a text for the catalogues; it is translated where it is shown.
_ = str

SOURCE = 300


@dataclass(frozen=True, slots=True)
class Figure:
    """A known figure: Chinese label, what it counts, and the least and most it can be."""

    label: str
    unit: Unit
    least: int
    most: int


@dataclass(frozen=True, slots=True)
class Wanted:
    """What is asked for: a figure in its catalogue's unit, from a day on, with its source."""

    key: str
    value: int
    valid_from: dt.date
    source: str
    note: str
    doubtful: bool


def _waits(label: str) -> Figure:
    """Days a request waits, and an approval may be used."""
    return Figure(label, Unit.DAYS, 1, 180)


CATALOGUE: Mapping[str, Figure] = {
    "gifts.min_fen": Figure(_("单笔捐赠最低金额"), Unit.FEN, 1, 10_000),
    "gifts.max_fen": Figure(_("单笔网络捐赠最高金额"), Unit.FEN, 10_000, 10_000_000_000),
    "gifts.max_items": Figure(_("一次支付最多包含的捐赠笔数"), Unit.COUNT, 1, 100),
    "gifts.intent_hours": Figure(_("未支付的捐赠保留时间"), Unit.HOURS, 1, 168),
    "approvals.days.refund": _waits(_("退回捐赠的审批期限")),
    "approvals.days.slip": _waits(_("手工登记捐赠的确认期限")),
    "approvals.days.open_book": _waits(_("开设分账的审批期限")),
    "approvals.days.switch_provider": _waits(_("启停支付渠道的审批期限")),
    "approvals.days.parameter": _waits(_("变更参数的审批期限")),
    "approvals.days.correction": _waits(_("捐赠冲正的审批期限")),
    "approvals.days.reset_factor": _waits(_("重置两步验证的审批期限")),
    "approvals.days.campaign_back": _waits(_("恢复展示募捐活动的审批期限")),
    "approvals.days.suspense": _waits(_("待认领款处理的审批期限")),
    "approvals.days.steward": _waits(_("指定接续使用单位的审批期限")),
    "approvals.days.application": _waits(_("用款申请的审批期限")),
    "approvals.days.report": _waits(_("报告核对和公布的期限")),
    "approvals.delegation_days": Figure(_("审批委托最长天数"), Unit.DAYS, 1, 366),
    "approvals.level_two_fen": Figure(
        _("用款申请须第二级审批的起点金额"), Unit.FEN, 100, 100_000_000_000
    ),
    "approvals.level_three_fen": Figure(
        _("用款申请须第三级审批的起点金额"), Unit.FEN, 100, 100_000_000_000
    ),
    "disbursements.reserve_days": Figure(_("用款批准后的拨付期限"), Unit.DAYS, 1, 366),
    "disbursements.evidence_days": Figure(_("使用凭据的提交期限"), Unit.DAYS, 1, 366),
    "disbursements.evidence_again_days": Figure(_("补交使用凭据的期限"), Unit.DAYS, 1, 90),
    "disbursements.evidence_remind_days": Figure(_("使用凭据逾期后提醒的间隔"), Unit.DAYS, 1, 90),
    "disbursements.split_days": Figure(_("付给同一收款方的申请合并计算的天数"), Unit.DAYS, 1, 366),
    "disbursements.use_days": Figure(_("募捐活动结束后善款的使用期限"), Unit.DAYS, 1, 3_660),
    "figures.told_months": Figure(_("每几个月告知一次捐赠人款项使用情况"), Unit.COUNT, 1, 12),
    "figures.told_after_days": Figure(_("期满后多少天告知捐赠人"), Unit.DAYS, 0, 60),
}


def known(key: str) -> Figure:
    """The figure of this key. Raises ``NoSuchFigure``."""
    if key not in CATALOGUE:
        raise NoSuchFigure(field="key")
    return CATALOGUE[key]


def check(wanted: Wanted, *, today: dt.date) -> None:
    """Refuse what can be seen to be wrong.

    Raises ``NoSuchFigure``, ``OutOfBounds``, ``TooEarly``, ``SourceNeeded``, ``SourceTooLong``.
    """
    figure = known(wanted.key)
    if not figure.least <= wanted.value <= figure.most:
        raise OutOfBounds(least=figure.least, most=figure.most)
    if wanted.valid_from <= today:
        raise TooEarly
    if not wanted.source:
        raise SourceNeeded
    if len(wanted.source) > SOURCE:
        raise SourceTooLong
