"""The dated figures, their history, and asking for another one."""

from __future__ import annotations

from flask import flash, make_response, redirect, render_template, url_for
from flask_babel import gettext as _
from flask_babel import lazy_gettext as _l
from flask_wtf import FlaskForm
from werkzeug.wrappers import Response
from wtforms import BooleanField, DateField, StringField, TextAreaField
from wtforms.validators import InputRequired, Length, ValidationError

from charity.approvals import queries as approvals
from charity.approvals.kinds import Kind
from charity.kernel import clock, money
from charity.kernel.atomic import atomically
from charity.kernel.errors import RuleBroken
from charity.kernel.money import MoneyError
from charity.parameters import queries, services
from charity.parameters.errors import OutOfBounds
from charity.parameters.kinds import Unit
from charity.parameters.queries import KnownView
from charity.web.desk.menu import ITEMS, Item
from charity.web.forms import Text, place_error, refuse_doubled_fields, strip
from charity.web.funddesk import bp
from charity.web.funddesk.approvals import OFFICE
from charity.web.funddesk.effects import EFFECTS
from charity.web.funddesk.sheet import figure
from charity.web.guards import staff
from charity.web.signed import current

Answer = Response | str
ASKING = approvals.asking(Kind.PARAMETER)
DIGITS = 13


class ParameterForm(FlaskForm):  # type: ignore[misc] # flask_wtf publishes no types
    """Another figure, from a day on, with where it comes from. Money is typed in yuan."""

    value = StringField(_l("新的数值"), filters=[strip])
    valid_from = DateField(
        _l("生效日期"),
        validators=[InputRequired(message=_l("请填写日期，例如 2026-12-01。"))],
    )
    source = StringField(
        _l("依据"),
        filters=[strip],
        validators=[Length(min=1, max=300, message=_l("请写明依据，最多 300 字。")), Text()],
    )
    note = TextAreaField(
        _l("说明"),
        filters=[strip],
        validators=[Length(max=500, message=_l("说明最多 500 字。")), Text()],
    )
    doubtful = BooleanField(_l("存疑"))
    unit = Unit.COUNT
    number: int = 0

    def validate_value(self, field: StringField) -> None:
        """Read what was typed into ``number``, in the unit of the figure."""
        typed = field.data or ""
        if self.unit is Unit.FEN:
            try:
                self.number = money.parse_yuan(typed)
            except MoneyError as error:
                raise ValidationError(str(_l("请用数字填写金额，最多两位小数。"))) from error
        elif typed.isascii() and typed.isdecimal() and len(typed) <= DIGITS:
            self.number = int(typed)
        else:
            raise ValidationError(str(_l("请填写整数。")))


@bp.get("/parameters")
@staff(*OFFICE)
def parameters() -> str:
    """Every figure as it holds today, and the next one that is decided."""
    return render_template(
        "funddesk/parameters.html", known=queries.catalogue(clock.today()), figure=figure
    )


@bp.get("/parameters/<key>")
@staff(*OFFICE)
def parameter(key: str) -> str:
    """One figure with its history, and the form for another."""
    return _drawn(queries.one(key, clock.today()), ParameterForm(formdata=None))


@bp.post("/parameters/<key>")
@staff(*ASKING, second_factor=True)
def ask_parameter(key: str) -> Answer:
    """Ask for another figure; a second person decides."""
    refuse_doubled_fields()
    known, form = queries.one(key, clock.today()), ParameterForm()
    form.unit = known.unit
    if not form.validate():
        return make_response(_drawn(known, form), 422)
    day = form.valid_from.data
    assert day is not None
    try:
        request_id = atomically(services.ask)(
            key,
            form.number,
            day,
            source=form.source.data or "",
            note=form.note.data or "",
            doubtful=bool(form.doubtful.data),
            by=current(),
        )
    except OutOfBounds:
        least, most = figure(known.unit, known.least), figure(known.unit, known.most)
        place_error(form, OutOfBounds(least=least, most=most))
        return make_response(_drawn(known, form), 422)
    except RuleBroken as error:
        place_error(form, error)
        return make_response(_drawn(known, form), error.status)
    flash(_("申请已经提出，另一个人批准以后才会生效。"), "good")
    return redirect(url_for("funddesk.approval", request_id=request_id), 303)


def _drawn(known: KnownView, form: ParameterForm) -> str:
    open_request = approvals.latest(Kind.PARAMETER, known.key)
    return render_template(
        "funddesk/parameter.html",
        one=known,
        label=_(known.label),
        history=queries.history(known.key),
        figure=figure,
        form=form,
        may_ask=approvals.may_ask(Kind.PARAMETER, current()),
        open_request=open_request if open_request and open_request.live else None,
        bounds=_(
            "%(least)s 到 %(most)s",
            least=figure(known.unit, known.least),
            most=figure(known.unit, known.most),
        ),
        today=clock.today(),
    )


EFFECTS[Kind.PARAMETER] = services.enter
ITEMS.append(Item("funddesk.parameters", _l("参数"), OFFICE))
