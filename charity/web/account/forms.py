"""The forms of signing in and of one's own account.

Rule: they read texts; what may be is decided by ``people``, whose refusals come back to the field.
"""

from __future__ import annotations

from flask_babel import lazy_gettext as _
from flask_wtf import FlaskForm
from wtforms import (  # type: ignore[attr-defined] # SelectChoice is not in the stubs yet
    BooleanField,
    Field,
    PasswordField,
    RadioField,
    SelectChoice,
    StringField,
)
from wtforms.validators import InputRequired, Length, ValidationError

from charity.kernel.errors import RuleBroken
from charity.web.forms import Text, strip

_LONGEST = 1000  # what is longer than any password is refused in words, not by a broken request
_OF = {"password": "new", "email": "address"}


class Form(FlaskForm):  # type: ignore[misc] # flask_wtf publishes no types
    """A form whose refusals stand beside the field they belong to."""

    def refuse(self, error: RuleBroken) -> None:
        """Put the sentences of ``error`` where they belong, else above the form."""
        for path, _code, sentence in error.details() or [(None, error.code, error.sentence())]:
            field = path if path in self else _OF.get(path or "", "")
            if field in self:
                self[field].errors = [*self[field].errors, sentence]
            else:
                self.form_errors.append(sentence)


class LoginForm(Form):
    """An address, and a password unless a link is wanted."""

    address = StringField(
        _("邮箱或手机号"),
        filters=[strip],
        validators=[
            InputRequired(message=_("请填写邮箱或手机号。")),
            Length(max=200, message=_("邮箱最多 200 个字符。")),
            Text(),
        ],
    )
    password = PasswordField(_("密码"), validators=[Length(max=_LONGEST), Text()])
    wants_link = False

    def validate_password(self, field: Field) -> None:
        """Only a link needs none."""
        if not self.wants_link and not field.data:
            raise ValidationError(str(_("请填写密码，或者索取登录链接。")))


class ButtonForm(Form):
    """Nothing but a button."""


class CodeForm(Form):
    """A code of the authenticator, or a recovery code."""

    code = StringField(
        _("验证码"),
        filters=[strip],
        validators=[
            InputRequired(message=_("请填写验证码。")),
            Length(max=64, message=_("验证码最多 64 个字符。")),
            Text(),
        ],
    )


class PasswordForm(Form):
    """The old password, where one is needed, and the new one twice."""

    old = PasswordField(_("现在的密码"), validators=[Length(max=_LONGEST), Text()])
    new = PasswordField(
        _("新密码"),
        validators=[InputRequired(message=_("请填写新密码。")), Length(max=_LONGEST), Text()],
    )
    again = PasswordField(_("再填一次新密码"), validators=[Length(max=_LONGEST), Text()])

    def validate_again(self, field: Field) -> None:
        """Both are the same, so that a slip of the finger locks nobody out."""
        if field.data != self.new.data:
            raise ValidationError(str(_("两次填写的新密码不一样。")))


class TokenForm(Form):
    """A token's name, what it is for, and how long it lasts."""

    name = StringField(
        _("名称"),
        filters=[strip],
        validators=[
            InputRequired(message=_("请填写名称。")),
            Length(max=60, message=_("名称最多 60 个字。")),
            Text(),
        ],
    )
    waiting = BooleanField(_("读取待我审批的事项"))
    bank = BooleanField(_("读取银行流水"))
    days = RadioField(
        _("有效期"),
        default="90",
        choices=[
            SelectChoice("30", _("30 天")),
            SelectChoice("90", _("90 天")),
            SelectChoice("365", _("一年")),
        ],
    )
