"""The forms of the cashier: a line, an account, whose held money is."""

from __future__ import annotations

from flask_babel import lazy_gettext as _
from flask_babel import lazy_pgettext as _p
from flask_wtf import FlaskForm
from wtforms import (  # type: ignore[attr-defined] # SelectChoice is not in the stubs yet
    HiddenField,
    SelectChoice,
    SelectField,
    StringField,
    TextAreaField,
)
from wtforms.validators import Length, Regexp

from charity.donations.hand.kinds import Direction
from charity.web.entry import (
    DayField,
    YuanField,
    donor_display,
    donor_name,
    donor_phone,
    wants_receipt,
)
from charity.web.forms import Text, strip


class LineForm(FlaskForm):  # type: ignore[misc] # flask_wtf publishes no types
    """A line as the statement prints it."""

    account = SelectField(_("银行账户"), choices=[])
    serial = StringField(
        _("流水号"),
        filters=[strip],
        validators=[Length(min=1, max=60, message=_("请填写银行流水号，最多 60 个字符。")), Text()],
    )
    booked_on = DayField(_("入账日期"))
    direction = SelectField(
        _("收支方向"),
        choices=[
            SelectChoice(Direction.IN.value, _("收入")),
            SelectChoice(Direction.OUT.value, _("支出")),
        ],
    )
    amount = YuanField(_("金额（元）"))
    memo = StringField(
        _("附言"),
        filters=[strip],
        validators=[Length(max=200, message=_("附言最多 200 个字。")), Text()],
    )
    counterparty = StringField(
        _("对方户名"),
        filters=[strip],
        validators=[Length(max=120, message=_("对方户名最多 120 个字。")), Text()],
    )


class AccountForm(FlaskForm):  # type: ignore[misc] # flask_wtf publishes no types
    """A bank account in the charity's own name."""

    code = StringField(
        _("账户简称"),
        filters=[strip],
        validators=[Length(min=2, max=20, message=_("账户简称为 2 到 20 个字符。")), Text()],
    )
    bank_name = StringField(
        _("开户银行"),
        filters=[strip],
        validators=[Length(min=2, max=120, message=_("请填写开户银行，最多 120 个字。")), Text()],
    )
    holder = StringField(
        _("户名"),
        filters=[strip],
        validators=[Length(min=2, max=120, message=_("请填写户名，最多 120 个字。")), Text()],
    )
    number = StringField(
        _("账号"),
        filters=[strip],
        validators=[Length(min=8, max=60, message=_("请填写账号。")), Text()],
    )
    opened_on = DayField(_("开户日期"))


class UseForm(FlaskForm):  # type: ignore[misc] # flask_wtf publishes no types
    """What a line was for: ``use:target``, one of those proposed."""

    target = HiddenField(validators=[Length(max=120), Text()])


class GiveForm(FlaskForm):  # type: ignore[misc] # flask_wtf publishes no types
    """Whose gift held money is, and why one thinks so."""

    form_id = HiddenField(
        validators=[Regexp(r"^[0-9a-z]{16}$", message=_("表单已经失效，请刷新后再填。"))]
    )
    campaign = SelectField(_p("one", "募捐活动"), choices=[])
    unit = StringField(
        _("募集单位编号"),
        filters=[strip],
        validators=[Length(min=1, max=64, message=_("请填写募集单位编号。")), Text()],
    )
    name = donor_name(_("捐赠人姓名或名称"))
    phone = donor_phone(_("捐赠人手机号"))
    display = donor_display()
    receipt = wants_receipt()
    reason = TextAreaField(
        _("认定的依据"),
        filters=[strip],
        validators=[Length(min=1, max=200, message=_("请写明依据，最多 200 字。")), Text()],
    )


class ReturnForm(FlaskForm):  # type: ignore[misc] # flask_wtf publishes no types
    """Why held money goes back."""

    why = TextAreaField(
        _("退回的理由"),
        filters=[strip],
        validators=[Length(min=1, max=200, message=_("请写明理由，最多 200 字。")), Text()],
    )
