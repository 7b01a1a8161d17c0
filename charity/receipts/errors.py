"""What receipts refuse, one class for each rule."""

from __future__ import annotations

from flask_babel import lazy_gettext as _

from charity.kernel.errors import Conflict, NotFound, RuleBroken


class NoSuchReceipt(NotFound):
    """There is no such receipt."""

    code = "no_such_receipt"
    message = _("没有这份捐赠确认书。")


class AlreadyIssued(Conflict):
    """The gift has a valid receipt; a second one would be counted twice."""

    code = "receipt_already_issued"
    message = _("这笔捐赠已有一份有效的捐赠确认书。")


class AlreadyReplaced(Conflict):
    """Another receipt already stands in the place of this one."""

    code = "receipt_already_replaced"
    message = _("这份捐赠确认书已经换开过，请对换开后的那一份办理。")


class AlreadyVoid(Conflict):
    """A void receipt stays void and is voided once."""

    code = "receipt_already_void"
    message = _("这份捐赠确认书已经作废。")


class GiftNotStanding(Conflict):
    """A receipt is for a gift that is in the ledger and was not given back."""

    code = "gift_not_standing"
    message = _("这笔捐赠尚未入账，或者已经退回，不能开具捐赠确认书。")


class ReasonNeeded(RuleBroken):
    """A receipt is made void for a reason that others can read."""

    code = "reason_needed"
    message = _("请写明作废或换开的原因。")
    field = "reason"


class TextTooLong(RuleBroken):
    """The page does not hold a text of this length."""

    code = "receipt_text_too_long"
    message = _("这一项最多 %(limit)s 个字，才能印在一页纸上。")


class AmountWrong(RuleBroken):
    """A receipt is for more than nothing and for no more than its line holds."""

    code = "receipt_amount_wrong"
    message = _("捐赠确认书的金额应大于零，且不超过 9,999,999,999.99 元。")
    field = "amount_fen"


class ReceiptIsVoid(Conflict):
    """A paper that no longer counts is not handed out."""

    code = "receipt_void"
    message = _("这份捐赠确认书已经作废，不再提供下载。")
