"""What the API answers about published reports; no field gets out that is not named here."""

from __future__ import annotations

import datetime as dt

from pydantic import Field

from charity.api.answers import Answer, Money


class ReportMoney(Money):
    """Figures of a book or of a sum of books with where the money lies, in whole fen."""

    clearing_fen: int
    transit_fen: int
    bank_fen: int
    pending_in_fen: int
    advance_fen: int


class ReportColumns(Answer):
    """Before the first day, within the days, and at the end of the last."""

    opening: ReportMoney
    movement: ReportMoney
    closing: ReportMoney


class ReportUnit(Answer):
    """A raising unit: its own book, and with its sub-units."""

    code: str
    name: str
    name_en: str
    own: ReportColumns
    subtree: ReportColumns


class ReportUse(Answer):
    """Something the money was used for within the days; ``proved_fen``: evidence accepted."""

    id: str
    number: str
    unit: str
    title: str
    purpose: str
    category: str
    people: int
    used_on: dt.date
    used_fen: int
    proved_fen: int


class ReportVersion(Answer):
    """One published version; hashes are SHA-256 in hex of the files' bytes."""

    version: int
    published_at: dt.datetime
    as_of_entry: int
    reason: str = Field(description="Why the version before was corrected; empty for the first.")
    document_sha256: str
    pdf_sha256: str
    csv_sha256: str
    xlsx_sha256: str


class ReportLine(Answer):
    """A published report: what it is about, and its versions, the newest first."""

    id: str
    campaign: str
    campaign_name: str
    campaign_name_en: str
    first_on: dt.date
    last_on: dt.date
    currency: str
    url: str
    versions: list[ReportVersion]


class Reports(Answer):
    """A page of reports, the newest first."""

    items: list[ReportLine]
    next_cursor: str | None


class Report(ReportLine):
    """A report with the figures of its newest version, or of the one asked for."""

    version: int
    as_of_entry: int
    totals: ReportColumns
    units: list[ReportUnit]
    uses: list[ReportUse]
    other_used_fen: int
