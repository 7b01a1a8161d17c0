"""The only maker of PDFs, and the only module that touches WeasyPrint.

Importing this module does not import WeasyPrint: it is loaded by the first ``render``, which only
the worker and the bulk renderer call; the web process never does. A document is PDF/A-3a, tagged,
with our own fonts embedded. Nothing is fetched from a network or from outside the font folder: an
attempt stops the document. What is printed has a glyph, or is refused with its character named.

The same text, moment and identifier give the same bytes, for one set of library versions.
"""

from __future__ import annotations

import ctypes
import datetime as dt
import threading
import unicodedata
from collections.abc import Sequence
from dataclasses import dataclass
from functools import cache
from pathlib import Path
from typing import Any

from flask_babel import lazy_gettext as _

from charity.config import bundle_dir
from charity.kernel.errors import RuleBroken

VARIANT = "pdf/a-3a"
REGULAR = "NotoSansSC-8105-Regular.ttf"
BOLD = "NotoSansSC-8105-Bold.ttf"
# Behind the small set: slower to embed, and asked only for what the small set lacks.
FULL = "NotoSansSC-Full-Regular.ttf"

_FONT_FACES = f"""
@font-face {{ font-family: "Charity Sans"; src: url({REGULAR}); font-weight: 400 }}
@font-face {{ font-family: "Charity Sans"; src: url({BOLD}); font-weight: 700 }}
@font-face {{ font-family: "Charity Sans Full"; src: url({FULL}); font-weight: 400 }}
html {{ font-family: "Charity Sans", "Charity Sans Full" }}
"""

# Pango and fontconfig are not meant for two threads at once, and two would not be faster.
_one_at_a_time = threading.Lock()


class MissingGlyph(RuleBroken):
    """No font of ours has this character; printed, it would be a box."""

    code = "missing_glyph"
    message = _("字库里没有“%(character)s”（%(codepoint)s），暂时不能印在文件上。请换用其他写法。")


class PageCount(RuntimeError):
    """The document does not have the number of pages it must have."""


@dataclass(frozen=True, slots=True)
class Attached:
    """A file inside the PDF: machine-readable data that belongs to what is printed."""

    name: str
    content: bytes
    description: str
    relationship: str = "Data"


def font_dir() -> Path:
    """The folder of our fonts; nothing outside it is read while rendering."""
    return bundle_dir() / "static" / "fonts"


# --- glyphs --------------------------------------------------------------------------------------
@cache
def _characters() -> frozenset[int]:
    from fontTools.ttLib import TTFont

    found: set[int] = set()
    for name in (REGULAR, FULL):
        with TTFont(font_dir() / name, lazy=True) as font:
            found.update(font.getBestCmap())
    return frozenset(found)


def missing_glyphs(text: str) -> list[str]:
    """The characters of ``text`` that would not print, in order, each once.

    Control, format, private and unassigned characters never print, whatever a font says.
    """
    known = _characters()
    return [
        character
        for character in dict.fromkeys(text)
        if ord(character) not in known or unicodedata.category(character).startswith("C")
    ]


def require_glyphs(*texts: str) -> None:
    """Refuse what would print as a box. Raises MissingGlyph, naming the first such character."""
    for text in texts:
        for character in missing_glyphs(text):
            shown = character if character.isprintable() else "?"
            raise MissingGlyph(character=shown, codepoint=f"U+{ord(character):04X}")


# --- rendering -----------------------------------------------------------------------------------
def harfbuzz_subset_present() -> bool:
    """Whether libharfbuzz-subset is installed; without it fonts are cut ten times slower."""
    try:
        ctypes.CDLL("libharfbuzz-subset.so.0")
    except OSError:
        return False
    return True


@dataclass(frozen=True, slots=True)
class _Engine:
    """One per process: the font map costs more to build than a receipt to draw."""

    weasyprint: Any
    fonts: Any
    fetcher: Any
    faces: Any


@cache
def _engine() -> _Engine:
    import weasyprint
    from weasyprint.text.fonts import FontConfiguration
    from weasyprint.urls import FatalURLFetchingError, URLFetcher

    folder = font_dir().resolve()

    class FontsOnly(URLFetcher):  # type: ignore[misc] # WeasyPrint publishes no types
        """Answers for the files of the font folder; anything else stops the document."""

        def fetch(self, url: str, headers: Any = None) -> Any:
            allowed = {(folder / name).as_uri() for name in (REGULAR, BOLD, FULL)}
            if url not in allowed:
                raise FatalURLFetchingError(f"a document asked for {url[:200]!r}")
            return super().fetch(url, headers)

    fonts = FontConfiguration()
    fetcher = FontsOnly(allowed_protocols={"file"}, allow_redirects=False, fail_on_errors=True)
    faces = weasyprint.CSS(
        string=_FONT_FACES, base_url=f"{folder.as_uri()}/", url_fetcher=fetcher, font_config=fonts
    )
    return _Engine(weasyprint, fonts, fetcher, faces)


def load() -> None:
    """Load WeasyPrint and the fonts now, not with the first document."""
    _engine()


class ForbiddenResource(RuntimeError):
    """A document asked for something outside the font folder."""


def render(
    html: str,
    *,
    css: str,
    made_at: dt.datetime,
    identifier: bytes,
    attachments: Sequence[Attached] = (),
    pages: int | None = None,
) -> bytes:
    """The PDF of ``html`` (with ``<title>`` and ``<html lang>``) dressed by ``css``.

    ``made_at`` is aware and becomes every date inside; ``identifier`` becomes the file's own.
    Raises PageCount when the document has other than ``pages`` pages, ForbiddenResource when it
    asks for anything but our fonts. Check the texts with ``require_glyphs`` before.
    """
    with _one_at_a_time:
        engine = _engine()
        try:
            document = _lay_out(engine, html, css)
            if pages is not None and len(document.pages) != pages:
                raise PageCount(f"{len(document.pages)} pages instead of {pages}")
            _describe(engine, document, made_at.astimezone(dt.UTC), attachments)
            made: bytes = document.write_pdf(pdf_variant=VARIANT, pdf_identifier=identifier)
        except BaseException as error:
            # WeasyPrint's own fatal error is no Exception: it would end the worker.
            if type(error).__name__ == "FatalURLFetchingError":
                raise ForbiddenResource(str(error)) from error
            raise
    return made


def _lay_out(engine: _Engine, html: str, css: str) -> Any:
    # An address that exists nowhere: a relative reference must not find a file beside ours.
    source = engine.weasyprint.HTML(
        string=html, base_url="forbidden:/", url_fetcher=engine.fetcher, media_type="print"
    )
    document = source.render(
        font_config=engine.fonts, stylesheets=[engine.faces, _sheet(css)], pdf_variant=VARIANT
    )
    if not document.metadata.title or not document.metadata.lang:
        raise ValueError("a PDF/A document has a title and a language")
    return document


def _describe(
    engine: _Engine, document: Any, moment: dt.datetime, attachments: Sequence[Attached]
) -> None:
    """Set dates and attachments; links of the document to attachments are dropped."""
    document.metadata.created = document.metadata.modified = moment.strftime("%Y-%m-%dT%H:%M:%SZ")
    document.metadata.attachments = [
        # A new one for each document: WeasyPrint empties it by reading.
        engine.weasyprint.Attachment(
            string=file.content,
            url_fetcher=engine.fetcher,
            name=file.name,
            description=file.description,
            relationship=file.relationship,
            created=moment,
            modified=moment,
        )
        for file in attachments
    ]


@cache
def _sheet(css: str) -> Any:
    engine = _engine()
    return engine.weasyprint.CSS(
        string=css, base_url="forbidden:/", url_fetcher=engine.fetcher, font_config=engine.fonts
    )
