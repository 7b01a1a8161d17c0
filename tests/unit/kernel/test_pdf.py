"""PDFs: our fonts only, nothing fetched, nothing printed as a box, the web kept free of it."""

from __future__ import annotations

import datetime as dt
import socket
import subprocess
import sys
import threading
from io import BytesIO

import pikepdf
import pytest

from charity.kernel import pdf

MADE_AT = dt.datetime(2026, 11, 21, 3, 4, 5, tzinfo=dt.UTC)


def render(body: str, css: str = "", pages: int | None = None) -> bytes:
    html = f"<!DOCTYPE html><html lang=zh-CN><head><title>试印</title></head><body>{body}</body>"
    return pdf.render(html, css=css, made_at=MADE_AT, identifier=b"0123456789abcdef", pages=pages)


@pytest.mark.parametrize(
    "module", ["charity.wsgi", "charity.app", "charity.kernel.pdf", "charity.receipts.services"]
)
def test_nothing_that_serves_pages_loads_weasyprint(module: str) -> None:
    code = (
        "import importlib.util, sys\n"
        f"found = importlib.util.find_spec({module!r})\n"
        f"found and __import__({module!r})\n"
        "from charity.app import import_models\nimport_models()\n"
        "assert 'weasyprint' not in sys.modules\n"
        "assert 'fontTools' not in sys.modules\n"
    )
    if module == "charity.wsgi":
        code = (
            "import sys\nfrom charity.app import create_app\n"
            "assert 'weasyprint' not in sys.modules\n"
        )
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True)
    assert done.returncode == 0, done.stderr


def test_the_fast_way_of_cutting_fonts_is_installed() -> None:
    assert pdf.harfbuzz_subset_present()


@pytest.mark.parametrize(
    "text", ["张三", "堃喆祎", "㛃䶮龘", "¥1,234.56", "阿依古丽·买买提", "，。“”（）　"]
)
def test_characters_with_a_glyph(text: str) -> None:
    assert pdf.missing_glyphs(text) == []
    pdf.require_glyphs(text)


@pytest.mark.parametrize(
    ("text", "named"),
    [
        ("张𠮷", "U+20BB7"), ("😀", "U+1F600"), ("a\u200bb", "U+200B"), ("\u202eabc", "U+202E"),
        ("a\x00", "U+0000"), ("བོད", "U+0F56"), ("\ue000", "U+E000"), ("x\n", "U+000A"),
    ],
)  # fmt: skip
def test_a_character_without_a_glyph_is_refused_by_name(text: str, named: str) -> None:
    with pytest.raises(pdf.MissingGlyph) as refusal:
        pdf.require_glyphs("王", text)
    assert refusal.value.facts["codepoint"] == named


def test_dates_identifier_and_variant() -> None:
    with pikepdf.open(BytesIO(render("<p>字"))) as made:
        assert str(made.docinfo["/CreationDate"]) == "D:20261121030405Z"
        assert str(made.docinfo["/ModDate"]) == "D:20261121030405Z"
        assert bytes(made.trailer["/ID"][0]) == b"0123456789abcdef"
        assert str(made.Root.Lang) == "zh-CN"
        with made.open_metadata() as xmp:
            assert (xmp["pdfaid:part"], xmp["pdfaid:conformance"]) == ("3", "A")


def test_the_same_document_has_the_same_bytes() -> None:
    assert render("<p>字") == render("<p>字")


def test_threads_take_turns() -> None:
    made: list[bytes] = []
    threads = [threading.Thread(target=lambda: made.append(render("<p>字"))) for _ in range(4)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert len(made) == 4
    assert len(set(made)) == 1


def test_a_document_has_the_pages_it_must_have() -> None:
    render("<p>字", pages=1)
    with pytest.raises(pdf.PageCount):
        render("<p style='break-after: page'>字<p>字", pages=1)


REACHES_OUT = [
    "<img src='{}'>",
    "<link rel=stylesheet href='{}'>",
    "<link rel=attachment href='{}'>",
    "<a rel=attachment href='{}'>x</a>",
    "<p style=\"background: url('{}')\">x",
    "<style>@import '{}';</style>",
    "<style>@font-face {{ font-family: x; src: url('{}') }} p {{ font-family: x }}</style><p>x",
    "<svg xmlns='http://www.w3.org/2000/svg'><image href='{}' width='9' height='9'/></svg>",
    "<svg xmlns:xlink='http://www.w3.org/1999/xlink'><image xlink:href='{}' width='9'/></svg>",
    "<svg xmlns='http://www.w3.org/2000/svg'><use href='{}#a'/></svg>",
    "<object data='{}'></object>",
    "<embed src='{}'>",
    "<iframe src='{}'></iframe>",
    "<p style=\"content: url('{}')\">x",
    "<ul style=\"list-style-image: url('{}')\"><li>x</ul>",
]


@pytest.mark.parametrize("way", REACHES_OUT)
def test_nothing_is_fetched(way: str, tmp_path: object) -> None:
    """Refused, or made without: no connection, and no file of the machine inside."""
    with socket.socket() as listener:
        listener.bind(("127.0.0.1", 0))
        listener.listen()
        listener.setblocking(False)
        port = listener.getsockname()[1]
        for target in (f"http://127.0.0.1:{port}/x", "file:///etc/passwd", "/etc/passwd"):
            try:
                made = render(way.format(target))
            except pdf.ForbiddenResource:
                continue
            with pikepdf.open(BytesIO(made)) as document:
                assert not document.attachments
            assert b"root:" not in made
        with pytest.raises(BlockingIOError):
            listener.accept()


def test_pictures_and_sheets_stop_the_document() -> None:
    for way in REACHES_OUT[:2]:
        with pytest.raises(pdf.ForbiddenResource):
            render(way.format("http://127.0.0.1:9/x"))
