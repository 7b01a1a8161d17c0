"""What refunds and corrections refuse."""

from __future__ import annotations

from flask_babel import lazy_gettext as _

from charity.kernel.errors import Conflict, NotFound, RuleBroken


class RefundUnknown(NotFound):
    """There is no such refund."""

    code = "unknown_refund"
    message = _("没有找到这项退回。")


class CorrectionUnknown(NotFound):
    """There is no such correction."""

    code = "unknown_correction"
    message = _("没有找到这项更正。")


class NotInTheLedger(Conflict):
    """What is not in the ledger can neither go back nor be corrected."""

    code = "gift_not_settled"
    message = _("这笔捐赠还没有入账，不能办理。")


class AlreadyRefunded(Conflict):
    """A gift goes back once."""

    code = "already_refunded"
    message = _("这笔捐赠已经退回。")


class RefundUnderWay(Conflict):
    """One refund of a gift at a time."""

    code = "refund_under_way"
    message = _("这笔捐赠的退回正在办理，不能重复提出。")


class GiftDisputed(Conflict):
    """The donor's bank has taken the matter into its hands."""

    code = "gift_disputed"
    message = _("付款人的银行正在处理这笔支付的争议，现在不能办理。")


class CorrectionUnderWay(Conflict):
    """One correction of a gift at a time, and none beside a refund."""

    code = "correction_under_way"
    message = _("这笔捐赠的更正正在办理，请等它办结。")


class NoWayBack(Conflict):
    """The provider that carried the payment cannot be asked."""

    code = "no_way_back"
    message = _("找不到这笔捐赠原来的支付记录，不能原路退回。")


class PersonalData(RuleBroken):
    """Notes are read by many and kept for ever: no numbers of persons in them."""

    code = "personal_data"
    message = _("说明里请不要写电话、证件或账户号码。")
    field = "note"


class WordsNeeded(RuleBroken):
    """This cannot be left empty."""

    code = "words_needed"
    message = _("请写明原因。")
    field = "note"


class WrongLine(Conflict):
    """The bank line is not that of this refund."""

    code = "wrong_refund_line"
    message = _("这条银行流水与这项退回不符。")


class SameUnit(RuleBroken):
    """Nothing would change."""

    code = "same_unit"
    message = _("这笔捐赠已经记在这个募集单位。")
    field = "unit"


class SameName(RuleBroken):
    """Nothing would change."""

    code = "same_name"
    message = _("捐赠人的姓名或名称没有变化。")
    field = "name"


class OtherCurrency(RuleBroken):
    """A gift stays in its currency."""

    code = "other_currency"
    message = _("两个分账的币种不同，不能这样更正。")
    field = "unit"
