"""What is refused about the use of money, one class for each rule, in plain words."""

from __future__ import annotations

from flask_babel import lazy_gettext as _

from charity.kernel.errors import Conflict, NotFound, RuleBroken


class NoSuchApplication(NotFound):
    """There is no such application, or it is not the reader's."""

    code = "no_such_application"
    message = _("没有找到这份用款申请。")


class NoSuchPayee(NotFound):
    """There is no such payee of this unit, or it is retired."""

    code = "no_such_payee"
    message = _("没有找到这个收款方，或者它已经停用。请重新选择收款方。")
    field = "payee"


class NotForYou(RuleBroken):
    """No role of this person does this."""

    code = "not_for_you"
    message = _("您的岗位不能办理这一步。")
    status = 403


class NotNow(Conflict):
    """The application is in a state in which this cannot be done."""

    code = "not_now"
    message = _("这份申请的状态已经改变，不能这样办理。请刷新后查看。")


class NotChangeable(Conflict):
    """An approved or closed application is not changed: it is taken back, and copied."""

    code = "not_changeable"
    message = _("这份申请已经批准或已经结束，不能修改。可以复制为新的申请。")


# --- whose money ----------------------------------------------------------------------------


class NotYourBook(RuleBroken):
    """Whoever raises it uses it: another unit's book is not applied for."""

    code = "not_your_book"
    message = _("谁募集，谁使用：这是“%(unit)s”募集的善款，您不能代它申请使用。")
    field = "unit"
    status = 403


class HasSteward(RuleBroken):
    """The unit merged or left, and another one applies in its place."""

    code = "has_steward"
    message = _("“%(unit)s”已停止募集，它的善款由接续使用单位“%(steward)s”申请使用。")
    field = "unit"
    status = 403


class StewardNeeded(RuleBroken):
    """The unit merged or left, and nobody is named to apply in its place."""

    code = "steward_needed"
    message = _(
        "“%(unit)s”已停止募集，还没有指定接续使用单位，暂时不能申请。请联系专项基金管理员。"
    )
    field = "unit"


class NoBook(NotFound):
    """The unit has no book in this campaign."""

    code = "no_book"
    message = _("这个募集单位在这个募捐活动中没有分账。")
    field = "campaign"


class MoreThanAvailable(RuleBroken):
    """More is asked for than the book has available."""

    code = "more_than_available"
    message = _("申请 %(asked)s，这个分账可用 %(available)s，还差 %(missing)s。")
    field = "amount"


class BookHasShortfall(RuleBroken):
    """While a book has a shortfall nothing is reserved or paid from it."""

    code = "book_has_shortfall"
    message = _("这个分账有待补足款 %(shortfall)s，补足之前不能申请，也不能拨付。")
    field = "amount"


class EvidenceOverdue(RuleBroken):
    """A unit that owes evidence waits with its next application."""

    code = "evidence_overdue"
    message = _(
        "用款申请 %(number)s 的使用凭据应在 %(due)s 前交齐，现已逾期。"
        "请先补交凭据，再提交新的申请。"
    )


# --- within the campaign --------------------------------------------------------------------


class CampaignNotUsable(RuleBroken):
    """The campaign is a draft, or all its books are closed."""

    code = "campaign_not_usable"
    message = _("这个募捐活动还没有备案或已经结项，不能申请用款。")
    field = "campaign"


class OutsidePurpose(RuleBroken):
    """The filed plan has no such use."""

    code = "outside_purpose"
    message = _("这个用途不在募捐方案的用款范围内：%(plan)s")
    field = "purpose"


class OutsideCategory(RuleBroken):
    """The filed plan does not help these people."""

    code = "outside_category"
    message = _("这类受助对象不在募捐方案的受益人范围内：%(plan)s")
    field = "category"


class OutsideArea(RuleBroken):
    """The place of use is not in the campaign's area."""

    code = "outside_area"
    message = _("使用地点不在募捐活动的地域范围（%(area)s）内。")
    field = "area"


class OutsideDates(RuleBroken):
    """The time of use is not within the campaign's."""

    code = "outside_dates"
    message = _("使用时间应在 %(first)s 至 %(last)s 之间。")
    field = "ends_on"


class FunctionUnfit(RuleBroken):
    """The purpose "cost of the campaign" and the function "fundraising" go together."""

    code = "function_unfit"
    message = _("募捐成本只能填写“募捐活动费用”这一用途，其他用途也不能列为募捐成本。")
    field = "purpose"


# --- what was written -----------------------------------------------------------------------


class TextUnfit(RuleBroken):
    """A text that is missing, too long, or cannot be shown."""

    code = "text_unfit"
    message = _("请填写，最多 %(longest)s 字，不能含有控制字符或不可见字符。")


class PersonNumber(RuleBroken):
    """A text that everybody may read holds a phone or identity card number."""

    code = "person_number"
    message = _("这里的文字会公开，不能写身份证号码或手机号码。")


class AmountUnfit(RuleBroken):
    """An application is for at least one fen."""

    code = "amount_unfit"
    message = _("请填写金额，至少 0.01 元。")
    field = "amount"


class BudgetUnfit(RuleBroken):
    """No line, too many, or a line that is not a thing, a number and a price."""

    code = "budget_unfit"
    message = _("预算至少一行，最多 %(most)s 行；每行写明内容、数量和单价，数量和单价都大于零。")
    field = "budget"


class BudgetDiffers(RuleBroken):
    """The budget's lines do not sum to the amount."""

    code = "budget_differs"
    message = _("预算合计 %(lines)s，与申请金额 %(amount)s 不一致，相差 %(difference)s。")
    field = "amount"


class PeopleUnfit(RuleBroken):
    """A programme helps at least one person; a fundraising cost helps none."""

    code = "people_unfit"
    message = _("请填写受助人数：1 到 %(most)s 的整数；募捐成本填 0。")
    field = "people_count"


class CodesUnfit(RuleBroken):
    """People are named by codes only: letters, digits, hyphens."""

    code = "codes_unfit"
    message = _(
        "受助对象只填编号（字母、数字、连字符），不能填写姓名或证件号码；编号不多于受助人数。"
    )
    field = "people_codes"


class AreaUnknown(RuleBroken):
    """No area has this code."""

    code = "area_unknown"
    message = _("没有这个地区，请重新选择使用地点。")
    field = "area"


class DatesUnfit(RuleBroken):
    """The last day of use is before the first."""

    code = "dates_unfit"
    message = _("结束日期不能早于开始日期。")
    field = "ends_on"


class EvidencePlanUnfit(RuleBroken):
    """Which evidence will come is said beforehand."""

    code = "evidence_plan_unfit"
    message = _("请至少选择一种将要提供的使用凭据。")
    field = "evidence"


class TooManyAttachments(RuleBroken):
    """More files than anybody reads."""

    code = "too_many_attachments"
    message = _("一份申请最多 %(most)s 个附件。")
    field = "file"


class AttachmentTaken(Conflict):
    """The same file is attached already."""

    code = "attachment_taken"
    message = _("这个文件已经附上，不必重复上传。")
    field = "file"


class NoSuchAttachment(NotFound):
    """There is no such file of this application."""

    code = "no_such_attachment"
    message = _("没有找到这个附件。")


# --- the payee ------------------------------------------------------------------------------


class PayeeNeeded(RuleBroken):
    """Money goes to somebody."""

    code = "payee_needed"
    message = _("请选择收款方。")
    field = "payee"


class PayeeIsRequester(RuleBroken):
    """Nobody asks for money for themselves."""

    code = "payee_is_requester"
    message = _("收款方不能是申请人本人。请更换收款方，或者由另一位经办人提出申请。")
    field = "payee"


class PayeeNameUnfit(RuleBroken):
    """A payee's name is the account holder's."""

    code = "payee_name_unfit"
    message = _("请填写收款账户的户名，最多 120 个字，不能含有控制字符或不可见字符。")
    field = "name"


class AccountUnfit(RuleBroken):
    """An account number is digits, 8 to 32 of them."""

    code = "account_unfit"
    message = _("收款账号应为 8 到 32 位数字；个人请填写 16 到 19 位银行卡号。")
    field = "account_number"


class AccountDigitWrong(RuleBroken):
    """The check digit says that a digit is wrong."""

    code = "account_digit_wrong"
    message = _("收款账号的校验位不正确，可能输错了一位。请对照银行卡重新输入。")
    field = "account_number"


class UsccUnfit(RuleBroken):
    """An organization has a unified social credit code."""

    code = "uscc_unfit"
    message = _("统一社会信用代码不正确，请核对后重新填写。")
    field = "uscc"


class IdentityNeeded(RuleBroken):
    """A person is known by phone or identity card, so that nobody pays themselves."""

    code = "identity_needed"
    message = _("个人收款方请填写手机号码或身份证号码，用于核对收款人不是经办人本人。")
    field = "phone"


class PayeeTaken(Conflict):
    """The unit has this account on its list already."""

    code = "payee_taken"
    message = _("这个账号已经在本单位的收款方名单中。")
    field = "account_number"


class SplitPayment(RuleBroken):
    """Several applications to one payee that only together reach a level are one."""

    code = "split_payment"
    message = _(
        "%(days)s 天内付给同一收款方的申请（%(numbers)s）与这份合计 %(sum)s，"
        "达到须增加审批人的金额 %(level)s。请合并为一份申请提交。"
    )
    field = "amount"


# --- approval --------------------------------------------------------------------------------


class QuestionsNeeded(RuleBroken):
    """What is sent back says what is asked."""

    code = "questions_needed"
    message = _("请写明需要补充或修改的内容，最多 500 字。")
    field = "questions"


class ReasonNeeded(RuleBroken):
    """What is taken back or stopped says why."""

    code = "reason_needed"
    message = _("请写明理由，最多 500 字。")
    field = "reason"
