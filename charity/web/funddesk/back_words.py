"""The words that pages show for refunds and corrections."""

from __future__ import annotations

from collections.abc import Mapping

from flask_babel import LazyString
from flask_babel import lazy_gettext as _

from charity.donations.back.kinds import (
    CorrectionKind,
    CorrectionState,
    RefundReason,
    RefundState,
    Route,
)

REASONS: Mapping[RefundReason, LazyString] = {
    RefundReason.DUPLICATE: _("重复捐赠"),
    RefundReason.WRONG_AMOUNT: _("金额填错"),
    RefundReason.DONOR_ASKED: _("捐赠人要求退回"),
    RefundReason.NOT_AUTHORIZED: _("未经付款人同意"),
    RefundReason.CAMPAIGN_FAILED: _("募捐活动无法开展"),
    RefundReason.OTHER: _("其他（请在说明里写明）"),
}

ROUTES: Mapping[Route, LazyString] = {
    Route.PROVIDER: _("原支付渠道"),
    Route.BANK: _("银行转账"),
}

#: The word and the shape of a state (macros/status.html).
REFUND_STATES: Mapping[RefundState, tuple[LazyString, str]] = {
    RefundState.ASKED: (_("等待审批"), "wait"),
    RefundState.DROPPED: (_("未批准或已失效"), "plain"),
    RefundState.APPROVED: (_("已批准，等待退款"), "wait"),
    RefundState.SENT: (_("已提交支付渠道"), "wait"),
    RefundState.UNKNOWN: (_("被核实中"), "wait"),
    RefundState.DONE: (_("已退回"), "back"),
    RefundState.FAILED: (_("没有退成"), "bad"),
}

CORRECTION_KINDS: Mapping[CorrectionKind, LazyString] = {
    CorrectionKind.UNIT: _("更正募集单位"),
    CorrectionKind.NAME: _("更正捐赠人姓名或名称"),
}

CORRECTION_STATES: Mapping[CorrectionState, tuple[LazyString, str]] = {
    CorrectionState.ASKED: (_("等待审批"), "wait"),
    CorrectionState.DROPPED: (_("未批准或已失效"), "plain"),
    CorrectionState.DONE: (_("已更正"), "good"),
}

#: Facts of refunds and corrections on the sheet of an approval.
LABELS: Mapping[str, LazyString] = {
    "refund": _("退回编号"),
    "correction": _("更正编号"),
    "route": _("退回方式"),
    "name": _("改为（隐去部分姓名）"),
    "name_hash": _("改后姓名的校验值"),
}
