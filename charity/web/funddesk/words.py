"""The words that pages show for the lists of approvals."""

from __future__ import annotations

from collections.abc import Mapping

from flask_babel import LazyString
from flask_babel import lazy_gettext as _
from flask_babel import lazy_pgettext as _p

from charity.approvals.kinds import Kind, RequestStatus

KINDS: Mapping[Kind, LazyString] = {
    Kind.REFUND: _("退回捐赠"),
    Kind.SLIP: _("确认手工登记的捐赠"),
    Kind.OPEN_BOOK: _("开设分账"),
    Kind.SWITCH_PROVIDER: _("启停支付渠道"),
    Kind.PARAMETER: _("变更参数"),
    Kind.CORRECTION: _("捐赠冲正"),
    Kind.RESET_FACTOR: _("重置两步验证"),
    Kind.SUSPENSE: _("处理待认领款"),
    Kind.STEWARD: _("指定接续使用单位"),
    Kind.CAMPAIGN_BACK: _("恢复展示募捐活动"),
    Kind.APPLICATION: _p("one", "用款申请"),
    Kind.REPORT: _("公布报告"),
}

#: The word and the shape of a status (macros/status.html).
STATUSES: Mapping[RequestStatus, tuple[LazyString, str]] = {
    RequestStatus.WAITING: (_("等待审批"), "wait"),
    RequestStatus.APPROVED: (_("已批准，尚未办理"), "good"),
    RequestStatus.REFUSED: (_("未批准"), "bad"),
    RequestStatus.WITHDRAWN: (_("已撤回"), "back"),
    RequestStatus.EXPIRED: (_("已过期"), "plain"),
    RequestStatus.USED: (_("已批准并办理"), "good"),
}
