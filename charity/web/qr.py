"""QR codes as SVG: attributes only, so the content security policy holds for the image, too."""

from __future__ import annotations

import io

import segno
from markupsafe import Markup


def svg(address: str) -> bytes:
    """A QR code that opens ``address``, readable when an eighth of it is dirty or torn."""
    drawn = io.BytesIO()
    segno.make(address, error="m", micro=False).save(
        drawn, kind="svg", scale=8, border=4, light="white", svgclass=None, lineclass=None
    )
    return drawn.getvalue()


def inline(text: str, *, css: str | None = None) -> Markup:
    """The code as a drawing in the page; its size is the style sheet's."""
    drawn = segno.make(text, error="m", micro=False).svg_inline(
        scale=4, border=4, omitsize=True, light="white", svgclass=css, lineclass=None
    )
    return Markup(drawn)  # noqa: S704 - drawn from modules of the code, no text of anyone's in it


def modules(address: str) -> list[list[bool]]:
    """The same as rows of dark and light, with the quiet border, for drawing elsewhere."""
    made = segno.make(address, error="m", micro=False)
    return [[bool(cell) for cell in row] for row in made.matrix_iter(border=4)]
