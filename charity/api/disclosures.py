"""Published reports for machines: version 1 of the API, and the Atom feed.

Rule: figures are those of the frozen document; what is not published does not exist.
"""

from __future__ import annotations

import datetime as dt
import json
from typing import Any
from urllib.parse import urljoin
from xml.etree import ElementTree as ET

from flask import Blueprint, Response, current_app, request, url_for

from charity.api.described import Parameter, describe, said
from charity.api.guards import public
from charity.api.report_answers import (
    Report,
    ReportColumns,
    ReportLine,
    Reports,
    ReportUnit,
    ReportUse,
    ReportVersion,
)
from charity.api.v1 import bp
from charity.disclosures import queries
from charity.disclosures.errors import NoSuchReport
from charity.disclosures.kinds import Form
from charity.disclosures.queries import ReportView, VersionView
from charity.funds import queries as funds

_CURSOR = Parameter("cursor", "`next_cursor` of the page before.")
_VERSION = Parameter("version", "A version; without it the newest.")
_ATOM = "http://www.w3.org/2005/Atom"
_FEED = 50

feeds = Blueprint("feeds", __name__, url_prefix="/feeds")


@bp.get("/disclosures")
@public
@describe(Reports, parameters=(_CURSOR,), refusals=(400, 422))
def disclosures() -> Response:
    """Published reports by when they first became public, the newest first, by pages."""
    page = queries.published(cursor=request.args.get("cursor"))
    items = [ReportLine(**_line(view)) for view in page.items]
    return said(Reports(items=items, next_cursor=page.next_cursor))


@bp.get("/disclosures/<report_id>")
@public
@describe(Report, parameters=(_VERSION,), refusals=(400, 404))
def disclosure(report_id: str) -> Response:
    """One report with its figures; its files lie beside its page."""
    view = queries.report(report_id)
    given = request.args.get("version", str(view.newest.version))
    version = next((one for one in view.versions if str(one.version) == given), None)
    if version is None:
        raise NoSuchReport
    document = json.loads(queries.document_text(view.id, version.version))
    return said(
        Report(
            **_line(view),
            version=version.version,
            as_of_entry=version.as_of_entry,
            totals=ReportColumns(**document["totals"]),
            units=[_named(ReportUnit, unit) for unit in document["units"]],
            uses=[_named(ReportUse, use) for use in document["uses"]],
            other_used_fen=document["other_used_fen"],
        )
    )


def _named(answer: Any, values: dict[str, Any]) -> Any:
    """Only the fields that are named in the answer."""
    return answer(**{name: values[name] for name in answer.model_fields})


def _line(view: ReportView) -> dict[str, Any]:
    return {
        "id": view.id,
        "campaign": view.slug,
        "campaign_name": view.campaign_name,
        "campaign_name_en": view.campaign_name_en,
        "first_on": view.first_on,
        "last_on": view.last_on,
        "currency": "CNY",
        "url": _absolute(url_for("site.disclosure", report_id=view.id)),
        "versions": [_version(one) for one in view.versions],
    }


def _version(one: VersionView) -> ReportVersion:
    return ReportVersion(
        version=one.version,
        published_at=one.published_at,
        as_of_entry=one.as_of_entry,
        reason=one.reason,
        document_sha256=one.document_sha256,
        pdf_sha256=one.hashes[Form.PDF],
        csv_sha256=one.hashes[Form.CSV],
        xlsx_sha256=one.hashes[Form.XLSX],
    )


@feeds.get("/disclosures.atom", endpoint="disclosures")
@public
@describe("application/atom+xml")
def feed() -> Response:
    """Every published version as an Atom entry, the newest first."""
    page = queries.published(limit=_FEED)
    found = [(view, one) for view in page.items for one in view.versions]
    found.sort(key=lambda pair: pair[1].published_at, reverse=True)
    charity = funds.charity()
    root = ET.Element("feed", {"xmlns": _ATOM, "xml:lang": "zh-Hans"})
    home = _absolute(url_for("site.disclosures"))
    newest = found[0][1].published_at if found else dt.datetime(2026, 1, 1, tzinfo=dt.UTC)
    _add(root, "id", home)
    _add(root, "title", f"{charity.name if charity else ''} 信息公开报告".strip())
    _add(root, "updated", _moment(newest))
    ET.SubElement(root, "link", {"rel": "alternate", "type": "text/html", "href": home})
    own = _absolute(url_for("feeds.disclosures"))
    ET.SubElement(root, "link", {"rel": "self", "type": "application/atom+xml", "href": own})
    ET.SubElement(ET.SubElement(root, "author"), "name").text = charity.name if charity else "—"
    for view, one in found:
        _entry(root, view, one)
    body = ET.tostring(root, encoding="utf-8", xml_declaration=True)
    return Response(body, content_type="application/atom+xml; charset=utf-8")


def _entry(root: ET.Element, view: ReportView, one: VersionView) -> None:
    address = _absolute(url_for("site.disclosure", report_id=view.id, version=one.version))
    entry = ET.SubElement(root, "entry")
    _add(entry, "id", address)
    period = f"{view.first_on.isoformat()} – {view.last_on.isoformat()}"
    _add(entry, "title", f"{view.campaign_name} {period} 第{one.version}版")
    _add(entry, "published", _moment(one.published_at))
    _add(entry, "updated", _moment(one.published_at))
    ET.SubElement(entry, "link", {"rel": "alternate", "type": "text/html", "href": address})
    pdf = _absolute(url_for("site.disclosure_pdf", report_id=view.id, version=one.version))
    ET.SubElement(entry, "link", {"rel": "enclosure", "type": "application/pdf", "href": pdf})
    summary = f"更正：{one.reason}" if one.reason else f"数字截至第 {one.as_of_entry} 号分录。"
    _add(entry, "summary", summary)


def _add(parent: ET.Element, name: str, text: str) -> None:
    ET.SubElement(parent, name).text = text


def _moment(at: dt.datetime) -> str:
    return at.astimezone(dt.UTC).replace(microsecond=0).isoformat().replace("+00:00", "Z")


def _absolute(address: str) -> str:
    """A path of ours as a whole address, by our settings and not by the Host header."""
    base_url: str = current_app.extensions["charity.settings"].base_url
    return urljoin(f"{base_url}/", address)
