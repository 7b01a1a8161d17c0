"""The forms of the site, in the words of its pages.

Rule: a form reads texts and choices; whether a gift may be made is decided by ``donations``. What
it refuses comes back to the field it belongs to (``place_error``). Amounts are yuan as typed and
become whole fen by ``kernel.money`` only.
"""

from __future__ import annotations

from collections.abc import Collection, Sequence

from flask import request
from flask_babel import LazyString
from flask_babel import lazy_gettext as _
from flask_wtf import FlaskForm
from werkzeug.exceptions import BadRequest
from wtforms import (  # type: ignore[attr-defined] # SelectChoice is not in the stubs yet
    BooleanField,
    Field,
    Form,
    HiddenField,
    RadioField,
    SelectChoice,
    SelectField,
    StringField,
    TextAreaField,
)
from wtforms.validators import Length, Regexp, ValidationError

from charity.donations.kinds import BillWish, Display
from charity.kernel.errors import RuleBroken
from charity.kernel.ids import public_id
from charity.kernel.money import MoneyError, parse_yuan
from charity.web.headers import is_storable

CHOICES = ("1", "10", "50", "100")
OWN = "own"

_FIELD_OF = {
    "amount_fen": "amount",
    "name": "donor_name",
    "display": "display",
    "email": "email",
    "phone": "phone",
    "message": "message",
    "provider": "provider",
    "bill_wish": "bill_wish",
    "receipt": "receipt",
}


def refuse_doubled_fields(but: Collection[str] = ()) -> None:
    """A form field given twice is refused: which of the two was meant, nobody can know (400).

    ``but`` are the names of which several may be ticked.
    """
    if any(len(values) > 1 for name, values in request.form.lists() if name not in but):
        raise BadRequest


class Text:
    """Validator: text both databases can hold."""

    def __call__(self, form: Form, field: Field) -> None:
        if not is_storable(field.data or ""):
            raise ValidationError(str(_("这一项有不能使用的字符。")))


def strip(value: str | None) -> str:
    """Text without blanks around it; absent is empty."""
    return (value or "").strip()


def _radio(label: LazyString, chosen: str, *choices: tuple[str, LazyString]) -> RadioField:
    """Radios with ``chosen`` marked at first; anything but one of them is refused."""
    return RadioField(
        label,
        default=chosen,
        choices=[SelectChoice(value, text) for value, text in choices],
        invalid_choice_message=_("请选择其中一项。"),  # type: ignore[call-arg] # not in the stubs yet
    )


class AmountPart(FlaskForm):  # type: ignore[misc] # flask_wtf publishes no types
    """How much. Above what is asked of the donor, as on the page: errors are told in this order."""

    amount_choice = _radio(
        _("捐赠金额"),
        "10",
        *((yuan, _("%(yuan)s 元", yuan=yuan)) for yuan in CHOICES),
        (OWN, _("其他金额")),
    )
    amount = StringField(_("其他金额"), filters=[strip])
    amount_fen: int = 0

    def validate_amount(self, field: Field) -> None:
        """Read the amount chosen or typed into ``amount_fen``."""
        chosen = self.amount_choice.data if self.amount_choice.raw_data else OWN
        if chosen not in (*CHOICES, OWN):
            return
        try:
            self.amount_fen = parse_yuan(field.data if chosen == OWN else chosen)
            typed = parse_yuan(field.data) if field.data else self.amount_fen
        except MoneyError as error:
            raise ValidationError(str(_MONEY_SENTENCES[error.code])) from error
        if typed != self.amount_fen:
            # Without scripts a typed amount does not choose itself; nobody pays by a guess.
            raise ValidationError(str(_TWO_AMOUNTS))


class DonorForm(FlaskForm):  # type: ignore[misc] # flask_wtf publishes no types
    """What giving asks of the donor; the give page and the basket ask the same."""

    challenge: str | None = None  # as JSON, for the page's script

    form_id = HiddenField(
        validators=[Regexp(r"^[0-9a-z]{16}$", message=_("表单已经失效，请刷新后再填。"))]
    )
    display = _radio(
        _("公开时怎样署名"),
        Display.MASKED.value,
        (Display.MASKED.value, _("隐去部分姓名")),
        (Display.NAME.value, _("显示全名")),
        (Display.ANONYMOUS.value, _("匿名")),
    )
    donor_name = StringField(
        _("姓名或名称"),
        filters=[strip],
        validators=[Length(max=60, message=_("姓名或名称最多 60 个字。")), Text()],
    )
    receipt = BooleanField(_("开具捐赠确认书"), default=True)
    email = StringField(
        _("邮箱"),
        filters=[strip],
        validators=[Length(max=200, message=_("邮箱最多 200 个字符。")), Text()],
    )
    bill_wish = _radio(
        _("公益事业捐赠票据"),
        BillWish.WAIVED.value,
        (BillWish.WAIVED.value, _("不需要")),
        (BillWish.WANTED.value, _("需要开具")),
    )
    phone = StringField(
        _("手机号"),
        filters=[strip],
        validators=[Length(max=20, message=_("手机号最多 20 个字符。")), Text()],
    )
    message = TextAreaField(
        _("留言"),
        filters=[strip],
        validators=[Length(max=200, message=_("留言最多 200 字。")), Text()],
    )
    provider = RadioField(_("支付渠道"), choices=[], validate_choice=False)
    solution = HiddenField(
        validators=[Length(max=2_000, message=_("自动核对的结果不完整，请再试一次。"))]
    )

    def validate_donor_name(self, field: Field) -> None:
        """A name is needed where it is to be shown, and on a state bill."""
        if not field.data and self.display.data == Display.NAME.value:
            raise ValidationError(str(_("选择显示全名时，请填写姓名或名称。")))
        if not field.data and self.bill_wish.data == BillWish.WANTED.value:
            raise ValidationError(str(_("需要开具票据时，请填写姓名或名称。")))

    def validate_phone(self, field: Field) -> None:
        """Whoever writes the bill must be able to reach the donor."""
        if self.bill_wish.data == BillWish.WANTED.value and not (field.data or self.email.data):
            raise ValidationError(str(_("需要开具票据时，请填写手机号或邮箱。")))

    def renew(self, providers: tuple[str, ...]) -> None:
        """A fresh form: our own id for the gift that may come of it, and the first provider."""
        self.form_id.data = public_id()
        self.provider.data = providers[0] if providers else ""

    def offer(self, providers: Sequence[tuple[str, str]]) -> None:
        """The providers to choose from, by name and label."""
        self.provider.choices = list(providers)
        self.provider.data = self.provider.data or (providers[0][0] if providers else "")


class GiveForm(AmountPart, DonorForm):
    """One gift: the amount, the team, then what every gift asks."""

    team = SelectField(
        _("队伍"),
        default="",
        choices=[],
        validate_choice=False,  # whether the unit has it, donations decide
        filters=[strip],
    )


_TWO_AMOUNTS = _("您填写的金额和选择的金额不同，请选择“其他金额”，或者清空这一栏。")
_MONEY_SENTENCES = {
    "empty": _("请填写金额。"),
    "not_an_amount": _("请用数字填写金额，例如 30 或 30.50，最多两位小数。"),
}


class BasketForm(DonorForm):
    """The donor's part for all gifts in the basket."""


class VerifyForm(Form):
    """Number and code from a receipt; asked by GET, so that a QR code can ask too."""

    number = StringField(
        _("确认书编号"),
        filters=[strip],
        validators=[Length(min=1, max=40, message=_("请填写确认书编号。"))],
    )
    code = StringField(
        _("校验码"),
        filters=[strip],
        validators=[Length(min=1, max=40, message=_("请填写校验码。"))],
    )


def place_error(form: FlaskForm, error: RuleBroken) -> None:
    """Put a refusal beside the field it belongs to, or above the form."""
    for path, _code, sentence in error.details() or [(None, error.code, error.sentence())]:
        last = (path or "").rpartition(".")[2]
        name = last if last in form else _FIELD_OF.get(last, last)
        if name in form:
            form[name].errors = [*form[name].errors, sentence]
        else:
            form.form_errors.append(sentence)
