"""A published report read back by other programs, to the fen; and texts that mean harm."""

from __future__ import annotations

import csv
import io
import json
import re
import subprocess
from collections.abc import Iterator
from decimal import Decimal
from pathlib import Path
from typing import Any

import openpyxl
import pikepdf
import pytest
import rfc8785
from flask import Flask

from charity.disclosures import document as documents
from charity.disclosures import gather, queries, rules, tables, words
from charity.disclosures.kinds import MADE, Form
from charity.disclosures.queries import ReportView
from charity.figures import queries as figures
from charity.kernel import clock, richtext
from charity.kernel.db import db
from charity.kernel.money import format_yuan
from charity.ledger.period_queries import COLUMNS
from charity.ledger.queries import FIGURE_COLUMNS
from tests import reports, used
from tests.gifts import SLUG, TOWN
from tests.reports import Office


def run(*command: str | Path) -> str:
    done = subprocess.run([str(each) for each in command], capture_output=True, text=True)
    assert done.returncode == 0, (command, done.stdout, done.stderr)
    return done.stdout


def printed(made: bytes, folder: Path, *options: str) -> str:
    """The PDF's words as poppler orders them."""
    path = folder / "report.pdf"
    path.write_bytes(made)
    return run("pdftotext", *options, path, "-")


@pytest.fixture
def report(people: Office, uses: list[str]) -> ReportView:
    """Published, its files drawn by the worker."""
    return reports.published(people, drawn=True)


@pytest.fixture
def found(report: ReportView) -> gather.Gathered:
    """The query, asked again for the same days."""
    gathered = gather.gather(SLUG, report.first_on, report.last_on)
    db.session().rollback()
    return gathered


def content(report: ReportView, form: Form) -> bytes:
    made = queries.content(report.id, 1, form)
    db.session().rollback()
    return made


def test_every_form_has_the_query_s_figures(
    report: ReportView, found: gather.Gathered, tmp_path: Path
) -> None:
    assert _figures_of_json(content(report, Form.JSON)) == _figures(found)
    assert _figures_of_csv(content(report, Form.CSV)) == _figures(found)
    assert _figures_of_xlsx(content(report, Form.XLSX)) == _figures(found)
    text = printed(content(report, Form.PDF), tmp_path, "-layout")
    for line in _lines_of_pdf(found):
        assert line in re.sub(r"\s+", " ", text), line


def _figures(found: gather.Gathered) -> dict[tuple[str, ...], int]:
    """Every figure of totals, units and uses by its place."""
    flat = {
        ("totals", "", "", column, name): fen
        for column, names in found.totals.items()
        for name, fen in names.items()
    }
    for unit in found.units:
        for scope in ("own", "subtree"):
            for column, names in unit[scope].items():
                for name, fen in names.items():
                    flat["unit", unit["code"], scope, column, name] = fen
    for use in found.uses:
        for name in ("used_fen", "proved_fen"):
            flat["use", use["id"], "own", "movement", name] = use[name]
    assert len(flat) == 3 * len(COLUMNS) * (1 + 2 * 3) + 2 * 2
    assert sum(map(bool, flat.values())) > 50
    return flat


def _figures_of_json(made: bytes) -> dict[tuple[str, ...], int]:
    document = json.loads(made)
    return _figures(
        gather.Gathered(
            document["as_of_entry"], document["totals"], document["units"], document["uses"],
            document["other_used_fen"],
        )
    )  # fmt: skip


def _figures_of_csv(made: bytes) -> dict[tuple[str, ...], int]:
    assert made.startswith(b"\xef\xbb\xbf")
    rows = csv.DictReader(io.StringIO(made.decode("utf-8-sig"), newline=""))
    return {
        (row["part"], row["code"], row["scope"], row["column"], name): int(row[name])
        for row in rows
        for name in COLUMNS
        if row[name] != ""
    }


def _figures_of_xlsx(made: bytes) -> dict[tuple[str, ...], int]:
    book = openpyxl.load_workbook(io.BytesIO(made))
    columns = {f"{label}（元）": name for name, label in words.COLUMNS.items()}
    figures = {label: name for name, label in words.FIGURES.items()}
    flat: dict[tuple[str, ...], int] = {}
    for row in _rows(book["合计"]):
        for head, column in columns.items():
            flat["totals", "", "", column, figures[row["项目"]]] = _fen(row[head])
    scopes = {label: name for name, label in words.SCOPES.items()}
    times = {label: name for name, label in words.COLUMNS.items()}
    for row in _rows(book["各单位"]):
        for name, label in words.FIGURES.items():
            place = ("unit", row["单位编码"], scopes[row["范围"]], times[row["时段"]], name)
            flat[place] = _fen(row[f"{label}（元）"])
    numbers = {use.number: use.id for use in _uses()}
    for row in _rows(book["用款"]):
        place = ("use", numbers[row["用款编号"]], "own", "movement")
        flat[(*place, "used_fen")] = _fen(row["已拨付（元）"])
        flat[(*place, "proved_fen")] = _fen(row["其中已核销（元）"])
    return flat


def _uses() -> Any:
    from charity.disbursements import queries as disbursements

    items = disbursements.use_rows(slug=SLUG).items
    db.session().rollback()
    return items


def _rows(sheet: Any) -> Iterator[dict[str, Any]]:
    heads, *rows = sheet.iter_rows(values_only=True)
    return (dict(zip(heads, row, strict=True)) for row in rows)


def _fen(yuan: Any) -> int:
    """A number of a workbook as whole fen; none is between two of them."""
    exact = Decimal(str(yuan)).scaleb(2)
    assert exact == int(exact), yuan
    return int(exact)


def _lines_of_pdf(found: gather.Gathered) -> Iterator[str]:
    """The figures of each line of the PDF, as one run of words."""
    for name, _ in words.PLACES:
        yield _run(found.totals, name)
    for name, _, _ in words.STATEMENT:
        yield _run(found.totals, name)
    for scope in ("own", "subtree"):
        for unit in found.units:
            yield _unit_run(unit[scope])
    yield _unit_run(found.totals)
    for use in found.uses:
        yield f"{format_yuan(use['used_fen'])} {format_yuan(use['proved_fen'])}"


def _run(totals: Any, name: str) -> str:
    return " ".join(format_yuan(totals[column][name]) for column in words.COLUMNS)


def _unit_run(part: Any) -> str:
    moved = part["movement"]
    sums = [
        part["opening"]["left_fen"], moved["raised_fen"], moved["refunded_fen"], moved["fees_fen"],
        moved["used_fen"], documents.other_moves(part), part["closing"]["left_fen"],
        moved["proved_fen"],
    ]  # fmt: skip
    return " ".join(map(format_yuan, sums))


def test_the_same_figures_as_every_page(found: gather.Gathered) -> None:
    shown = figures.campaign_figures()[SLUG]
    rows = {row.code: row for row in figures.unit_rows(SLUG).items}
    for name in FIGURE_COLUMNS:
        assert found.totals["closing"][name] == getattr(shown, name), name
        for unit in found.units:
            row = rows[unit["code"]]
            assert unit["own"]["closing"][name] == getattr(row.figures, name), name
            assert unit["subtree"]["closing"][name] == getattr(row.subtree, name), name
    assert shown.proved_fen == 30_001
    assert shown.used_fen == 30_001 + 20_000 - 1_234


def test_uses_with_purpose_people_and_proof(found: gather.Gathered, uses: list[str]) -> None:
    by_id = {use["id"]: use for use in found.uses}
    assert set(by_id) == set(uses)
    proved, partly = (by_id[each] for each in uses)
    assert (proved["used_fen"], proved["proved_fen"], proved["people"]) == (30_001, 30_001, 3)
    assert (partly["used_fen"], partly["proved_fen"]) == (18_766, 0)
    assert (proved["title"], proved["unit"], proved["purpose"]) == (used.TITLE, TOWN, "living")
    assert found.other_used_fen == 0


def test_identities_hold_on_the_page_and_a_fen_is_missed(report: ReportView) -> None:
    document = reports.document(report.id)
    assert rules.disagreements(document) == []
    for name in ("raised_fen", "bank_fen", "left_fen", "available_fen", "used_fen"):
        document["totals"]["closing"][name] += 1
        assert rules.disagreements(document), name
        document["totals"]["closing"][name] -= 1
    document["uses"][0]["used_fen"] += 1
    assert rules.disagreements(document)


def test_the_document_is_canonical_and_hashed(report: ReportView, tmp_path: Path) -> None:
    made = content(report, Form.JSON)
    assert rfc8785.dumps(json.loads(made)) == made
    assert documents.sha256(made) == report.newest.document_sha256
    text = re.sub(r"\s", "", printed(content(report, Form.PDF), tmp_path))
    assert report.newest.document_sha256 in text
    assert {form: documents.sha256(content(report, form)) for form in MADE} == {
        form: report.newest.hashes[form] for form in MADE
    }


def test_the_pdf_as_poppler_and_qpdf_read_it(report: ReportView, tmp_path: Path) -> None:
    made = content(report, Form.PDF)
    path = tmp_path / "one.pdf"
    path.write_bytes(made)
    info = run("pdfinfo", path)
    size = re.search(r"Page size:\s+([\d.]+) x ([\d.]+)", info)
    assert size is not None
    assert (round(float(size[1])), round(float(size[2]))) == (595, 842)  # A4 portrait, points
    assert re.search(r"Tagged:\s+yes", info)
    assert re.search(r"JavaScript:\s+no", info)
    fonts = run("pdffonts", path).splitlines()[2:]
    assert fonts
    for line in fonts:
        assert re.search(r"\byes\s+yes\s+yes\b", line), line
    assert "No syntax or stream encoding errors found" in run("qpdf", "--check", path)
    with pikepdf.open(io.BytesIO(made)) as document:
        with document.open_metadata() as xmp:
            assert (xmp["pdfaid:part"], xmp["pdfaid:conformance"]) == ("3", "A")
        assert sorted(document.attachments) == ["report.csv", "report.json"]
        inside = document.attachments["report.json"].get_file().read_bytes()
    assert inside == content(report, Form.JSON)
    text = printed(made, tmp_path)
    for word in (
        "收支合计",
        "资金存放",
        "本单位分账",
        "含下级单位",
        "测试数据",
        "困难家庭",
        "发放米面油",
    ):
        assert word in text, word


def test_the_worker_makes_files_once(people: Office) -> None:
    from charity.disclosures import jobs

    report = reports.begin(people.drafts)
    reports.write(report, people.drafts)
    reports.submit(report, people.drafts)
    assert jobs.make_files() == 1
    assert jobs.make_files() == 0


# --- texts that mean harm -------------------------------------------------------------------------
HARM = """<img src="file:///etc/passwd"> <script>alert(1)</script>
<link rel="stylesheet" href="http://127.0.0.1:9/x.css"> <iframe src="http://127.0.0.1:9/"></iframe>

[一份文件](file:///etc/passwd) [一个地址](http://127.0.0.1:9/x) ![图](picture:abc)
<style>@import url(http://127.0.0.1:9/y.css); body { background: url(file:///etc/passwd) }</style>

<a href="javascript:alert(1)">点</a> [真的](https://example.org/a) =HYPERLINK("http://x")"""


def harmful(people: Office) -> dict[str, Any]:
    """A document whose every text means harm."""
    document = reports.document(reports.published(people).id)
    document["text"] = HARM
    document["campaign"]["name"] = '<img src="http://127.0.0.1:9/c">活动'
    document["charity"]["name"] = "=1+1<b>机构"
    for unit in document["units"]:
        unit["name"] = '=cmd|"/c calc"!A0<script src="file:///etc/passwd"></script>'
    document["uses"] = [
        {
            "id": "u", "number": "Y1", "unit": TOWN, "unit_name": "@SUM(1)", "unit_name_en": "",
            "title": '<object data="file:///etc/passwd"></object>+1', "purpose": "living",
            "category": "other", "people": 1, "area": "-2", "used_on": "2026-11-20",
            "used_fen": 0, "proved_fen": 0,
        }
    ]  # fmt: skip
    return document


def test_harm_in_texts_is_letters_in_the_pdf(people: Office, tmp_path: Path) -> None:
    document = harmful(people)
    # An address that is asked for stops the drawing: that it is drawn says that none was.
    made = documents.draw(document, made_at=clock.now(), csv=b"x")
    text = re.sub(r"\s", "", printed(made, tmp_path))
    for word in ("file:///etc/passwd", "<script", "真的（https://example.org/a）", "<object"):
        assert word in text, word
    assert "root:" not in text
    with pikepdf.open(io.BytesIO(made)) as pdf:
        assert "/JavaScript" not in pdf.Root.get("/Names", {})
        for page in pdf.pages:
            assert "/Annots" not in page, "nothing on paper leads anywhere"


def test_the_canary_an_address_that_is_asked_for_stops_the_drawing(people: Office) -> None:
    from charity.kernel.pdf import ForbiddenResource, render

    html = '<html lang="zh"><title>t</title><img src="file:///etc/passwd"></html>'
    with pytest.raises(ForbiddenResource):
        render(html, css="", made_at=clock.now(), identifier=b"0" * 16)


def test_harm_in_texts_is_no_formula_in_tables(people: Office) -> None:
    document = harmful(people)
    cells = [
        cell
        for row in csv.reader(io.StringIO(tables.write_csv(document).decode("utf-8-sig")))
        for cell in row
    ]
    # A sum below zero is a number; every other cell that begins so has an apostrophe.
    assert not [cell for cell in cells if cell[:1] in "=+-@" and not re.fullmatch(r"-?\d*", cell)]
    book = openpyxl.load_workbook(io.BytesIO(tables.write_xlsx(document)))
    kinds = {cell.data_type for sheet in book for row in sheet.iter_rows() for cell in row}
    assert "f" not in kinds
    assert book["用款"]["D2"].value == document["uses"][0]["title"]


def test_words_for_paper(ctx: Flask) -> None:
    drawn = richtext.printed("[词](https://example.org/b) **重** [x](file:///a) <b>y</b>")
    words = "词（https://example.org/b） <strong>重</strong> [x](file:///a) &lt;b&gt;y&lt;/b&gt;"
    assert drawn == f"<p>{words}</p>"
    assert "href" not in drawn
