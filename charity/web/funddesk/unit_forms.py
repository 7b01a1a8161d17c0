"""The forms of raising units. Whether what they say may be is decided by ``funds``."""

from __future__ import annotations

import datetime as dt

from flask_babel import LazyString
from flask_babel import lazy_gettext as _
from flask_wtf import FlaskForm
from flask_wtf.file import FileField
from wtforms import (  # type: ignore[attr-defined] # SelectChoice is not in the stubs yet
    BooleanField,
    DateField,
    Field,
    HiddenField,
    RadioField,
    SelectChoice,
    SelectField,
    StringField,
    TextAreaField,
)
from wtforms.validators import InputRequired, Length, Optional, Regexp

from charity.funds.kinds import UnitClosing, UnitLevel
from charity.kernel import clock
from charity.web.forms import Text, strip

LEVELS: dict[UnitLevel, LazyString] = {
    UnitLevel.PROVINCE: _("省级"),
    UnitLevel.PREFECTURE: _("市级"),
    UnitLevel.COUNTY: _("县级"),
    UnitLevel.TOWN: _("乡镇"),
    UnitLevel.VILLAGE: _("村、社区"),
    UnitLevel.OTHER: _("社会单位"),
}
CLOSINGS: dict[UnitClosing, LazyString] = {
    UnitClosing.MERGED: _("并入其他单位"),
    UnitClosing.LEFT: _("退出，不再募集"),
}
_NEEDED = _("请填写这一项。")
_LONG = _("这一项太长。")
_CHOOSE = _("请选择其中一项。")
_NO_DAY = _("请填写日期，例如 2026-01-31。")


def _text(label: LazyString, longest: int, *, optional: bool = False) -> StringField:
    checks = [Length(max=longest, message=_LONG), Text()]
    if not optional:
        checks.insert(0, InputRequired(message=_NEEDED))
    return StringField(label, filters=[strip], validators=checks)


class Day(DateField):
    """A day, today unless another is chosen; what is no day is told in our own words."""

    def process_formdata(self, valuelist: list[str]) -> None:
        """Read the day. Raises ValueError with a sentence."""
        try:
            super().process_formdata(valuelist)
        except ValueError:
            raise ValueError(str(_NO_DAY)) from None


def _day(label: LazyString) -> DateField:
    return Day(label, validators=[InputRequired(message=_NO_DAY)], default=clock.today)


def words(field: Field) -> str:
    """What was typed; nothing is empty."""
    return str(field.data or "")


def day(field: Field) -> dt.date:
    """The day of a form that was found in order."""
    assert isinstance(field.data, dt.date)
    return field.data


class UnitForm(FlaskForm):  # type: ignore[misc] # flask_wtf publishes no types
    """A unit to register."""

    code = _text(_("单位编码"), 64)
    name = _text(_("单位名称"), 120)
    name_en = _text(_("英文名称"), 200, optional=True)
    level = SelectField(
        _("层级"),
        choices=[SelectChoice(level.value, label) for level, label in LEVELS.items()],
        invalid_choice_message=_CHOOSE,  # type: ignore[call-arg] # not in the stubs yet
    )
    area_code = _text(_("行政区划代码"), 12)
    area_name = _text(_("地区名称"), 120, optional=True)
    parent = _text(_("上级单位编码"), 64, optional=True)
    since = _day(_("从哪一天起"))


class RenameForm(FlaskForm):  # type: ignore[misc] # flask_wtf publishes no types
    """Another name from a day on."""

    name = _text(_("单位名称"), 120)
    name_en = _text(_("英文名称"), 200, optional=True)
    since = _day(_("从哪一天起"))


class PlaceForm(FlaskForm):  # type: ignore[misc] # flask_wtf publishes no types
    """Another area from a day on."""

    area_code = _text(_("行政区划代码"), 12)
    area_name = _text(_("地区名称"), 120, optional=True)
    since = _day(_("从哪一天起"))


class MoveForm(FlaskForm):  # type: ignore[misc] # flask_wtf publishes no types
    """Another unit above, from today on."""

    parent = _text(_("上级单位编码"), 64, optional=True)


class EndForm(FlaskForm):  # type: ignore[misc] # flask_wtf publishes no types
    """The end of a unit's raising."""

    why = RadioField(
        _("原因"),
        choices=[SelectChoice(why.value, label) for why, label in CLOSINGS.items()],
        default=UnitClosing.MERGED.value,
        invalid_choice_message=_CHOOSE,  # type: ignore[call-arg] # not in the stubs yet
    )
    successor = _text(_("并入的单位编码"), 64, optional=True)
    on = _day(_("从哪一天起停止募集"))


class TeamForm(FlaskForm):  # type: ignore[misc] # flask_wtf publishes no types
    """A team to open."""

    code = _text(_("队伍编码"), 64)
    name = _text(_("队伍名称"), 120)


class TeamNameForm(FlaskForm):  # type: ignore[misc] # flask_wtf publishes no types
    """Another name of a team from a day on."""

    name = _text(_("队伍名称"), 120)
    since = _day(_("从哪一天起"))


class TeamMoveForm(FlaskForm):  # type: ignore[misc] # flask_wtf publishes no types
    """A team closed here and opened anew below another unit."""

    unit = _text(_("转到的单位编码"), 64)
    code = _text(_("新的队伍编码"), 64)


class TeamCloseForm(FlaskForm):  # type: ignore[misc] # flask_wtf publishes no types
    """A team closed from today on."""


class StewardForm(FlaskForm):  # type: ignore[misc] # flask_wtf publishes no types
    """Who may apply for a unit that ended."""

    steward = _text(_("接续使用单位的编码"), 64, optional=True)
    since = _day(_("从哪一天起"))
    reason = TextAreaField(
        _("理由"),
        filters=[strip],
        validators=[InputRequired(message=_NEEDED), Length(max=500, message=_LONG), Text()],
    )


class _StepForm(FlaskForm):  # type: ignore[misc] # flask_wtf publishes no types
    below = BooleanField(_("同时适用于所有下级单位"))


class AssessForm(_StepForm):
    """What was looked at."""

    looked_at = TextAreaField(
        _("评估内容"),
        filters=[strip],
        validators=[InputRequired(message=_NEEDED), Length(max=1000, message=_LONG), Text()],
    )
    fit = RadioField(
        _("评估结论"),
        choices=[SelectChoice("yes", _("适合")), SelectChoice("no", _("不适合"))],
        invalid_choice_message=_CHOOSE,  # type: ignore[call-arg] # not in the stubs yet
    )
    assessed_on = _day(_("评估日期"))


class AgreementForm(_StepForm):
    """The signed agreement."""

    file = FileField(_("签署的协议"))
    signed_on = _day(_("签署日期"))


class NamingForm(_StepForm):
    """Where the filed plan names the unit."""

    clause = _text(_("在备案方案中的位置"), 200)


class BooksForm(_StepForm):
    """Ask for the books."""


class ImportForm(FlaskForm):  # type: ignore[misc] # flask_wtf publishes no types
    """A workbook, looked through; then its hash, confirmed."""

    file = FileField(_("XLSX 表格"))
    sha256 = HiddenField(
        validators=[Optional(), Regexp(r"^[0-9a-f]{64}$", message=_("请重新上传表格。"))]
    )
