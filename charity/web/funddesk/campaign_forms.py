"""The forms of the campaign desk. Whether what is written may stand is decided by ``funds``.

Rule: a section is saved alone, also half filled, while the plan is a draft; what is still missing
is told on the campaign's page. Amounts are yuan as typed and become whole fen by ``kernel.money``.
"""

from __future__ import annotations

import datetime as dt
from collections.abc import Iterable, Mapping
from typing import Any

from flask_babel import gettext
from flask_babel import lazy_gettext as _
from flask_wtf import FlaskForm
from wtforms import (  # type: ignore[attr-defined] # SelectChoice is not in the stubs yet
    BooleanField,
    Field,
    FileField,
    RadioField,
    SelectChoice,
    SelectField,
    StringField,
    TextAreaField,
)
from wtforms.validators import ValidationError

from charity.areas import queries as areas
from charity.areas.kinds import AreaLevel
from charity.funds.kinds import Basis, FileKind, FundText
from charity.funds.queries import CampaignView
from charity.kernel.errors import RuleBroken
from charity.kernel.money import MoneyError, parse_yuan, plain
from charity.web.forms import Text, strip
from charity.web.locale import called

_LINES = {"\r\n": "\n", "\r": "\n"}


def _unix(value: str | None) -> str:
    """Browsers send line ends in their own way; kept is one way."""
    text = strip(value)
    for theirs, ours in _LINES.items():
        text = text.replace(theirs, ours)
    return text


class DayField(StringField):
    """A day as ``2026-11-22``; ``day`` is None until it is one."""

    day: dt.date | None = None

    def pre_validate(self, form: Any) -> None:
        """Read the day, or say how it is written."""
        try:
            self.day = dt.date.fromisoformat(str(self.data or "").strip())
        except ValueError:
            raise ValidationError(gettext("请填写日期，例如 2026-05-12。")) from None
        self.data = self.day.isoformat()


def _line(label: Any) -> StringField:
    return StringField(label, filters=[strip], validators=[Text()])


def _words(label: Any) -> TextAreaField:
    return TextAreaField(label, filters=[_unix], validators=[Text()])


class SectionForm(FlaskForm):  # type: ignore[misc] # flask_wtf publishes no types
    """A section of a campaign. ``reason`` is asked for once the plan is filed."""

    reason = _line(_("修改原因（公开）"))
    #: Fields of the campaign that this section holds.
    holds: tuple[str, ...] = ()

    def show(self, view: CampaignView) -> None:
        """Fill the fields with what stands now."""
        for name in self.holds:
            value = getattr(view, name)
            self[name].data = value.isoformat() if isinstance(value, dt.date) else value

    def values(self) -> dict[str, object]:
        """What was typed, as ``funds`` takes it."""
        return {name: self[name].data or "" for name in self.holds}


class NewForm(FlaskForm):  # type: ignore[misc] # flask_wtf publishes no types
    """A new draft."""

    name = _line(_("活动名称"))
    slug = _line(_("网址中的名称"))
    starts_on = DayField(_("开始日期"))
    ends_on = DayField(_("结束日期"))
    office = SelectField(_("专项基金办公室"), validate_choice=False)

    def offer(self, offices: Iterable[tuple[str, str]]) -> None:
        """The units to choose from, by code and name."""
        self.office.choices = [SelectChoice(code, name) for code, name in offices]


class PlanForm(SectionForm):
    """Name, dates, area, way of asking."""

    holds = (
        "name", "name_en", "fundraising_basis", "starts_on", "ends_on", "area_code", "area",
        "area_en",
    )  # fmt: skip
    name = _line(_("活动名称"))
    name_en = _line(_("活动名称（英文）"))
    fundraising_basis = RadioField(
        _("募捐方式"),
        choices=[
            SelectChoice(Basis.PUBLIC.value, _("公开募捐")),
            SelectChoice(Basis.DIRECTED.value, _("定向募捐")),
            SelectChoice(Basis.NONE.value, _("不公开募捐，按协议受赠")),
        ],
        invalid_choice_message=_("请选择其中一项。"),  # type: ignore[call-arg] # not in the stubs yet
    )
    starts_on = DayField(_("开始日期"))
    ends_on = DayField(_("结束日期"))
    area_code = SelectField(_("行政区划"), validate_choice=False)
    area = _words(_("开展地区"))
    area_en = _words(_("开展地区（英文）"))

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self.area_code.choices = area_choices()

    def values(self) -> dict[str, object]:
        """Days as days."""
        return {
            **super().values(), "starts_on": self.starts_on.day, "ends_on": self.ends_on.day,
        }  # fmt: skip


class UseForm(SectionForm):
    """What the money is for."""

    holds = tuple(
        f"{name}{language}"
        for name in (
            "purpose", "beneficiaries", "use_plan", "cost_plan", "leftover", "fallback_use",
        )
        for language in ("", "_en")
    )  # fmt: skip
    purpose = _words(_("募捐目的"))
    purpose_en = _words(_("募捐目的（英文）"))
    beneficiaries = _words(_("受益人"))
    beneficiaries_en = _words(_("受益人（英文）"))
    use_plan = _words(_("募得款物用途"))
    use_plan_en = _words(_("募得款物用途（英文）"))
    cost_plan = _words(_("募捐成本"))
    cost_plan_en = _words(_("募捐成本（英文）"))
    leftover = _words(_("剩余财产的处理"))
    leftover_en = _words(_("剩余财产的处理（英文）"))
    fallback_use = _words(_("备用用途"))
    fallback_use_en = _words(_("备用用途（英文）"))


class OfficeForm(SectionForm):
    """Who is in charge, where, how money comes in, and how much is expected."""

    holds = (
        "person_in_charge", "contact_phone", "contact_address", "methods", "methods_en",
        "bank_account", "expected_basis", "expected_basis_en",
    )  # fmt: skip
    person_in_charge = _line(_("负责人姓名"))
    contact_phone = _line(_("联系电话"))
    contact_address = _line(_("办公地址"))
    methods = _words(_("接受捐赠方式"))
    methods_en = _words(_("接受捐赠方式（英文）"))
    bank_account = _line(_("银行账户"))
    expected = _line(_("预计募集金额"))
    expected_basis = _words(_("预计募集金额的依据"))
    expected_basis_en = _words(_("预计募集金额的依据（英文）"))
    expected_fen: int = 0

    def show(self, view: CampaignView) -> None:
        """Fen as yuan to type in."""
        super().show(view)
        self.expected.data = plain(view.expected_fen) if view.expected_fen else ""

    def values(self) -> dict[str, object]:
        """Yuan as fen."""
        return {**super().values(), "expected_fen": self.expected_fen}

    def validate_expected(self, field: Field) -> None:
        """Read the amount; empty is none yet."""
        self.expected_fen = 0
        if field.data:
            try:
                self.expected_fen = parse_yuan(field.data)
            except MoneyError:
                sentence = gettext("请用数字填写金额，例如 1000000 或 30.50。")
                raise ValidationError(sentence) from None


class FilingForm(SectionForm):
    """The filing number and the page on the designated platform."""

    holds = ("filing_number", "platform_name", "platform_url")
    filing_number = _line(_("备案编号"))
    platform_name = _line(_("指定平台名称"))
    platform_url = _line(_("活动在指定平台上的页面地址"))


class TextForm(SectionForm):
    """The description; no part of the plan."""

    holds = ("description", "description_en")
    description = _words(_("活动介绍"))
    description_en = _words(_("活动介绍（英文）"))


SECTIONS: Mapping[str, type[SectionForm]] = {
    "plan": PlanForm,
    "use": UseForm,
    "office": OfficeForm,
    "filing": FilingForm,
}


class FileForm(FlaskForm):  # type: ignore[misc] # flask_wtf publishes no types
    """A picture or a document."""

    kind = SelectField(
        _("文件用途"),
        choices=[
            SelectChoice(FileKind.PICTURE.value, _("介绍中的图片")),
            SelectChoice(FileKind.DOCUMENT.value, _("公开的文件")),
            SelectChoice(FileKind.REPORT.value, _("结项报告")),
        ],
        validate_choice=False,
    )
    title = _line(_("图片内容或文件名称"))
    title_en = _line(_("图片内容或文件名称（英文）"))
    file = FileField(_("文件"))


class StepForm(FlaskForm):  # type: ignore[misc] # flask_wtf publishes no types
    """The next step of a campaign, with words that are public."""

    note = _line(_("说明（公开）"))


class TakeDownForm(FlaskForm):  # type: ignore[misc] # flask_wtf publishes no types
    """Why a campaign is taken down, in public."""

    words = _line(_("向公众说明"))
    words_en = _line(_("向公众说明（英文）"))


class StatementForm(FlaskForm):  # type: ignore[misc] # flask_wtf publishes no types
    """The next version of what the fund says about itself."""

    body = _words(_("正文"))
    body_en = _words(_("正文（英文）"))
    in_force_from = DayField(_("施行日期"))
    sure = BooleanField(_("公布后不能修改，只能再公布新的一版"))

    def validate_sure(self, field: Field) -> None:
        """Publishing is for good."""
        if not field.data:
            raise ValidationError(gettext("请确认后再公布。"))


def statement_words() -> dict[str, str]:
    """The words for the texts of a fund."""
    return {
        FundText.RULES.value: gettext("管理办法"),
        FundText.COMMITTEE.value: gettext("管理委员会"),
        FundText.CONTACT.value: gettext("联系我们"),
    }


def area_choices() -> list[SelectChoice]:
    """Every area of today, counties below their prefecture, as a list to choose from."""
    indent = {AreaLevel.PROVINCE: "", AreaLevel.PREFECTURE: "· ", AreaLevel.COUNTY: "· · "}
    return [SelectChoice(one.code, indent[one.level] + called(one)) for one in areas.everything()]


def place_error(form: FlaskForm, error: RuleBroken) -> None:
    """Put a refusal beside the field it belongs to, or above the form."""
    for name, _code, sentence in error.details() or [(None, error.code, error.sentence())]:
        field = "expected" if name == "expected_fen" else name
        if field in form:
            form[field].errors = [*form[field].errors, sentence]
        else:
            form.form_errors.append(sentence)
