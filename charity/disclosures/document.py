"""The data document of a report, and its PDF: template in a sandbox, plain data, our fonts only.

The document is canonical JSON (RFC 8785); its SHA-256 is what two persons agree to. Everything
else is drawn from it: the same document gives the same files. A template version is never edited
once a report was published with it: a new look is a new version.
"""

from __future__ import annotations

import datetime as dt
import hashlib
import json
from collections.abc import Mapping
from functools import cache
from typing import Any

import rfc8785
from jinja2 import FileSystemLoader, StrictUndefined
from jinja2.sandbox import ImmutableSandboxedEnvironment

from charity.config import bundle_dir
from charity.disclosures import rules, words
from charity.kernel import pdf, richtext
from charity.kernel.money import format_yuan

VERSION = 1
JSON_NAME = "report.json"
CSV_NAME = "report.csv"

Document = Mapping[str, Any]


def canonical(document: Document) -> bytes:
    """The one text of a document, as it is hashed, kept and handed out."""
    return rfc8785.dumps(dict(document))


def sha256(content: bytes) -> str:
    """SHA-256, 64 hex signs."""
    return hashlib.sha256(content).hexdigest()


def read(text: str) -> dict[str, Any]:
    """A kept document as values."""
    found: dict[str, Any] = json.loads(text)
    return found


def require_printable(document: Document) -> None:
    """Raise MissingGlyph for a character that no font of ours has, wherever it stands."""
    pdf.require_glyphs(*dict.fromkeys(_texts(document)))


def _texts(value: object) -> list[str]:
    if isinstance(value, str):
        return [value.replace("\n", "").replace("\r", "").replace("\t", "")]
    if isinstance(value, Mapping):
        return [text for inner in value.values() for text in _texts(inner)]
    if isinstance(value, list):
        return [text for inner in value for text in _texts(inner)]
    return []


@cache
def _templates() -> ImmutableSandboxedEnvironment:
    made = ImmutableSandboxedEnvironment(
        loader=FileSystemLoader(bundle_dir() / "templates" / "disclosures"),
        autoescape=True,
        undefined=StrictUndefined,
        trim_blocks=True,
        lstrip_blocks=True,
    )
    made.filters["yuan"] = format_yuan
    made.filters["day"] = _chinese_date
    made.filters["number"] = "{:,}".format
    return made


@cache
def _css(version: int) -> str:
    return (bundle_dir() / "templates" / "disclosures" / f"v{version}.css").read_text("utf-8")


def _chinese_date(day: str) -> str:
    read_day = dt.date.fromisoformat(day)
    return f"{read_day.year}年{read_day.month}月{read_day.day}日"


def other_moves(part: Mapping[str, Mapping[str, int]]) -> int:
    """What moved what is left besides gifts, refunds, fees and uses, in fen."""
    moved = part["movement"]
    told = moved["raised_fen"] - moved["refunded_fen"] - moved["fees_fen"] - moved["used_fen"]
    return moved["left_fen"] - told


def page_html(document: Document) -> str:
    """The HTML of the PDF, from plain text and numbers only."""
    totals = document["totals"]
    plain: dict[str, Any] = {
        "d": document,
        "title": words.TITLE,
        "sha256": sha256(canonical(document)),
        "text": richtext.printed(document["text"]),
        "statement": words.STATEMENT,
        "places": words.PLACES,
        "figures": words.FIGURES,
        "columns": words.COLUMNS,
        "parts": words.PARTS,
        "scopes": words.SCOPES,
        "purposes": words.PURPOSES,
        "categories": words.CATEGORIES,
        "sides_a": rules.sides_a(totals["closing"]),
        "sides_b": rules.sides_b(totals["closing"]),
        "other": other_moves,
    }
    return _templates().get_template(f"v{document['v']}.html").render(plain)


def draw(document: Document, *, made_at: dt.datetime, csv: bytes) -> bytes:
    """The report as PDF/A-3a, A4, with the data document and the CSV inside.

    Raises MissingGlyph, ForbiddenResource.
    """
    require_printable(document)
    data = canonical(document)
    return pdf.render(
        page_html(document),
        css=_css(document["v"]),
        made_at=made_at,
        identifier=hashlib.sha256(data).digest()[:16],
        attachments=[
            pdf.Attached(JSON_NAME, data, "信息公开报告数据"),
            pdf.Attached(CSV_NAME, csv, "信息公开报告表格"),
        ],
    )
