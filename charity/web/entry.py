"""Fields that desks share: a day and an amount, read from what was typed; and a guarded CSV.

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
from wtforms import StringField
from wtforms.form import BaseForm
from wtforms.validators import ValidationError

from charity.kernel.money import MoneyError, parse_yuan
from charity.web.forms import strip

# What spreadsheets take for the beginning of a formula, also behind blanks they drop.
_FORMULA = ("=", "+", "-", "@", "\t", "\r", "\n", "|", "%")


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


def plain_cell(value: object) -> str:
    """One cell of an export. What a spreadsheet would run as a formula gets an apostrophe first."""
    text = "" if value is None else str(value)
    risky = text.startswith(_FORMULA) or text.lstrip().startswith(_FORMULA)
    return f"'{text}" if risky else text


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
