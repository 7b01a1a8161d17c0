"""Where a report is, and the forms it is handed out in."""

from __future__ import annotations

from enum import StrEnum


class Stage(StrEnum):
    """What the next version of a report waits for."""

    NONE = "none"  # nothing is being written: the published version stands
    DRAFT = "draft"  # the text is being written, or was sent back
    CHECK = "check"  # frozen; waits for a person who checks it
    PUBLISH = "publish"  # checked; waits for another person who publishes it


class Form(StrEnum):
    """A file of a published version; the data document is the source of the others."""

    JSON = "json"
    PDF = "pdf"
    CSV = "csv"
    XLSX = "xlsx"


MADE = (Form.PDF, Form.CSV, Form.XLSX)
"""What is made from the document, and kept as bytes."""

MEDIA_TYPES = {
    Form.JSON: "application/json",
    Form.PDF: "application/pdf",
    Form.CSV: "text/csv; charset=utf-8",
    Form.XLSX: "application/vnd.openxmlformats-officedocument.spreadsheetml.sheet",
}
