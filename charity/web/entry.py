"""Fields that desks share: a day, an amount, a donor as they are typed in; and a guarded CSV.

Rule: what cannot be read is said beside the field; nothing is guessed.
"""

from __future__ import annotations

import csv
import datetime as dt
import io
from collections.abc import Iterable, Sequence
from typing import Any

from flask import Response
from flask_babel import LazyString
from flask_babel import lazy_gettext as _
from wtforms import (  # type: ignore[attr-defined] # SelectChoice is not in the stubs yet
    BooleanField,
    SelectChoice,
    SelectField,
    StringField,
)
from wtforms.form import BaseForm
from wtforms.validators import Length, ValidationError

from charity.donations.kinds import Display
from charity.kernel.money import MoneyError, parse_yuan
from charity.kernel.sheets import plain_cell
from charity.web.forms import Text, strip


class DayField(StringField):
    """A day as ``2026-11-22``; ``day`` is what was read."""

    day: dt.date | None = None

    def __init__(self, label: LazyString, **more: Any) -> None:
        super().__init__(label, filters=[strip], **more)

    def pre_validate(self, form: BaseForm) -> None:
        """Read the day."""
        try:
            self.day = dt.date.fromisoformat(self.data or "")
        except ValueError:
            raise ValidationError(str(_("请填写日期，例如 2026-11-22。"))) from None


class YuanField(StringField):
    """An amount typed in yuan; ``fen`` is what was read, 0 while nothing is."""

    fen: int = 0

    def __init__(self, label: LazyString, **more: Any) -> None:
        super().__init__(label, filters=[strip], **more)

    def pre_validate(self, form: BaseForm) -> None:
        """Read the amount."""
        try:
            self.fen = parse_yuan(self.data or "")
        except MoneyError as error:
            sentence = (
                _("请填写金额。")
                if error.code == "empty"
                else _("请用数字填写金额，例如 30 或 30.50，最多两位小数。")
            )
            raise ValidationError(str(sentence)) from error


def donor_name(label: LazyString) -> StringField:
    """The field of a donor's name, as somebody of a desk writes it down for them."""
    longest = Length(max=60, message=_("姓名或名称最多 60 个字。"))
    return StringField(label, filters=[strip], validators=[longest, Text()])


def donor_phone(label: LazyString) -> StringField:
    """The field of a donor's phone."""
    longest = Length(max=20, message=_("手机号最多 20 个字符。"))
    return StringField(label, filters=[strip], validators=[longest, Text()])


def donor_display() -> SelectField:
    """How the donor is named in public; masked unless said otherwise."""
    words = (
        (Display.MASKED, _("隐去部分姓名")),
        (Display.NAME, _("显示全名")),
        (Display.ANONYMOUS, _("匿名")),
    )
    choices = [SelectChoice(display.value, word) for display, word in words]
    return SelectField(_("公开时怎样署名"), choices=choices)


def wants_receipt() -> BooleanField:
    """Whether the donor gets a receipt."""
    return BooleanField(_("开具捐赠确认书"), default=True)


def csv_answer(name: str, heads: Sequence[str], rows: Iterable[Sequence[object]]) -> Response:
    """A CSV that opens as text in a spreadsheet, in UTF-8 with its mark, to be kept by nobody."""
    out = io.StringIO(newline="")
    writer = csv.writer(out)
    writer.writerow(heads)
    for row in rows:
        writer.writerow([plain_cell(value) for value in row])
    answer = Response("\ufeff" + out.getvalue(), content_type="text/csv; charset=utf-8")
    answer.headers["Content-Disposition"] = f'attachment; filename="{name}"'
    answer.headers["Cache-Control"] = "no-store"
    return answer
