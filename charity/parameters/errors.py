"""What parameters refuse, one class for each rule."""

from __future__ import annotations

from flask_babel import lazy_gettext as _

from charity.kernel.errors import Conflict, NotFound, RuleBroken


class NoSuchFigure(NotFound):
    """There is no such figure, or none holds on that day."""

    code = "no_such_figure"
    message = _("没有找到这个参数。")


class OutOfBounds(RuleBroken):
    """A figure outside of what makes sense."""

    code = "out_of_bounds"
    message = _("数值应在 %(least)s 到 %(most)s 之间。")
    field = "value"


class TooEarly(RuleBroken):
    """A figure begins tomorrow at the earliest: a day that has begun keeps its figures."""

    code = "too_early"
    message = _("生效日期最早为明天：已经开始的一天，参数不再改变。")
    field = "valid_from"


class SourceNeeded(RuleBroken):
    """Each figure names the article or decision it comes from."""

    code = "source_needed"
    message = _("请写明依据的法条或决定。")
    field = "source"


class SourceTooLong(RuleBroken):
    """A source longer than what is kept."""

    code = "source_too_long"
    message = _("依据最多 300 字。")
    field = "source"


class NothingChanges(Conflict):
    """The figure asked for is the one that holds on that day already."""

    code = "nothing_changes"
    message = _("这一天的数值和依据已经是这样，没有需要变更的内容。")


class DayTaken(Conflict):
    """A figure that begins on this day is decided already."""

    code = "day_taken"
    message = _("这个参数在这一天已经有确定的数值，请换一个生效日期。")
