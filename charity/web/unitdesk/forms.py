"""The forms of a unit's people: a sheet of gifts, the end of the day, taking back."""

from __future__ import annotations

from flask_babel import lazy_gettext as _
from flask_babel import lazy_pgettext as _p
from flask_wtf import FlaskForm
from wtforms import (  # type: ignore[attr-defined] # SelectChoice is not in the stubs yet
    FieldList,
    FileField,
    Form,
    FormField,
    HiddenField,
    SelectChoice,
    SelectField,
    StringField,
    TextAreaField,
)
from wtforms.validators import Length, Regexp

from charity.donations.hand.kinds import Method
from charity.kernel.errors import RuleBroken
from charity.web.entry import (
    DayField,
    YuanField,
    donor_display,
    donor_name,
    donor_phone,
    wants_receipt,
)
from charity.web.forms import Text, strip

LINES = 30
FIRST = 3
MORE = 5
_FORM_ID = r"^[0-9a-z]{16}$"
_EXPIRED = _("表单已经失效，请刷新后再填。")


class LineForm(Form):
    """One gift of a sheet; a line in which nothing was typed is no gift."""

    amount = YuanField(_("金额（元）"))
    name = donor_name(_("姓名或名称"))
    phone = donor_phone(_("手机号"))
    team = StringField(
        _("队伍编码"),
        filters=[strip],
        validators=[Length(max=64, message=_("队伍最多 64 个字。")), Text()],
    )
    display = donor_display()
    receipt = wants_receipt()

    @property
    def typed(self) -> bool:
        """Whether anything was typed into it."""
        return any(self[name].data for name in ("amount", "name", "phone", "team"))


class CollectForm(FlaskForm):  # type: ignore[misc] # flask_wtf publishes no types
    """A sheet: where the gifts go, how the money came, and up to thirty gifts."""

    form_id = HiddenField(validators=[Regexp(_FORM_ID, message=_EXPIRED)])
    campaign = SelectField(_p("one", "募捐活动"), choices=[])
    method = SelectField(
        _("收款方式"),
        choices=[
            SelectChoice(Method.CASH.value, _("现金")),
            SelectChoice(Method.BANK.value, _("银行转账（整张登记表一笔转入）")),
        ],
    )
    collected_on = DayField(_("收款日期"))
    lines = FieldList(FormField(LineForm), min_entries=FIRST, max_entries=LINES + 1)

    def filled(self) -> list[LineForm]:
        """The lines in which something was typed."""
        return [entry.form for entry in self.lines.entries if entry.form.typed]

    def validate(self, extra_validators: object = None) -> bool:
        """Everything above the lines, and the lines in which something was typed.

        The form's token was looked at before the view (``extensions.csrf``).
        """
        above = [self.form_id, self.campaign, self.method, self.collected_on]
        # All of them are asked, so that everything wrong is told at once.
        fits = [field.validate(self) for field in above]
        fits += [line.validate() for line in self.filled()]
        return all(fits)

    def summary(self) -> list[tuple[str, str]]:
        """(id of the field, sentence) of everything that is wrong, from the top."""
        found = [(field.id, str(error)) for field in self if field.name in _ABOVE
                 for error in field.errors]  # fmt: skip
        for line in self.filled():
            found += [(field.id, str(error)) for field in line for error in field.errors]
        return found + [("", str(error)) for error in self.form_errors]

    def place(self, error: RuleBroken) -> None:
        """Put a refusal beside the field of the line it belongs to, or above the form."""
        filled = self.filled()
        for path, _code, sentence in error.details() or [(None, "", error.sentence())]:
            parts = (path or "").split(".")
            if len(parts) == 3 and parts[0] == "lines":
                field = filled[int(parts[1])][parts[2].removesuffix("_fen")]
                field.errors = [*field.errors, sentence]
            elif parts[-1] in _ABOVE:
                self[parts[-1]].errors = [*self[parts[-1]].errors, sentence]
            else:
                self.form_errors.append(sentence)


_ABOVE = ("campaign", "method", "collected_on")


class DayForm(FlaskForm):  # type: ignore[misc] # flask_wtf publishes no types
    """What was counted and paid in."""

    form_id = HiddenField(validators=[Regexp(_FORM_ID, message=_EXPIRED)])
    counted = YuanField(_("清点的现金"))
    paid_in_on = DayField(_("存入银行的日期"))
    photo = FileField(_("银行缴款回单的照片"))


class ReasonForm(FlaskForm):  # type: ignore[misc] # flask_wtf publishes no types
    """Why something is taken back or not agreed to."""

    reason = TextAreaField(
        _("原因"),
        filters=[strip],
        validators=[Length(max=200, message=_("原因最多 200 字。")), Text()],
    )


class PressForm(FlaskForm):  # type: ignore[misc] # flask_wtf publishes no types
    """Nothing but the button."""
