"""The forms of a unit that asks to use its money, and of what comes after.

Rule: a form reads texts, numbers and days; whether the money may be used is decided by
``disbursements``, and what it refuses comes back beside its field. Budget lines are added by the
server, so that the form works without scripts; a line in which nothing was typed is no line.
"""

from __future__ import annotations

import re
import unicodedata
from collections.abc import Iterable, Mapping
from typing import Any, ClassVar

from flask_babel import LazyString
from flask_babel import lazy_gettext as _
from flask_wtf import FlaskForm
from wtforms import (  # type: ignore[attr-defined] # SelectChoice is not in the stubs yet
    BooleanField,
    FieldList,
    FileField,
    Form,
    FormField,
    MultipleFileField,
    RadioField,
    SelectChoice,
    SelectField,
    StringField,
    TextAreaField,
)
from wtforms.form import BaseForm
from wtforms.validators import Length, Optional, ValidationError

from charity.disbursements.kinds import EvidenceKind, Function, PayeeKind, Purpose
from charity.kernel.errors import RuleBroken
from charity.web.entry import DayField, YuanField
from charity.web.forms import Text, strip
from charity.web.use_words import CATEGORIES, EVIDENCE_KINDS, PAYEE_KINDS, PURPOSES

LINES = 30
FIRST = 3
MORE = 5
NEW = "new"
_WHOLE = re.compile(r"[0-9]{1,7}", re.ASCII)
_CODES = re.compile(r"[\s,，、;；]+")
_CHOOSE = _("请选择其中一项。")


def unix(value: str | None) -> str:
    """Browsers send line ends in their own way; kept is one way."""
    return strip(value).replace("\r\n", "\n").replace("\r", "\n")


def _line(label: LazyString, longest: int, *more: Any) -> StringField:
    too_long = Length(max=longest, message=_("最多 %(most)s 字。", most=longest))
    return StringField(label, filters=[strip], validators=[*more, too_long, Text()])


def _words(label: LazyString, longest: int) -> TextAreaField:
    too_long = Length(max=longest, message=_("最多 %(most)s 字。", most=longest))
    return TextAreaField(label, filters=[unix], validators=[too_long, Text()])


class WholeField(StringField):
    """A whole number; ``number`` is what was read, 0 while nothing is."""

    number: int = 0

    def __init__(self, label: LazyString, **more: Any) -> None:
        super().__init__(label, filters=[strip], **more)

    def pre_validate(self, form: BaseForm) -> None:
        """Read the number, full-width digits too."""
        plain = unicodedata.normalize("NFKC", (self.data or "")[:40]).strip()
        if not _WHOLE.fullmatch(plain):
            raise ValidationError(str(_("请填写整数，例如 12。")))
        self.number = int(plain)


def _said(_form: BaseForm, field: Any) -> None:
    if not field.data:
        raise ValidationError(str(_("请填写。")))


def _some(_form: BaseForm, field: Any) -> None:
    if not field.errors and not (field.number if isinstance(field, WholeField) else field.fen):
        raise ValidationError(str(_("应大于零。")))


class BudgetForm(Form):
    """One line of the budget: what, how many, at which price."""

    what = _line(_("内容"), 120, _said)
    quantity = WholeField(_("数量"), validators=[_some])
    measure = _line(_("单位"), 20, _said)
    price = YuanField(_("单价（元）"), validators=[_some])

    @property
    def typed(self) -> bool:
        """Whether anything was typed into it."""
        return any(self[name].data for name in ("what", "quantity", "measure", "price"))


def _choice(label: LazyString, words: Mapping[Any, LazyString]) -> SelectField:
    return SelectField(
        label,
        choices=[SelectChoice(each.value, word) for each, word in words.items()],
        invalid_choice_message=_CHOOSE,  # type: ignore[call-arg] # not in the stubs yet
    )


class ApplicationForm(FlaskForm):  # type: ignore[misc] # flask_wtf publishes no types
    """What a unit asks for. A draft needs a title and days; the rest, when it is submitted."""

    title = _line(_("用款事由"), 120, _said)
    purpose = _choice(_("用途"), PURPOSES)
    reason = _words(_("具体说明"), 2_000)
    amount = YuanField(_("申请金额（元）"), validators=[Optional()])
    budget = FieldList(FormField(BudgetForm), min_entries=FIRST, max_entries=LINES + 1)
    category = _choice(_("受助对象类别"), CATEGORIES)
    people_count = WholeField(_("受助人数"), validators=[Optional()])
    people_codes = _words(_("受助对象编号"), 12_000)
    # Whether there is such an area, and such a payee of this unit, the domain decides.
    area = SelectField(_("使用地点"), choices=[], validate_choice=False)
    starts_on = DayField(_("开始使用日期"))
    ends_on = DayField(_("使用结束日期"))
    evidence_slip = BooleanField(EVIDENCE_KINDS[EvidenceKind.SLIP])
    evidence_invoice = BooleanField(EVIDENCE_KINDS[EvidenceKind.INVOICE])
    evidence_photo = BooleanField(EVIDENCE_KINDS[EvidenceKind.PHOTO])
    evidence_list = BooleanField(EVIDENCE_KINDS[EvidenceKind.LIST])
    evidence_other = BooleanField(EVIDENCE_KINDS[EvidenceKind.OTHER])
    evidence_plan = _words(_("凭据说明"), 1_000)
    payee = SelectField(_("收款方"), choices=[], validate_choice=False, filters=[strip])
    payee_kind = RadioField(
        _("新收款方是"),
        default=PayeeKind.ORGANIZATION.value,
        choices=[SelectChoice(each.value, word) for each, word in PAYEE_KINDS.items()],
        invalid_choice_message=_CHOOSE,  # type: ignore[call-arg] # not in the stubs yet
        validators=[Optional()],
    )
    payee_name = _line(_("户名"), 120)
    payee_bank = _line(_("开户银行"), 120)
    payee_account = _line(_("账号"), 60)
    payee_uscc = _line(_("统一社会信用代码"), 40)
    payee_phone = _line(_("手机号"), 40)
    payee_id_number = _line(_("身份证号码"), 40)

    def offer(
        self, areas: Iterable[tuple[str, str]], payees: Iterable[tuple[str, str]]
    ) -> ApplicationForm:
        """The places and payees to choose from, by code and word."""
        self.area.choices = [SelectChoice(code, word) for code, word in areas]
        self.payee.choices = [
            SelectChoice("", _("还没有确定（提交前须填写）")),
            *(SelectChoice(each, word) for each, word in payees),
            SelectChoice(NEW, _("登记新的收款方（填写下面各项）")),
        ]
        return self

    def filled(self) -> list[BudgetForm]:
        """The budget lines in which something was typed."""
        return [entry.form for entry in self.budget.entries if entry.form.typed]

    def longer(self) -> None:
        """A few more empty lines, as far as there is room."""
        for _entry in range(min(MORE, LINES - len(self.budget.entries))):
            self.budget.append_entry()

    def codes(self) -> tuple[str, ...]:
        """The codes of the people helped, in the order typed."""
        return tuple(one for one in _CODES.split(self.people_codes.data or "") if one)

    def evidence(self) -> tuple[EvidenceKind, ...]:
        """The kinds of evidence that were ticked."""
        return tuple(each for each in EvidenceKind if self[f"evidence_{each.value}"].data)

    @property
    def function(self) -> Function:
        """The campaign's own cost is fundraising; all else is help."""
        cost = self.purpose.data == Purpose.CAMPAIGN_COST.value
        return Function.FUNDRAISING if cost else Function.PROGRAMME

    def validate(self, extra_validators: object = None) -> bool:
        """Every field outside the budget, and the lines in which something was typed.

        The form's token was looked at before the view (``extensions.csrf``).
        """
        # All of them are asked, so that everything wrong is told at once.
        fits = [field.validate(self) for field in self if field.name not in _NOT_ASKED]
        fits += [line.validate() for line in self.filled()]
        return all(fits)

    def summary(self) -> list[tuple[str, str]]:
        """(id of the field, sentence) of everything that is wrong, from the top."""
        found: list[tuple[str, str]] = [("", str(error)) for error in self.form_errors]
        for field in self:
            if field.name == "budget":
                found += self._wrong_lines()
            elif field.name != "csrf_token":
                found += [(field.id, str(error)) for error in field.errors]
        return found

    def _wrong_lines(self) -> list[tuple[str, str]]:
        """What is wrong in the budget; read alone, each says in which line and field."""
        return [
            (
                field.id,
                str(_("第 %(n)s 行%(field)s：%(why)s", n=n, field=field.label.text, why=why)),
            )
            for n, entry in enumerate(self.budget.entries, start=1)
            for field in entry.form
            for why in field.errors
        ]

    def place(self, error: RuleBroken) -> None:
        """Put a refusal beside the field it belongs to, or above the form."""
        filled = self.filled()
        for path, _code, sentence in error.details() or [(None, "", error.sentence())]:
            field = self._field(path or "", filled)
            if field is None:
                self.form_errors.append(sentence)
            else:
                field.errors = [*field.errors, sentence]

    def _field(self, path: str, filled: list[BudgetForm]) -> Any:
        """The field that a refusal names; of a budget line ``budget.2.price_fen``."""
        first, *rest = path.split(".")
        if first == "budget" and len(rest) == 2 and rest[0].isdecimal():
            line = filled[int(rest[0])] if int(rest[0]) < len(filled) else None
            name = rest[1].removesuffix("_fen")
            return line[name] if line is not None and name in line else None
        if first == "budget":
            return (filled[0] if filled else self.budget.entries[0].form).what
        name = _FIELD_OF.get(first.removesuffix("_fen"), first.removesuffix("_fen"))
        return self._fields.get(name)


_NOT_ASKED = ("csrf_token", "budget")
_FIELD_OF = {
    "evidence": "evidence_slip",
    "area_code": "area",
    "name": "payee_name",
    "bank_name": "payee_bank",
    "account_number": "payee_account",
    "uscc": "payee_uscc",
    "phone": "payee_phone",
    "id_number": "payee_id_number",
}


class StepForm(FlaskForm):  # type: ignore[misc] # flask_wtf publishes no types
    """A form beside what stands. ``beside``: where a refusal's field has another name here."""

    beside: ClassVar[Mapping[str, str]] = {}

    def place(self, error: RuleBroken) -> bool:
        """Put a refusal beside its field; whether this form has it."""
        name = self.beside.get(str(error.field), str(error.field))
        if name not in self:
            return False
        self[name].errors = [error.sentence()]
        return True


class AnswerForm(StepForm):
    """What the unit says to the approvers' questions when it submits again."""

    answer = _words(_("您的回答"), 500)


class ReasonForm(StepForm):
    """Why an approval is given back."""

    reason = _words(_("原因"), 500)


class AttachForm(StepForm):
    """Files that belong to the asking."""

    beside: ClassVar[Mapping[str, str]] = {"title": "attachment_title", "file": "files"}
    attachment_title = _line(_("附件名称"), 100, _said)
    files = MultipleFileField(_("附件"))


class EvidenceForm(StepForm):
    """Several pictures of one kind at once."""

    beside: ClassVar[Mapping[str, str]] = {"file": "files"}
    kind = RadioField(
        _("这是什么凭据"),
        choices=[SelectChoice(each.value, word) for each, word in EVIDENCE_KINDS.items()],
        invalid_choice_message=_CHOOSE,  # type: ignore[call-arg] # not in the stubs yet
        default=EvidenceKind.PHOTO.value,
    )
    caption = _line(_("图片说明"), 120, _said)
    photo = FileField(_("用相机拍一张"))
    files = MultipleFileField(_("从手机或电脑选择图片"))
