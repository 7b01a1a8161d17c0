"""The lists of this desk as files, for whoever says what for.

Rule: a file needs a fresh second factor and a stated purpose. What left the house is kept: which
list, narrowed to what, how many rows, the SHA-256 of the bytes. No spreadsheet runs a cell of it.
Nothing is cut off in silence: a list that is too long is refused.
"""

from __future__ import annotations

import hashlib
import re
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass

from flask import make_response, render_template
from flask_babel import LazyString
from flask_babel import gettext as _
from flask_babel import lazy_gettext as _l
from flask_babel import lazy_pgettext as _p
from flask_wtf import FlaskForm
from werkzeug.wrappers import Response
from wtforms import RadioField, SelectChoice, TextAreaField  # type: ignore[attr-defined] # not in the stubs yet
from wtforms.validators import Length

from charity.approvals import audit_queries as approvals
from charity.audit import queries as audit
from charity.audit.errors import ExportTooLong
from charity.audit.kinds import LONGEST_REASON, SHORTEST_REASON
from charity.audit.services import note_export
from charity.kernel import clock, sheets
from charity.kernel.atomic import atomically
from charity.kernel.db import canonical_json
from charity.kernel.errors import NotFound, RuleBroken
from charity.kernel.money import plain
from charity.ledger import audit_queries as ledger
from charity.ledger import book_queries as ledger_books
from charity.ledger import queries as ledger_queries
from charity.web.auditdesk import asked, bp, words
from charity.web.auditdesk.entries import authority_rows, signer_names
from charity.web.auditdesk.frame import supervisor_sure
from charity.web.entry import csv_answer
from charity.web.forms import Text, place_error, refuse_doubled_fields, strip
from charity.web.funddesk.words import KINDS, STATUSES
from charity.web.signed import current

Row = Sequence[object]
CSV, XLSX = "csv", "xlsx"
#: A workbook is made in memory, cell by cell; a CSV is a tenth of that.
MOST = {CSV: 100_000, XLSX: 20_000}
# A workbook cannot hold them, and no reader sees them.
_CONTROL = re.compile(r"[\x00-\x08\x0b\x0c\x0e-\x1f]")
_XLSX_TYPE = "application/vnd.openxmlformats-officedocument.spreadsheetml.sheet"


class ExportForm(FlaskForm):  # type: ignore[misc] # flask_wtf publishes no types
    """In which form, and what for."""

    form = RadioField(
        _l("文件格式"),
        default=CSV,
        choices=[SelectChoice(CSV, "CSV"), SelectChoice(XLSX, "XLSX")],
        invalid_choice_message=_l("请选择其中一项。"),  # type: ignore[call-arg] # not in the stubs yet
    )
    reason = TextAreaField(
        _l("用途"),
        filters=[strip],
        validators=[
            Length(
                min=SHORTEST_REASON,
                max=LONGEST_REASON,
                message=_l("请写明导出的用途，至少 4 个字，最多 300 字。"),
            ),
            Text(),
        ],
    )


@dataclass(frozen=True, slots=True)
class Export:
    """One list that can be taken out: its name, its filters, its headings, its rows."""

    label: LazyString
    filters: tuple[str, ...]
    back: str
    heads: Callable[[], Sequence[str]]
    rows: Callable[[int], Iterable[Row]]


def _entry_heads() -> Sequence[str]:
    return (
        _("编号"), _("分账"), _("分账内序号"), _("类别"), _("金额（元）"), _("币种"), _("业务日期"),
        _("会计期间"), _("记账时间"), _("起因"), _("起因编号"), _("经办人"),
    )  # fmt: skip


def _entry_rows(limit: int) -> Iterable[Row]:
    for one in ledger.all_entries(asked.entries(), limit):
        yield (
            one.n, one.book, one.book_no, words.ENTRIES[one.kind], plain(one.amount_fen),
            one.currency, one.occurred_on.isoformat(), one.period, one.recorded_at.isoformat(),
            words.cause_name(one.cause_type), one.cause_id, one.actor_name or _("系统"),
        )  # fmt: skip


def _book_heads() -> Sequence[str]:
    return (
        _("分账"), _("类别"), _("币种"), _("科目"), _("截至编号"), _("金额（元）"),
        _("实时金额（元）"),
        _("分录数"), _("开设时间"),
    )  # fmt: skip


def _book_rows(limit: int) -> Iterable[Row]:
    kept, n = asked.kept(asked.BOOK_FILTERS), ledger_queries.head()
    page = ledger_books.unit_books(
        campaign=kept.get("campaign"), unit=kept.get("unit"), limit=limit
    )
    for one in (*(() if kept else ledger_books.common_books()), *page.items):
        for account in one.accounts:
            yield (
                one.name, words.BOOKS[one.kind], one.currency, words.account_name(account.code), n,
                plain(account.numbered_fen), plain(account.live_fen), one.entries,
                one.opened_at.isoformat(),
            )  # fmt: skip


def _authority_heads() -> Sequence[str]:
    return (
        _("分录编号"), _("分账"), _("类别"), _("金额（元）"), _("币种"), _("第一位签署人"),
        _("第二位签署人"), _("签署时间"), _("批准内容校验值"), _("审批编号"), _("起因"),
        _("起因编号"),
    )  # fmt: skip


def _authority_rows(limit: int) -> Iterable[Row]:
    rows = authority_rows(None, limit)
    names, requests = signer_names(rows), approvals.of_hash({one.approved_hash for one in rows})
    for one in rows:
        first, second = one.first_person_id, one.second_person_id
        yield (
            one.n or "", one.book, words.ENTRIES[one.kind], plain(one.amount_fen), one.currency,
            names.get(first, first), names.get(second, second), one.signed_at.isoformat(),
            one.approved_hash, requests.get(one.approved_hash, ""),
            words.cause_name(one.cause_type), one.cause_id,
        )  # fmt: skip


def _approval_heads() -> Sequence[str]:
    return (
        _("审批编号"), _("事项"), _("申请"), _("对象编号"), _("申请人"), _("提出时间"), _("状态"),
        _("意见"), _("内容校验值"), _("内容"),
    )  # fmt: skip


def _approval_rows(limit: int) -> Iterable[Row]:
    for one in approvals.everything(asked.requests(), limit=limit).requests:
        said = "；".join(
            f"{word.by.name} {_('同意') if word.approve else _('不同意')} {word.at.isoformat()}"
            for word in one.decisions
        )
        yield (
            one.id, KINDS[one.kind], one.title, one.subject_id, one.requested_by.name,
            one.requested_at.isoformat(), STATUSES[one.status][0], said, one.facts_sha256,
            canonical_json(one.facts),
        )  # fmt: skip


def _trail_heads() -> Sequence[str]:
    return (
        _("时间"), _("人员"), _("人员编号"), _("操作"), _("对象类别"), _("对象编号"), _("之前"),
        _("之后"),
    )  # fmt: skip


def _trail_rows(narrowed: audit.Asked, limit: int) -> Iterable[Row]:
    for one in audit.trail(narrowed, limit=limit).rows:
        yield (
            one.at.isoformat(), one.actor_name or _("系统"), one.actor_id or "", one.verb,
            one.object_type, one.object_id, canonical_json(one.before) if one.before else "",
            canonical_json(one.after) if one.after else "",
        )  # fmt: skip


EXPORTS: Mapping[str, Export] = {
    "entries": Export(
        _p("many", "分录"), asked.ENTRY_FILTERS, "auditdesk.entries", _entry_heads, _entry_rows
    ),
    "books": Export(
        _p("many", "分账"), asked.BOOK_FILTERS, "auditdesk.books", _book_heads, _book_rows
    ),
    "authorities": Export(
        _l("授权记录"), asked.AUTHORITY_FILTERS, "auditdesk.authorities", _authority_heads,
        _authority_rows,
    ),
    "approvals": Export(
        _p("many", "审批"), asked.APPROVAL_FILTERS, "auditdesk.approvals", _approval_heads,
        _approval_rows,
    ),
    "trail": Export(
        _l("操作记录"), asked.TRAIL_FILTERS, "auditdesk.trail", _trail_heads,
        lambda limit: _trail_rows(asked.records(), limit),
    ),
    "reveals": Export(
        _l("查看记录"), asked.REVEAL_FILTERS, "auditdesk.reveals", _trail_heads,
        lambda limit: _trail_rows(asked.reveals(), limit),
    ),
}  # fmt: skip


def _export(what: str) -> Export:
    found = EXPORTS.get(what)
    if found is None:
        raise NotFound
    return found


@bp.get("/export/<what>")
@supervisor_sure
def export(what: str) -> str:
    """Say what for, and in which form."""
    return _asking(what, ExportForm(formdata=None))


def _asking(what: str, form: ExportForm) -> str:
    one = _export(what)
    return render_template(
        "auditdesk/export.html",
        what=what,
        one=one,
        form=form,
        kept=asked.kept(one.filters),
        most=MOST,
    )


@bp.post("/export/<what>")
@supervisor_sure
def export_file(what: str) -> Response | str:
    """The file; that it was taken is kept first."""
    refuse_doubled_fields()
    one, form = _export(what), ExportForm()
    if not form.validate():
        return make_response(_asking(what, form), 422)
    kind = form.form.data
    try:
        answer, rows = _made(what, one, kind)
        facts = {
            "rows": rows,
            "format": kind,
            "filters": asked.kept(one.filters),
            "sha256": hashlib.sha256(answer.get_data()).hexdigest(),
        }
        who = current()
        atomically(note_export)(
            what, actor_id=who.person_id, actor_name=who.name, reason=form.reason.data or "",
            facts=facts,
        )  # fmt: skip
    except NotFound:
        raise
    except RuleBroken as error:
        place_error(form, error)
        return make_response(_asking(what, form), error.status)
    return answer


def _made(what: str, one: Export, kind: str) -> tuple[Response, int]:
    """The file and how many rows it has. Raises ExportTooLong."""
    most = MOST[kind]
    rows = [[_CONTROL.sub("", str(value)) for value in row] for row in one.rows(most + 1)]
    if len(rows) > most:
        raise ExportTooLong(most=f"{most:,}")
    name = f"{what}-{clock.today():%Y%m%d}.{kind}"
    if kind == CSV:
        return csv_answer(name, one.heads(), rows), len(rows)
    safe = [[sheets.plain_cell(value) for value in row] for row in rows]
    answer = make_response(sheets.write(one.heads(), safe))
    answer.mimetype = _XLSX_TYPE
    answer.headers["Content-Disposition"] = f'attachment; filename="{name}"'
    answer.headers["Cache-Control"] = "no-store"
    return answer, len(rows)
