"""What donations refuse."""

from __future__ import annotations

from flask_babel import lazy_gettext as _

from charity.kernel.errors import Conflict, NotFound, RuleBroken


class PaymentUnknown(NotFound):
    """There is no such payment, or the key is not its key: both answer the same."""

    code = "unknown_payment"
    message = _("没有找到这笔支付。")


class GiftUnknown(NotFound):
    """There is no such gift, or the key is not its key: both answer the same."""

    code = "unknown_gift"
    message = _("没有找到这笔捐赠。")


class CampaignUnknown(NotFound):
    """The gift names a campaign that is not there."""

    code = "unknown_campaign"
    message = _("没有找到这个捐赠项目。")


class UnitUnknown(NotFound):
    """The gift names a unit that does not raise in this campaign."""

    code = "unknown_unit"
    message = _("没有找到这个募集单位。")


class CampaignNotOpen(Conflict):
    """The campaign has not begun or has ended."""

    code = "campaign_not_open"
    message = _("这个捐赠项目目前不接受捐赠。")


class NotOnline(Conflict):
    """The campaign takes gifts, but through no payment provider of this site."""

    code = "not_online"
    message = _("这个捐赠项目还没有启用网上支付，请通过银行转账或当面捐赠。")


class AmountTooSmall(RuleBroken):
    """Less than the provider or we take."""

    code = "amount_too_small"
    message = _("捐赠金额过小。")
    field = "amount_fen"


class AmountTooLarge(RuleBroken):
    """More than one gift may be."""

    code = "amount_too_large"
    message = _("单笔捐赠金额超过上限。大额捐赠请与我们联系。")
    field = "amount_fen"


class BelowMinimum(AmountTooSmall):
    """The payment is smaller than the least this provider takes; the gift itself may be fine."""

    message = _("这个支付渠道每次至少支付 %(least)s，您填写的金额不够。")


class NoItems(RuleBroken):
    """A payment carries at least one gift."""

    code = "no_items"
    message = _("请至少选择一笔捐赠。")
    field = "items"


class TooManyItems(RuleBroken):
    """More gifts than one payment carries."""

    code = "too_many_items"
    message = _("一次支付包含的捐赠笔数过多。")
    field = "items"


class ProviderUnknown(RuleBroken):
    """This payment provider is not switched on, or does not take this currency."""

    code = "unknown_provider"
    message = _("该支付渠道不可用。")
    field = "provider"


class ProviderOff(RuleBroken):
    """Two people have not switched this provider on for the campaign, or switched it off."""

    code = "provider_off"
    message = _("这个捐赠项目没有启用该支付渠道，请选择其他支付渠道。")
    field = "provider"


class TextUnfit(RuleBroken):
    """A text that is too long, or has characters that cannot be shown or stored."""

    code = "text_unfit"
    message = _("文字过长，或者含有无法使用的字符。")


class EmailUnfit(RuleBroken):
    """Not an e-mail address."""

    code = "email_unfit"
    message = _("邮箱地址不正确。")
    field = "donor.email"


class PhoneUnfit(RuleBroken):
    """Not a telephone number."""

    code = "phone_unfit"
    message = _("电话号码不正确。")
    field = "donor.phone"


class UsccUnfit(RuleBroken):
    """Not a valid unified social credit code."""

    code = "uscc_unfit"
    message = _("统一社会信用代码不正确。")
    field = "donor.organization.uscc"


class KeyConflict(Conflict):
    """This key was used before for another request."""

    code = "key_conflict"
    message = _("这个请求编号已经用于另一笔捐赠。")


class SessionClosed(Conflict):
    """The sandbox payment has been decided otherwise before."""

    code = "session_closed"
    message = _("这笔测试支付已经结束。")


class ProviderUnsure(RuleBroken):
    """The provider's answer did not come or cannot be read: what it did is not known."""

    code = "provider_unsure"
    message = _("支付渠道暂时没有回应，这一步的结果正在核对。请稍后再看，不必重复支付。")
    status = 503


class ProviderRefused(RuleBroken):
    """The provider said no, and did nothing."""

    code = "provider_refused"
    message = _("支付渠道没有接受这次请求，没有扣款。请换一种支付方式，或者与我们联系。")
    field = "provider"


class BadSignature(Exception):
    """An event whose signature is missing, wrong or too old; or that cannot be read."""


class WrongMode(Exception):
    """A test event on a real system, or the other way round."""


class WrongAccount(Exception):
    """An event of another merchant account."""


class NoWords(NotFound):
    """There is no gift with a message under this id."""

    code = "no_words"
    message = _("没有找到这条留言。")


class TooManyTries(RuleBroken):
    """This address, device or donor tried too often in the last ten minutes."""

    code = "too_many_tries"
    message = _("短时间内尝试的次数太多，请过十分钟再试。没有产生任何扣款。")
    status = 429


class ChallengeNeeded(RuleBroken):
    """Too many recent tries were not paid: this one first solves a challenge."""

    code = "challenge_needed"
    message = _("现在尝试支付的请求很多，需要先做一次自动核对。没有产生任何扣款。")
    status = 429

    def members(self) -> dict[str, object]:
        """The challenge; its solution comes with the next try."""
        return {"challenge": self.facts["challenge"]}
