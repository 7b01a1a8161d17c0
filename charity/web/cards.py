"""Share cards: a picture of 1200 × 630 that a messenger shows beside a link to a unit's page.

Rule: names, the filing number and a QR code; no person, no amount, nothing that asks for haste. A
card is drawn once for its words and kept in memory; the same words give the same bytes.
"""

from __future__ import annotations

import io
from dataclasses import dataclass
from functools import cache, lru_cache

from fontTools.ttLib import TTFont
from PIL import Image, ImageDraw, ImageFont

from charity.kernel.pdf import BOLD, FULL, REGULAR, font_dir
from charity.web import qr

WIDTH, HEIGHT = 1200, 630
_PAPER, _INK, _INK_2 = "#FBF7F0", "#1F1B16", "#5A5146"
_PINE, _AMBER, _AMBER_WASH = "#2B6A4D", "#7A4B00", "#FFF1D0"
_EDGE, _QR = 72, 264
_TEXT_WIDTH = WIDTH - 3 * _EDGE - _QR
_KEPT = 256  # cards of about 40 KB


@dataclass(frozen=True, slots=True)
class Card:
    """The words of a card, in the reader's language. ``test`` is empty on real money."""

    charity: str
    campaign: str
    unit: str
    filing: str
    rule: str
    test: str
    address: str


@lru_cache(maxsize=_KEPT)
def png(card: Card) -> bytes:
    """The card as a PNG."""
    image = Image.new("RGB", (WIDTH, HEIGHT), _PAPER)
    draw = ImageDraw.Draw(image)
    draw.rectangle((0, 0, WIDTH, 12), fill=_PINE)
    _line(draw, (_EDGE, 64), card.charity, 30, _INK_2)
    _line(draw, (_EDGE, 118), card.campaign, 40, _INK)
    top = 220
    for line in _wrapped(card.unit, 68, 3):
        _line(draw, (_EDGE, top), line, 68, _INK, bold=True)
        top += 92
    _line(draw, (_EDGE, HEIGHT - 138), card.rule, 28, _PINE)
    _line(draw, (_EDGE, HEIGHT - 92), card.filing, 28, _INK_2)
    _code(image, card.address)
    if card.test:
        draw.rectangle((0, HEIGHT - 40, WIDTH, HEIGHT), fill=_AMBER_WASH)
        _line(draw, (_EDGE, HEIGHT - 36), card.test, 22, _AMBER)
    out = io.BytesIO()
    image.convert("P", palette=Image.Palette.ADAPTIVE, colors=64).save(out, "PNG", optimize=True)
    return out.getvalue()


def _code(image: Image.Image, address: str) -> None:
    """The QR code on white, at the right, as large as whole pixels for each module allow."""
    rows = qr.modules(address)
    scale = max(1, _QR // len(rows))
    size = scale * len(rows)
    left, top = WIDTH - _EDGE - size, (HEIGHT - size) // 2
    draw = ImageDraw.Draw(image)
    draw.rectangle((left, top, left + size - 1, top + size - 1), fill="#FFFFFF")
    for y, row in enumerate(rows):
        for x, dark in enumerate(row):
            if dark:
                at = (left + x * scale, top + y * scale)
                draw.rectangle((*at, at[0] + scale - 1, at[1] + scale - 1), fill="#000000")


def _line(
    draw: ImageDraw.ImageDraw,
    at: tuple[int, int],
    text: str,
    size: int,
    fill: str,
    *,
    bold: bool = False,
) -> None:
    """One line of text, cut with an ellipsis where the room ends."""
    font = _font(_face(text, bold=bold), size)
    if font.getlength(text) > _TEXT_WIDTH:
        while text and font.getlength(f"{text}…") > _TEXT_WIDTH:
            text = text[:-1]
        text = f"{text}…"
    draw.text(at, text, font=font, fill=fill)


def _wrapped(text: str, size: int, most: int) -> list[str]:
    """The text in at most so many lines; Chinese breaks anywhere, Latin between words."""
    font = _font(_face(text, bold=True), size)
    lines, line = [], ""
    for part in _parts(text):
        if line and font.getlength(line + part) > _TEXT_WIDTH:
            lines.append(line.rstrip())
            line = part.lstrip()
        else:
            line += part
    lines = [*lines, line]
    return lines if len(lines) <= most else [*lines[: most - 1], "".join(lines[most - 1 :])]


def _parts(text: str) -> list[str]:
    parts: list[str] = []
    for char in text:
        if parts and char.isascii() and parts[-1][-1].isascii() and char != " ":
            parts[-1] += char
        else:
            parts.append(char)
    return parts


def _face(text: str, *, bold: bool) -> str:
    """The small font where it has every character, else the full one."""
    name = BOLD if bold else REGULAR
    return name if {ord(char) for char in text} <= _characters(name) else FULL


@cache
def _characters(name: str) -> frozenset[int]:
    with TTFont(font_dir() / name, lazy=True) as font:
        return frozenset(font.getBestCmap())


@cache
def _font(name: str, size: int) -> ImageFont.FreeTypeFont:
    return ImageFont.truetype(str(font_dir() / name), size, layout_engine=ImageFont.Layout.BASIC)
