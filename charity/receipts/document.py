"""From frozen facts to the receipt's bytes: template in a sandbox, plain data, our fonts only.

The same facts give the same bytes whether drawn alone or by the bulk renderer. A template version
is never edited once receipts were issued with it: a new look is a new version.
"""

from __future__ import annotations

import datetime as dt
import gc
import hashlib
import multiprocessing
from collections.abc import Iterable, Iterator
from concurrent.futures import ProcessPoolExecutor
from functools import cache
from typing import Any
from urllib.parse import urlsplit

import segno
from jinja2 import FileSystemLoader, StrictUndefined
from jinja2.sandbox import ImmutableSandboxedEnvironment
from markupsafe import Markup

from charity.config import bundle_dir
from charity.kernel import pdf
from charity.kernel.money import yuan
from charity.receipts.rules import Facts, facts_json

TITLE = "捐赠确认书"
ATTACHMENT = "receipt.json"
# Short names are given room; the longer they are, the closer the page is set.
DENSITIES = ("roomy", "snug", "dense")
# Receipts handed to a drawing process at once: enough to hide the handing over.
_CHUNK = 8


@cache
def _templates() -> ImmutableSandboxedEnvironment:
    return ImmutableSandboxedEnvironment(
        loader=FileSystemLoader(bundle_dir() / "templates" / "receipts"),
        autoescape=True,
        undefined=StrictUndefined,
        trim_blocks=True,
        lstrip_blocks=True,
    )


@cache
def _css(version: int) -> str:
    path = bundle_dir() / "templates" / "receipts" / f"v{version}.css"
    return path.read_text("utf-8")


def _chinese_date(day: dt.date) -> str:
    return f"{day.year}年{day.month}月{day.day}日"


def _size(text: str, *steps: int) -> str:
    """The style for a text of this length: the first step it fits is the largest type."""
    return f"size-{sum(len(text) > step for step in steps)}"


def _qr(content: str) -> Markup:
    """An inline SVG with its text alternative; black on nothing, four modules of quiet around."""
    code = segno.make(content, error="m", micro=False, boost_error=False)
    return Markup(  # noqa: S704 - made here from modules of black and white, no text of others
        code.svg_inline(border=4, title="查验二维码", svgclass="qr", lineclass=None, omitsize=True)
    )


def page_html(facts: Facts, density: str = DENSITIES[0]) -> str:
    """The HTML of a receipt, from plain text and numbers only."""
    address = urlsplit(facts.base_url)
    plain: dict[str, Any] = {
        "title": TITLE,
        "number": facts.number,
        "code": facts.code,
        "test": facts.test,
        "donor": facts.donor,
        "donor_public": facts.donor_public,
        "donor_uscc": facts.donor_uscc,
        "campaign_name": facts.campaign_name,
        "filing_number": facts.filing_number,
        "unit_name": facts.unit_name,
        "capital": facts.capital,
        "amount": yuan(facts.amount_fen),
        "given_on": _chinese_date(facts.given_on),
        "issued_on": _chinese_date(facts.issued_on),
        "handler": facts.handler,
        "charity_name": facts.charity_name,
        "charity_uscc": facts.charity_uscc,
        "bill_wish": facts.bill_wish,
        "replaces": facts.replaces,
        "verify_at": f"{address.netloc}/verify",
        "qr": _qr(facts.verify_url),
        "sizes": {
            "donor": _size(facts.donor, 20, 44, 96),
            "campaign": _size(facts.campaign_name, 26, 60),
            "unit": _size(facts.unit_name, 26, 60),
            "capital": _size(facts.capital, 15, 21),
            "charity": _size(facts.charity_name, 22, 32, 60),
        },
        "density": density,
    }
    return _templates().get_template(f"v{facts.template}.html").render(plain)


def draw(facts: Facts) -> bytes:
    """The receipt as PDF/A-3a, one page, with ``receipt.json`` inside.

    Raises MissingGlyph, and PageCount when the texts are longer than ``rules.LIMITS`` allow.
    """
    pdf.require_glyphs(*facts.texts())
    for density in DENSITIES[:-1]:
        try:
            return _render(facts, density)
        except pdf.PageCount:
            continue
    return _render(facts, DENSITIES[-1])


def _render(facts: Facts, density: str) -> bytes:
    data = facts_json(facts)
    return pdf.render(
        page_html(facts, density),
        css=_css(facts.template),
        made_at=facts.issued_at,
        identifier=hashlib.sha256(data).digest()[:16],
        attachments=[pdf.Attached(ATTACHMENT, data, "捐赠确认书数据")],
        pages=1,
    )


def render_many(facts: Iterable[Facts], processes: int = 1) -> Iterator[bytes]:
    """The receipts in the order given, drawn by as many processes.

    Each process loads the fonts once. The processes are started anew, not forked, so threads and
    database connections of the caller do not get into them.
    """
    if processes <= 1:
        yield from map(draw, facts)
        return
    context = multiprocessing.get_context("spawn")
    with ProcessPoolExecutor(processes, mp_context=context, initializer=_settle_in) as pool:
        yield from pool.map(draw, facts, chunksize=_CHUNK)


def _settle_in() -> None:
    """What a drawing process loaded stays for its life, so it need not be looked through again
    and again for garbage; a receipt leaves little."""
    pdf.load()
    gc.freeze()
    gc.set_threshold(100_000, 20, 20)
