"""The public table of raising units as files, the same rows and figures as on its page.

Rule: one file is one snapshot, as of one entry; every cell is text that a spreadsheet does not run.
"""

from __future__ import annotations

from collections.abc import Iterator

from flask import Response, request
from flask_babel import gettext as _

from charity.figures import queries as figures
from charity.figures.queries import LONGEST_PAGE, UnitRow
from charity.kernel import sheets
from charity.kernel.money import plain
from charity.ledger.queries import FIGURE_COLUMNS
from charity.web.entry import csv_answer
from charity.web.guards import public
from charity.web.site import bp

_XLSX = "application/vnd.openxmlformats-officedocument.spreadsheetml.sheet"


@bp.get("/units.csv")
@public
def units_csv() -> Response:
    """The table as CSV, narrowed as the page is."""
    return csv_answer("units.csv", heads(), _rows())


@bp.get("/units.xlsx")
@public
def units_xlsx() -> Response:
    """The table as a workbook, narrowed as the page is."""
    rows = [[sheets.plain_cell(cell) for cell in row] for row in _rows()]
    answer = Response(sheets.write(heads(), rows), mimetype=_XLSX)
    answer.headers["Content-Disposition"] = 'attachment; filename="units.xlsx"'
    answer.headers["Cache-Control"] = "no-store"
    return answer


def figure_words() -> dict[str, str]:
    """The word of each figure, in the order of ``Figures``."""
    words = {
        "raised_fen": _("募集"),
        "refunded_fen": _("捐赠退回"),
        "disputed_fen": _("拒付争议"),
        "matched_in_fen": _("配捐转入"),
        "matched_out_fen": _("配捐转出"),
        "moved_in_fen": _("结余转入"),
        "moved_out_fen": _("结余转出"),
        "borne_fen": _("机构自有资金承担"),
        "fees_fen": _("支付手续费"),
        "costs_fen": _("管理费和募捐成本"),
        "reserved_fen": _("已审批待拨"),
        "used_fen": _("已拨付"),
        "proved_fen": _("其中已核销"),
        "available_fen": _("可用"),
        "shortfall_fen": _("待补足款"),
        "left_fen": _("结余"),
    }
    return {name: words[name] for name in FIGURE_COLUMNS}


def heads() -> list[str]:
    """The headings: who, then each figure of its own books, then with its sub-units, in yuan."""
    words = figure_words().values()
    return [
        _("单位编码"),
        _("单位名称"),
        _("所在地区"),
        _("上级单位编码"),
        _("截至分录号"),
        *(_("%(figure)s（元，本单位）", figure=word) for word in words),
        *(_("%(figure)s（元，含下级单位）", figure=word) for word in words),
    ]


def _rows() -> Iterator[list[str]]:
    campaign = request.args.get("campaign") or None
    q = request.args.get("q", "").strip()[:100] or None
    cursor: str | None = None
    while True:
        page = figures.unit_rows(campaign, q, cursor, LONGEST_PAGE)
        for row in page.items:
            yield _row(row, page.as_of_entry)
        cursor = page.next_cursor
        if cursor is None:
            return


def _row(row: UnitRow, as_of_entry: int) -> list[str]:
    return [
        row.code,
        row.name,
        row.area_name,
        row.parent_code or "",
        str(as_of_entry),
        *(plain(getattr(row.figures, name)) for name in FIGURE_COLUMNS),
        *(plain(getattr(row.subtree, name)) for name in FIGURE_COLUMNS),
    ]
