"""What is refused between approval and payment: holds, payments, what comes back."""

from __future__ import annotations

from collections.abc import Mapping

from flask_babel import LazyString
from flask_babel import lazy_gettext as _

from charity.disbursements.kinds import HoldReason
from charity.kernel.errors import Conflict, NotFound, RuleBroken

#: Why a payment is stopped, in words.
HOLD_WORDS: Mapping[HoldReason, LazyString] = {
    HoldReason.QUESTION: _("有事项需要核实"),
    HoldReason.CONCERN: _("收到公众反映，正在核查"),
    HoldReason.PAYEE: _("收款方信息存疑"),
    HoldReason.PAIRING: _("所属辅助结对已暂停"),
    HoldReason.DISCLOSURE: _("募捐活动的信息公开已逾期"),
    HoldReason.AUDIT: _("监督或审计正在核查"),
}


class HoldStands(Conflict):
    """What is held is not paid."""

    code = "hold_stands"
    message = _("这份申请已暂停支付：%(reason)s。解除暂停后才能拨付。")


class AlreadyHeld(Conflict):
    """One hold for each reason."""

    code = "already_held"
    message = _("这份申请已因同样的理由暂停支付。")


class NoSuchHold(NotFound):
    """There is no such hold, or it was released."""

    code = "no_such_hold"
    message = _("没有找到这项暂停，或者它已经解除。")


class NotInBank(Conflict):
    """This book has not so much in this bank account: the provider has not sent it on yet."""

    code = "not_in_bank"
    message = _(
        "已批准，等待支付渠道结算：这个分账在该银行账户有 %(in_bank)s，"
        "还有 %(on_way)s 在支付渠道或途中，不够拨付 %(amount)s。"
    )


class NotWhatWasApproved(Conflict):
    """What would be paid is not what two people signed."""

    code = "not_what_was_approved"
    message = _("这份申请的内容与批准时不一致，不能拨付。请联系监督员核查。")


class ApprovalOver(Conflict):
    """The approval ran out or was taken back: the money is free again."""

    code = "approval_over"
    message = _("这份申请的批准已经撤销或过期，款项已退回可用，不能拨付。")


class ReservationTaken(Conflict):
    """A refund took what was promised: it goes back to the approver."""

    code = "reservation_taken"
    message = _("捐赠退回占用了这份申请的预留款，须重新审批，不能拨付。")


class WrongAmount(RuleBroken):
    """A payment is for what was approved, to the fen."""

    code = "wrong_amount"
    message = _("这笔流水 %(line)s，应为 %(wanted)s，金额不一致，没有办理。")
    field = "amount"


class LineBefore(RuleBroken):
    """A bank line older than the approval, or the payment, cannot be it."""

    code = "line_before"
    message = _("这笔流水的日期早于批准或拨付的日期，不可能是这笔款项。")
    field = "line"


class MoreThanPaid(RuleBroken):
    """More comes back than went."""

    code = "more_than_paid"
    message = _("交回 %(asked)s，多于已拨付未交回的 %(left)s。")
    field = "amount"


class PartCameBack(Conflict):
    """Part of a payment was handed back: the bank cannot have returned all of it."""

    code = "part_came_back"
    message = _("这笔拨付已有部分交回，不能再登记为银行退票。")


class ConcernedHere(RuleBroken):
    """Whoever asked, wrote down the payee or approved does not book the payment."""

    code = "concerned_here"
    message = _("您申请、审批过这笔用款或登记过它的收款方，请由另一位出纳登记拨付。")
    status = 403
