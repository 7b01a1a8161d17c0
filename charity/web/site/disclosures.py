"""Published reports: the list, one report in each of its versions, and its files as bytes.

Rule: what is handed out is what was published, to the byte; an older version stays readable and
says that it was replaced.
"""

from __future__ import annotations

import json

from flask import Response, render_template, request

from charity.disclosures import queries
from charity.disclosures.errors import NoSuchReport
from charity.disclosures.kinds import MADE, MEDIA_TYPES, Form
from charity.disclosures.queries import ReportView, VersionView
from charity.funds import queries as funds
from charity.web.guards import public
from charity.web.report_sheet import sheet
from charity.web.site import bp


@bp.get("/disclosures")
@public
def disclosures() -> str:
    """Published reports, the newest first; of one campaign if the address says so."""
    campaigns = funds.campaigns()
    slug = request.args.get("campaign", "")
    slug = slug if slug in {one.slug for one in campaigns} else ""
    page = queries.published(slug or None, request.args.get("cursor"))
    return render_template(
        "site/disclosures.html",
        reports=page.items,
        next_cursor=page.next_cursor,
        campaigns=campaigns,
        chosen=slug,
    )


@bp.get("/disclosures/<report_id>")
@public
def disclosure(report_id: str) -> str:
    """One report, in its newest version or the one that the address asks for."""
    view, version = _asked(report_id)
    document = json.loads(queries.document_text(report_id, version.version))
    return render_template(
        "site/disclosure.html", report=view, version=version, sheet=sheet(document), forms=MADE
    )


@bp.get("/disclosures/<report_id>.pdf")
@public
def disclosure_pdf(report_id: str) -> Response:
    """The PDF as it was published."""
    return _file(report_id, Form.PDF)


@bp.get("/disclosures/<report_id>.csv")
@public
def disclosure_csv(report_id: str) -> Response:
    """The CSV as it was published."""
    return _file(report_id, Form.CSV)


@bp.get("/disclosures/<report_id>.xlsx")
@public
def disclosure_xlsx(report_id: str) -> Response:
    """The XLSX as it was published."""
    return _file(report_id, Form.XLSX)


@bp.get("/disclosures/<report_id>.json")
@public
def disclosure_json(report_id: str) -> Response:
    """The data document: what was frozen, and hashed."""
    return _file(report_id, Form.JSON)


def _asked(report_id: str) -> tuple[ReportView, VersionView]:
    """The report and the version of ``?version=``, else the newest. Raises ``NoSuchReport``."""
    view = queries.report(report_id)
    given = request.args.get("version")
    if given is None:
        return view, view.newest
    found = next((one for one in view.versions if str(one.version) == given), None)
    if found is None:
        raise NoSuchReport
    return view, found


def _file(report_id: str, form: Form) -> Response:
    view, version = _asked(report_id)
    answer = Response(
        queries.content(view.id, version.version, form), content_type=MEDIA_TYPES[form]
    )
    kind = "inline" if form in (Form.PDF, Form.JSON) else "attachment"
    answer.headers.set("Content-Disposition", kind, filename=f"{view.id}-v{version.version}.{form}")
    answer.set_etag(version.hashes[form])
    answer.make_conditional(request)
    return answer
