"""What funds refuse."""

from __future__ import annotations

from flask_babel import LazyString
from flask_babel import lazy_gettext as _

from charity.funds.kinds import Need
from charity.kernel.errors import Conflict, NotFound, RuleBroken


class UnknownCampaign(NotFound):
    """There is no such campaign, or it is not public."""

    code = "unknown_campaign"
    message = _("没有找到这个捐赠项目。")
    field = "campaign"


class UnknownUnit(NotFound):
    """There is no such raising unit in this campaign."""

    code = "unknown_unit"
    message = _("没有找到这个募集单位。")
    field = "unit"


class CodeTaken(Conflict):
    """A slug or code is permanent and never used twice."""

    code = "code_taken"
    message = _("这个编号已经使用过，不能再用。")


class CodeUnfit(RuleBroken):
    """A slug or code is letters, digits and hyphens."""

    code = "code_unfit"
    message = _("编号只能使用字母、数字和连字符。")


class DatesUnfit(RuleBroken):
    """A campaign ends on or after the day it begins."""

    code = "dates_unfit"
    message = _("结束日期不能早于开始日期。")


class AlreadyAdmitted(Conflict):
    """This unit raises in this campaign already."""

    code = "already_admitted"
    message = _("该募集单位已经加入这个捐赠项目。")


class NotReady(Conflict):
    """The campaign lacks something for its next step; ``details`` says what."""

    code = "not_ready"
    message = _("这个活动还不能进行下一步。")

    def __init__(self, needs: tuple[Need, ...]) -> None:
        super().__init__()
        self.needs = needs

    def details(self) -> list[tuple[str | None, str, str]]:
        """One line for each thing that is missing."""
        return [(need.value, f"missing_{need.value}", str(SENTENCES[need])) for need in self.needs]


class StepUnfit(Conflict):
    """A campaign goes forward one step at a time."""

    code = "step_unfit"
    message = _("这个活动现在的状态不能进行这一步，请刷新页面后再看。")


class PlanUnfit(RuleBroken):
    """Texts of a plan or a page that are too long, empty or not what they should be."""

    code = "plan_unfit"
    message = _("填写的内容不合要求。")

    def __init__(self, found: list[tuple[str, str, str]]) -> None:
        super().__init__(field=found[0][0] if found else None)
        self.found = found

    def details(self) -> list[tuple[str | None, str, str]]:
        """Field, code and sentence of everything that is wrong."""
        return [(field, code, sentence) for field, code, sentence in self.found]


class PlanFiled(Conflict):
    """A filed plan changes only by a new version with a reason."""

    code = "plan_filed"
    message = _("方案已经备案，修改需要填写原因，并作为新的一版公开。")
    field = "reason"


class NothingChanged(Conflict):
    """A new version must differ from the one before."""

    code = "nothing_changed"
    message = _("内容和现在的方案一样，没有产生新的一版。")


class AlreadyTakenDown(Conflict):
    """The campaign is taken down already."""

    code = "already_taken_down"
    message = _("这个活动已经下架。")


class NotTakenDown(Conflict):
    """Only what was taken down is put back."""

    code = "not_taken_down"
    message = _("这个活动没有下架。")


class WordsMissing(RuleBroken):
    """Whoever takes a campaign down says why, in public."""

    code = "words_missing"
    message = _("请写一句向公众说明的话，最多 300 字。")
    field = "words"


class FileUnknown(NotFound):
    """There is no such file of this campaign."""

    code = "unknown_file"
    message = _("没有找到这个文件。")


class TooManyFiles(Conflict):
    """A campaign has room for so many files."""

    code = "too_many_files"
    message = _("一个活动最多保存 60 个文件，请先移除不用的。")
    field = "file"


class TitleMissing(RuleBroken):
    """A picture says what it shows, a document what it is."""

    code = "title_missing"
    message = _("请写明图片的内容或文件的名称，最多 120 字。")
    field = "title"


class FileUnfit(RuleBroken):
    """A picture is a picture and a report is a PDF."""

    code = "file_unfit"
    message = _("插图请用 JPEG 或 PNG，结项报告请用 PDF。")
    field = "file"


class FileInUse(Conflict):
    """A picture that stands in the text is not removed; a public report never is."""

    code = "file_in_use"
    message = _("这个文件正在使用：请先从说明文字中去掉图片；已公开的结项报告不能移除。")


class UnknownFund(NotFound):
    """There is no such special fund, or no such text of it."""

    code = "unknown_fund"
    message = _("没有找到这个专项基金。")


class ProviderUnfit(RuleBroken):
    """Not the name of a payment provider."""

    code = "provider_unfit"
    message = _("没有这个支付渠道。")
    field = "provider"


class ProviderSwitched(Conflict):
    """The campaign stands so to this provider already."""

    code = "provider_switched"
    message = _("这个支付渠道已经是您要的状态，不需要再申请。")
    field = "provider"


#: What each missing thing asks of the office, beside its field.
SENTENCES: dict[Need, LazyString] = {
    Need.NAME: _("请填写活动名称。"),
    Need.PURPOSE: _("请填写募捐目的。"),
    Need.DATES: _("结束日期不能早于开始日期。"),
    Need.AREA: _("请填写开展地区。"),
    Need.PERSON_IN_CHARGE: _("请填写活动负责人姓名。"),
    Need.CONTACT_PHONE: _("请填写联系电话。"),
    Need.OFFICE: _("请填写办公地址。"),
    Need.METHODS: _("请填写接受捐赠方式。"),
    Need.BANK_ACCOUNT: _("请填写银行账户。"),
    Need.BENEFICIARIES: _("请填写受益人。"),
    Need.USE_PLAN: _("请填写募得款物用途。"),
    Need.COST_PLAN: _("请填写募捐成本，没有也请写明。"),
    Need.LEFTOVER: _("请填写剩余财产的处理。"),
    Need.EXPECTED: _("请填写预计募集金额。"),
    Need.EXPECTED_BASIS: _("请填写预计募集金额的依据。"),
    Need.FALLBACK_USE: _("请填写备用用途：钱在期限内用不完时怎么用。"),
    Need.FILING_NUMBER: _("请填写备案编号。没有备案编号的活动不能公开募捐。"),
    Need.PLATFORM: _("请填写指定平台名称。"),
    Need.LISTING: _("请填写活动在指定平台上的页面地址，以 https:// 开头。没有它不能开始募捐。"),
    Need.NOT_OVER: _("结束日期已过，不能开始募捐。"),
    Need.NOT_TAKEN_DOWN: _("活动已经下架，请先恢复展示。"),
    Need.EARLY_REASON: _("还没有到结束日期。提前结束请写明原因。"),
    Need.REPORT: _("请先上传结项报告（PDF）。"),
    Need.CLEARING: _("有款项还在支付渠道，没有全部转出。"),
    Need.TRANSIT: _("有款项在途，还没有到银行账户。"),
    Need.RESERVED: _("有已经审批、还没有拨付的用款。"),
    Need.PENDING_IN: _("有已经登记、还没有到账的捐款。"),
    Need.SHORTFALL: _("有募集单位的待补足款还没有补齐。"),
    Need.ADVANCE: _("有垫付款还没有归还。"),
    Need.GOODS: _("有捐赠物资还没有处理完。"),
}
