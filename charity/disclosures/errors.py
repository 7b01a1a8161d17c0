"""What reports refuse, one class for each rule."""

from __future__ import annotations

from flask_babel import lazy_gettext as _

from charity.kernel.errors import Conflict, NotFound, RuleBroken


class NoSuchReport(NotFound):
    """There is no such report or version, or it is not public yet."""

    code = "no_such_report"
    message = _("没有找到这份报告。")


class NotADiscloser(RuleBroken):
    """Only disclosers write reports."""

    code = "not_a_discloser"
    message = _("只有信息公开专员可以起草报告。")
    status = 403


class PeriodUnfit(RuleBroken):
    """A report is about days that are over, within the campaign, first day first."""

    code = "period_unfit"
    message = _(
        "请检查报告期间：开始日期不能晚于结束日期，结束日期不能晚于今天，都不能早于活动开始。"
    )
    field = "last_on"


class TextNeeded(RuleBroken):
    """A report has words by a person, not figures only."""

    code = "text_needed"
    message = _("请写明这一期间的募集和使用情况。")
    field = "body"


class TextTooLong(RuleBroken):
    """A text longer than is read."""

    code = "text_too_long"
    message = _("这一项最多 %(longest)s 个字，请缩短。")


class ReasonNeeded(RuleBroken):
    """A correction says why."""

    code = "reason_needed"
    message = _("更正报告时，请写明更正的原因，原因会公开。")
    field = "reason"


class NothingToSubmit(Conflict):
    """There is no draft of a next version."""

    code = "nothing_to_submit"
    message = _("这份报告没有待送核的草稿。")


class BeingChecked(Conflict):
    """While it is being checked the text is not changed."""

    code = "being_checked"
    message = _("这份报告正在核对，不能修改。请先撤回送核，再修改。")


class DraftChanged(Conflict):
    """The draft or the version is another than was looked at."""

    code = "draft_changed"
    message = _("草稿或版本已经变化，没有送核。请刷新后再看一遍。")


class FilesNotReady(Conflict):
    """The PDF, CSV and XLSX are not made yet: nothing is published without them."""

    code = "files_not_ready"
    message = _("报告的 PDF、CSV、XLSX 文件还在制作，请过一会儿再公布。")


class AlreadyPublished(Conflict):
    """Somebody was faster, or the version before is not the newest."""

    code = "already_published"
    message = _("这一版已经由另一个人公布，不能重复公布。")


class FiguresDisagree(RuleBroken):
    """An identity does not hold: such figures are never published."""

    code = "figures_disagree"
    message = _("账目恒等式不成立，不能送核。请通知运维人员检查账本。")
