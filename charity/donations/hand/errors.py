"""What gifts by hand and bank lines refuse, one class for each rule."""

from __future__ import annotations

from collections.abc import Sequence

from flask_babel import lazy_gettext as _

from charity.kernel.errors import Conflict, NotFound, RuleBroken


class SheetUnknown(NotFound):
    """There is no such sheet in this unit."""

    code = "unknown_sheet"
    message = _("没有找到这张登记表。")


class SlipUnknown(NotFound):
    """There is no such slip in this unit."""

    code = "unknown_slip"
    message = _("没有找到这张缴款单。")


class LineUnknown(NotFound):
    """There is no such bank line."""

    code = "unknown_line"
    message = _("没有找到这条银行流水。")


class AccountUnknown(RuleBroken):
    """Not one of the charity's bank accounts."""

    code = "unknown_account"
    message = _("请选择本机构的一个银行账户。")
    field = "account"


class NotForYou(NotFound):
    """No role of this person does this for this unit: it reads like what is not there."""

    code = "not_for_you"


class SheetUnfit(RuleBroken):
    """Some lines of a sheet are wrong: each says what, in its own place."""

    code = "sheet_unfit"
    message = _("登记表里有的内容不合要求，没有保存。")

    def __init__(self, found: Sequence[RuleBroken]) -> None:
        super().__init__()
        self.found = list(found)

    def details(self) -> list[tuple[str | None, str, str]]:
        """Everything that is wrong, line by line."""
        return [detail for error in self.found for detail in error.details()]


class NoLines(RuleBroken):
    """A sheet has at least one line."""

    code = "no_lines"
    message = _("请至少填写一笔捐款。")
    field = "lines"


class TooManyLines(RuleBroken):
    """A sheet has so many lines at most."""

    code = "too_many_lines"
    message = _("一张登记表最多 %(most)s 笔，请分几次填写。")
    field = "lines"


class FutureDay(RuleBroken):
    """Nothing is entered for a day to come."""

    code = "future_day"
    message = _("日期不能晚于今天。")
    field = "day"


class MonthClosed(RuleBroken):
    """The month is closed: nothing is entered for it any more."""

    code = "month_closed"
    message = _("这个月已经结账，不能再登记这个月的日期。请与会计联系。")
    field = "day"


class NotCollecting(RuleBroken):
    """On that day the campaign took no gifts."""

    code = "not_collecting"
    message = _("这个捐赠项目在所填日期没有开展募捐。")
    field = "day"


class BeforeAccount(RuleBroken):
    """The line is older than the account."""

    code = "before_account"
    message = _("日期早于这个账户的开户日期。")
    field = "day"


class AlreadyWithdrawn(Conflict):
    """The gift was taken back before."""

    code = "already_withdrawn"
    message = _("这笔登记已经撤回。")


class NotYours(RuleBroken):
    """Only who entered it takes it back."""

    code = "not_yours"
    message = _("只有登记的人本人可以撤回。")
    status = 403


class InSlip(Conflict):
    """The gift is in a slip: that is taken back first."""

    code = "in_slip"
    message = _("这笔捐款已经列入缴款单，请先撤回缴款单。")


class ReasonNeeded(RuleBroken):
    """What is taken back or refused says why."""

    code = "reason_needed"
    message = _("请写明原因，最多 200 字。")
    field = "reason"


class NothingToCount(Conflict):
    """No cash waits to be counted."""

    code = "nothing_to_count"
    message = _("没有等待清点的现金捐款。")


class CountedLess(RuleBroken):
    """The cash is less than what was entered."""

    code = "counted_less"
    message = _(
        "清点的现金比登记的 %(entered)s 少 %(difference)s。请核对登记和现金，一致后再关账。"
    )
    field = "counted"


class CountedMore(RuleBroken):
    """The cash is more than what was entered."""

    code = "counted_more"
    message = _(
        "清点的现金比登记的 %(entered)s 多 %(difference)s。请核对登记和现金，一致后再关账。"
    )
    field = "counted"


class TooMuchForOneSlip(Conflict):
    """More gifts than one slip carries."""

    code = "too_much_for_one_slip"
    message = _("一张缴款单最多 %(most)s 笔，请先按登记表分次清点。")


class SlipMoved(Conflict):
    """The slip is not in the state this needs."""

    code = "slip_moved"
    message = _("这张缴款单的状态已经变化，不能这样办理。")


class OwnSlip(RuleBroken):
    """Whoever entered any of it, or counted it, does not confirm it."""

    code = "own_slip"
    message = _("您登记或清点过这张缴款单里的捐款，请由另一个人确认。")
    status = 403


class SerialTaken(Conflict):
    """This line of this account is here already."""

    code = "serial_taken"
    message = _("这个账户已经有流水号相同的一条流水，同一条流水只登记一次。")
    field = "serial"


class SerialUnfit(RuleBroken):
    """A serial number is letters, digits and a few signs."""

    code = "serial_unfit"
    message = _("请填写银行流水号，只能使用字母、数字和 - / _ .。")
    field = "serial"


class LineAmountUnfit(RuleBroken):
    """A line moves at least one fen, and no more than the ledger holds."""

    code = "line_amount_unfit"
    message = _("金额须大于 0，并且不超过 1000 亿元。")
    field = "amount"


class AccountUnfit(RuleBroken):
    """An account's number is 8 to 34 letters and digits."""

    code = "account_unfit"
    message = _("账号须为 8 到 34 位数字或字母。")
    field = "number"


class AccountCodeUnfit(RuleBroken):
    """An account's short name is small letters, digits and hyphens."""

    code = "account_code_unfit"
    message = _("账户简称须为 2 到 20 位小写字母、数字或连字符，并且没有用过。")
    field = "code"


class AccountTaken(Conflict):
    """This account is on the list already."""

    code = "account_taken"
    message = _("这个银行账户已经登记过。")
    field = "number"


class LineTaken(Conflict):
    """One line has one effect."""

    code = "line_taken"
    message = _("这条流水已经办理过，没有重复办理。")


class TargetTaken(Conflict):
    """Another line was for this."""

    code = "target_taken"
    message = _("这一项已经由另一条流水办理，没有重复办理。")


class WrongSum(RuleBroken):
    """A line settles what is exactly as much as itself."""

    code = "wrong_sum"
    message = _("金额不一致：流水是 %(line)s，这一项是 %(target)s。请核对，或者先转入待认领。")
    field = "target"


class WrongDirection(RuleBroken):
    """Money that went out settles nothing that came in, nor the other way round."""

    code = "wrong_direction"
    message = _("这条流水的收支方向不对，不能这样办理。")
    field = "target"


class WrongCurrency(RuleBroken):
    """An account takes money of its own currency only."""

    code = "wrong_currency"
    message = _("币种与这个账户不一致。")
    field = "target"


class NotReady(Conflict):
    """What the line is said to be for is not there, or not in a state to be settled."""

    code = "not_ready"
    message = _("这一项现在不能用流水办理，请刷新后再看。")
    field = "target"


class OwnEntry(RuleBroken):
    """Whoever entered a gift by hand does not settle it from the bank."""

    code = "own_entry"
    message = _("这一项里有您登记的捐款，请由另一位出纳办理。")
    field = "target"
    status = 403


class OwnBookShort(Conflict):
    """The own book cannot lend or bear so much: nothing was posted."""

    code = "own_book_short"
    message = _("自有资金账余额不足，垫付不了这笔差额，没有入账。请先补足自有资金。")
    field = "target"


class SuspenseMoved(Conflict):
    """The held money is not in the state this needs."""

    code = "suspense_moved"
    message = _("这笔待认领款的状态已经变化，请刷新后再看。")


class PhotoNeeded(RuleBroken):
    """A slip comes with the picture of the bank's paper."""

    code = "photo_needed"
    message = _("请上传银行缴款回单的照片。")
    field = "photo"
