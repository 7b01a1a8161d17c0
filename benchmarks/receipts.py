"""Receipts in bulk beside calling WeasyPrint once for each, with the same template.

"Each file equal to one made alone" is a test's business; here is only the speed.
"""

from __future__ import annotations

import hashlib
import os
import time
from statistics import median

import weasyprint
from weasyprint.text.fonts import FontConfiguration

from benchmarks.report import Line, Mark
from benchmarks.rig import Rig
from charity.config import bundle_dir
from charity.kernel import pdf
from charity.receipts import document
from charity.receipts import jobs as receipts
from charity.receipts.rules import Facts, facts_json
from tests.factories.receipts import facts


def once_each(receipt: Facts) -> bytes:
    """WeasyPrint as its manual calls it: the full font, nothing shared with the next receipt."""
    folder = (bundle_dir() / "static" / "fonts").resolve().as_uri()
    fonts = FontConfiguration()
    face = (
        f'@font-face {{ font-family: "Full"; src: url({folder}/{pdf.FULL}) }} '
        'html { font-family: "Full" }'
    )
    css = (bundle_dir() / "templates" / "receipts" / f"v{receipt.template}.css").read_text("utf-8")
    made = weasyprint.HTML(string=document.page_html(receipt)).render(
        font_config=fonts,
        stylesheets=[weasyprint.CSS(string=each, font_config=fonts) for each in (face, css)],
        pdf_variant=pdf.VARIANT,
    )
    data = facts_json(receipt)
    made.metadata.attachments = [weasyprint.Attachment(string=data, name=document.ATTACHMENT)]
    identifier = hashlib.sha256(data).digest()[:16]
    whole: bytes = made.write_pdf(pdf_variant=pdf.VARIANT, pdf_identifier=identifier)
    return whole


def run(rig: Rig) -> None:
    """Both, in turns."""
    # As many as the job draws with one set of processes.
    count, alone, rounds = (300, 8, 2) if rig.quick else (receipts.BATCH, 12, 3)
    processes = os.cpu_count() or 1
    rig.floor_code("WeasyPrint once each", once_each)
    ours, floor = [], []
    number = 0
    once_each(facts())
    for _ in range(rounds):
        batch = []
        for _ in range(count):
            number += 1
            batch.append(facts(number=f"T2026-{number:08d}", donor=f"张小{'明红军'[number % 3]}"))
        begin = time.perf_counter()
        drawn = sum(1 for _ in document.render_many(batch, processes))
        ours.append(drawn / (time.perf_counter() - begin))
        begin = time.perf_counter()
        for receipt in batch[:alone]:
            once_each(receipt)
        floor.append(alone / (time.perf_counter() - begin))
    rig.add(
        Line(
            name=f"receipts in bulk, {processes} processes",
            unit="PDFs/s",
            ours=median(ours),
            floor=median(floor),
            floor_is="WeasyPrint once each, same template and attachment, full font, one process",
            mark=Mark(3.0),
            note=f"batches of {count}, starting the processes included",
        )
    )
