"""What the ledger refuses, one class for each rule."""

from __future__ import annotations

from flask_babel import lazy_gettext as _

from charity.kernel.errors import Conflict, NotFound, RuleBroken


class BelowFloor(RuleBroken):
    """An account with a floor would go below zero: the book has not that much."""

    code = "below_floor"
    message = _("本分账余额不足，不能办理这笔业务。")


class AlreadyPosted(Conflict):
    """An entry with this idempotency key is in the ledger; its effect is not posted again."""

    code = "already_posted"
    message = _("这笔业务已经入账，不会重复记账。")


class AuthorityNeeded(RuleBroken):
    """This kind of entry lowers a book for someone and carries two people's signature."""

    code = "authority_needed"
    message = _("这类业务须有两人签署的授权记录。")


class PeriodClosed(Conflict):
    """No later accounting month is open either."""

    code = "period_closed"
    message = _("该会计期间已经关闭，不再接受记账。")


class NoSuchBook(NotFound):
    """There is no such book."""

    code = "no_such_book"
    message = _("没有这个分账。")


class ShortfallStands(Conflict):
    """While a book has a shortfall nothing is reserved or paid from it."""

    code = "shortfall_stands"
    message = _("本分账尚有待补足款，补足之前不能申请或拨付。")


class EntryUnknown(NotFound):
    """No entry has this number."""

    code = "no_such_entry"
