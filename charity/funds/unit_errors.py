"""What is refused about raising units, their teams, stewards and admissions."""

from __future__ import annotations

from flask_babel import lazy_gettext as _

from charity.funds.kinds import AdmissionStep
from charity.kernel.errors import Conflict, NotFound, RuleBroken


class NoSuchUnit(NotFound):
    """There is no raising unit of this code."""

    code = "unknown_unit"
    message = _("没有找到这个募集单位。")
    field = "unit"


class NoSuchTeam(NotFound):
    """There is no team of this code below this unit."""

    code = "unknown_team"
    message = _("没有找到这支队伍。")
    field = "team"


class TeamNotTaking(Conflict):
    """The team is closed, or of another unit."""

    code = "team_not_taking"
    message = _("这个单位没有这支队伍，或者队伍已经关闭。请重新选择队伍，或者不选队伍。")
    field = "team"


class UnitNotTaking(Conflict):
    """The unit merged or left: it takes no more gifts."""

    code = "unit_not_taking"
    message = _("这个募集单位已停止募集，不再接受捐赠。")
    field = "unit"


class UnitClosed(Conflict):
    """The unit merged or left before."""

    code = "unit_closed"
    message = _("这个募集单位已停止募集，不能再作变更。")


class NameUnfit(RuleBroken):
    """A name is letters and digits that can be read and printed."""

    code = "name_unfit"
    message = _("名称不能为空，最多 120 个字，不能含有控制字符、不可见字符或改变文字方向的字符。")
    field = "name"


class TextUnfit(RuleBroken):
    """A text that is empty, too long or cannot be shown."""

    code = "text_unfit"
    message = _("请填写这一项，最多 %(longest)s 字，不能含有不可见字符。")


class LevelUnfit(RuleBroken):
    """A unit stands below one that reaches at least as far."""

    code = "level_unfit"
    message = _("上级单位的层级不能低于本单位。")
    field = "level"


class ParentUnknown(RuleBroken):
    """The unit above is not there."""

    code = "unknown_parent"
    message = _("没有编码为这个的上级单位。")
    field = "parent"


class ParentClosed(RuleBroken):
    """No unit is put below one that raises no more."""

    code = "parent_closed"
    message = _("这个上级单位已停止募集，请另选上级。")
    field = "parent"


class InACircle(RuleBroken):
    """A unit never stands below itself."""

    code = "in_a_circle"
    message = _("上级单位不能是本单位，也不能是本单位的下级。")
    field = "parent"


class TooDeep(RuleBroken):
    """The tree has at most ten levels."""

    code = "too_deep"
    message = _("单位的层级最多十层。")
    field = "parent"


class CodeTwice(RuleBroken):
    """One list gives the same code twice."""

    code = "code_twice"
    message = _("这个编码在表里出现了两次。")
    field = "code"


class DayUnfit(RuleBroken):
    """A dated change is from a day on that has come, and not before the change before it."""

    code = "day_unfit"
    message = _("生效日期不能晚于今天，也不能早于上一次变更的日期（%(before)s）。")
    field = "since"


class NothingChanged(RuleBroken):
    """What is asked for is so already."""

    code = "nothing_changed"
    message = _("内容与现在的相同，没有需要变更的。")


class HasSubUnits(Conflict):
    """A unit with sub-units does not end."""

    code = "has_sub_units"
    message = _("这个单位还有 %(count)s 个下级单位，请先为它们另定上级。")


class OfficeStays(Conflict):
    """The fund office of a campaign that is not closed does not end."""

    code = "office_stays"
    message = _("这个单位是募捐活动的基金办公室，活动关闭之前不能停止募集。")


class SuccessorUnfit(RuleBroken):
    """A unit merges into another one that still raises."""

    code = "successor_unfit"
    message = _("请填写并入的单位编码；它不能是本单位，也不能是已停止募集的单位。")
    field = "successor"


class StewardUnfit(RuleBroken):
    """A steward is another unit that still raises."""

    code = "steward_unfit"
    message = _("接续使用单位不能是本单位，也不能是已停止募集的单位。")
    field = "steward"


class StewardNotNeeded(Conflict):
    """Only for a unit that merged or left somebody else applies."""

    code = "steward_not_needed"
    message = _("只有已合并或退出的单位才需要接续使用单位。")


_STEPS = {
    AdmissionStep.ASSESSMENT: _("还没有评估，或者最近一次评估的结论是不适合。"),
    AdmissionStep.AGREEMENT: _("还没有登记签署的协议。"),
    AdmissionStep.NAMING: _("还没有写明在备案方案中的位置。"),
    AdmissionStep.FILED: _("募捐活动还没有备案，或者已经结束。"),
    AdmissionStep.UNIT_OPEN: _("这个单位已停止募集。"),
}


def step_sentence(step: AdmissionStep) -> str:
    """What is missing when this step is, in the reader's language."""
    return str(_STEPS[step])


class StepsMissing(Conflict):
    """A book is opened only after every step: ``steps`` names those missing, by unit."""

    code = "steps_missing"
    message = _("还有步骤没有完成，不能开立分账。")

    def __init__(self, missing: dict[str, list[AdmissionStep]]) -> None:
        super().__init__()
        self.missing = missing

    def details(self) -> list[tuple[str | None, str, str]]:
        """One line for each unit and step."""
        return [
            (None, f"{self.code}.{step.value}", f"{code}：{step_sentence(step)}")
            for code, steps in self.missing.items()
            for step in steps
        ]


class ImportUnfit(RuleBroken):
    """One row or more of a workbook are wrong; nobody was registered."""

    code = "import_unfit"
    message = _("表格里有 %(count)s 处不合要求，没有登记任何单位。")
    field = "file"
    LEVEL = _("层级应为：%(levels)s 或社会单位。")
    DAY = _("起始日期应写成 2026-01-31 的样子。")
