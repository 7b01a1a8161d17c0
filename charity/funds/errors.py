"""What funds refuse."""

from __future__ import annotations

from flask_babel import lazy_gettext as _

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
