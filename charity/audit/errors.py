"""What the supervisor's desk refuses, one class for each rule."""

from __future__ import annotations

from flask_babel import lazy_gettext as _

from charity.kernel.errors import Conflict, NotFound, RuleBroken


class NoSuchWeek(NotFound):
    """Not a week, or one that has not begun."""

    code = "no_such_week"


class WeekRuns(Conflict):
    """The sample of a week is drawn when the week is over."""

    code = "week_runs"
    message = _("这一周还没有结束，名单还会变，暂时不能登记查看结果。")


class NotInSample(RuleBroken):
    """What was ticked was not drawn."""

    code = "not_in_sample"
    message = _("这一项不在本周抽样里，没有登记。请刷新后再看。")


class RemarkNeeded(RuleBroken):
    """A tick without a word says nothing."""

    code = "remark_needed"
    message = _("请写一句查看的结果，最多 500 字。")
    field = "remark"


class ReasonNeeded(RuleBroken):
    """Whoever takes data out says what for."""

    code = "reason_needed"
    message = _("请写明导出的用途，至少 4 个字，最多 300 字。")
    field = "reason"


class ExportTooLong(RuleBroken):
    """More rows than one file holds; nothing is cut off in silence."""

    code = "export_too_long"
    message = _("符合条件的超过 %(most)s 行，请缩小范围后再导出。")
    field = "reason"
