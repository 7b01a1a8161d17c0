"""Files from outside, checked by what is in them and cleaned before they are kept.

Rule: PDF, JPEG and PNG only, told by content and never by name; a name that says otherwise is
refused, since someone is mistaken or lying. A picture is drawn anew from its pixels, so nothing it
carried beside them survives: no place, no camera, no second file behind the first. A PDF is kept as
it is and refused when it can act (scripts, launches, files inside, encryption) or when anything
stands before or behind it; that is a sieve, not a proof, so it is also served only as a download
in a sandbox. Pure of databases and requests; slow, so never inside ``atomic``.
"""

from __future__ import annotations

import io
import re
import threading
import zlib
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass

from flask_babel import lazy_gettext as _
from PIL import Image, ImageFile, ImageOps

from charity.kernel.errors import RuleBroken

MAX_BYTES = 8 * 1024 * 1024
MAX_PIXELS = 40_000_000
LONGEST = 2_400
MAX_INFLATED = 24 * 1024 * 1024

_ENDINGS = {
    "application/pdf": (".pdf",),
    "image/jpeg": (".jpg", ".jpeg"),
    "image/png": (".png",),
}
_FORMATS = ("JPEG", "PNG")
# What makes a PDF act, or hides what is in it.
_ACTS = re.compile(
    rb"/(?:JavaScript|Rendition|Launch|EmbeddedFiles?|RichMedia|Encrypt|XFA|ImportData|SubmitForm"
    rb"|GoToE)"
    rb"(?![A-Za-z0-9])"
)
_ESCAPED = re.compile(rb"#([0-9A-Fa-f]{2})")
_STREAM = re.compile(rb"stream\r?\n")
# An object stream begins with pairs of numbers, whatever its dictionary calls it.
_OBJECTS = re.compile(rb"\s*\d+\s+\d+\s")
_looking = threading.Lock()


class FileTooLarge(RuleBroken):
    """More bytes than we keep."""

    code = "file_too_large"
    message = _("文件不能超过 %(megabytes)s MB。")
    field = "file"
    status = 413


class FileMissing(RuleBroken):
    """Nothing was chosen, or it is empty."""

    code = "file_missing"
    message = _("请选择文件。")
    field = "file"


class FileNotAllowed(RuleBroken):
    """Neither PDF nor JPEG nor PNG, whatever its name says."""

    code = "file_not_allowed"
    message = _("只能上传 PDF、JPEG 或 PNG 文件。")
    field = "file"
    status = 415


class NameMisleads(RuleBroken):
    """The name's ending says another kind of file than the content is."""

    code = "name_misleads"
    message = _("文件名的后缀和文件内容不一致，请检查后再上传。")
    field = "file"


class FileBroken(RuleBroken):
    """It begins like a picture or a PDF and cannot be read as one."""

    code = "file_broken"
    message = _("文件已损坏，或者不完整，无法读取。")
    field = "file"


class PictureOnly(RuleBroken):
    """A PDF where only a picture is kept: pictures inside a PDF keep their place and camera."""

    code = "picture_only"
    message = _("这里只能上传 JPEG 或 PNG 图片。PDF 文件请截图或拍照后再上传。")
    field = "file"
    status = 415


class TooManyPixels(RuleBroken):
    """A picture that would fill the memory when it is opened."""

    code = "too_many_pixels"
    message = _("图片尺寸过大，请缩小到 4000 万像素以内。")
    field = "file"


class FileActs(RuleBroken):
    """A PDF with scripts, files inside, launches or encryption, or with something around it."""

    code = "file_acts"
    message = _("这个 PDF 含有脚本、附件、加密或其他多余内容，请另存为普通 PDF 后再上传。")
    field = "file"


@dataclass(frozen=True, slots=True)
class Clean:
    """A file fit to be kept: its content, what it is, and of a picture its size in pixels."""

    content: bytes
    media_type: str
    suffix: str
    width: int | None = None
    height: int | None = None


def clean(content: bytes, name: str, *, max_bytes: int = MAX_BYTES) -> Clean:
    """The file as it may be kept and served.

    Raises ``FileMissing``, ``FileTooLarge``, ``FileNotAllowed``, ``NameMisleads``, ``FileBroken``,
    ``TooManyPixels``, ``FileActs``.
    """
    if not content:
        raise FileMissing
    if len(content) > max_bytes:
        raise FileTooLarge(megabytes=max_bytes // (1024 * 1024))
    media_type = _kind(content)
    ending = f".{name.rpartition('.')[2].lower()}" if "." in name else ""
    if ending not in _ENDINGS[media_type]:
        raise NameMisleads
    return _pdf(content) if media_type == "application/pdf" else _picture(content)


def clean_picture(content: bytes, name: str, *, max_bytes: int = MAX_BYTES) -> Clean:
    """The same for where only a picture will do: a photo drawn anew carries nothing but its pixels.

    Raises what ``clean`` raises, and ``PictureOnly`` for a PDF.
    """
    if content.startswith(b"%PDF-"):
        raise PictureOnly
    return clean(content, name, max_bytes=max_bytes)


def _kind(content: bytes) -> str:
    """What the first bytes say; only at the very beginning, as browsers and readers disagree."""
    if content.startswith(b"%PDF-"):
        return "application/pdf"
    if content.startswith(b"\xff\xd8\xff"):
        return "image/jpeg"
    if content.startswith(b"\x89PNG\r\n\x1a\n"):
        return "image/png"
    raise FileNotAllowed


def _pdf(content: bytes) -> Clean:
    head, found, tail = content.rpartition(b"%%EOF")
    if not found or b"startxref" not in head:
        raise FileBroken
    # Something behind the end is another file (a ZIP is read from its end); one before is, too.
    if tail.strip() or b"PK\x05\x06" in content[-66_000:]:
        raise FileActs
    if _ACTS.search(_plain_names(content)) or _ACTS.search(_plain_names(_hidden_objects(content))):
        raise FileActs
    return Clean(content, "application/pdf", ".pdf")


def _plain_names(content: bytes) -> bytes:
    """Names may be written with ``#4a`` for ``J``."""
    return _ESCAPED.sub(lambda found: bytes([int(found[1], 16)]), content)


def _hidden_objects(content: bytes) -> bytes:
    """What lies in compressed object streams, up to a limit that no honest document reaches."""
    parts: list[bytes] = []
    room = MAX_INFLATED
    for found in _STREAM.finditer(content):
        body = memoryview(content)[found.end() :]
        try:
            if not _OBJECTS.match(zlib.decompressobj().decompress(body, 64)):
                continue
            part = zlib.decompressobj().decompress(body, room)
        except zlib.error:
            continue  # not compressed like this: a picture, a font
        room -= len(part)
        if room <= 0:
            raise FileActs
        parts.append(part)
    return b"\n".join(parts)


@contextmanager
def _nothing_filled_up() -> Iterator[None]:
    """Where WeasyPrint is loaded, Pillow fills up what a broken file lacks; not while we look."""
    with _looking:
        before = ImageFile.LOAD_TRUNCATED_IMAGES
        ImageFile.LOAD_TRUNCATED_IMAGES = False
        try:
            yield
        finally:
            ImageFile.LOAD_TRUNCATED_IMAGES = before


def _picture(content: bytes) -> Clean:
    try:
        with Image.open(io.BytesIO(content), formats=_FORMATS) as opened:
            if opened.width * opened.height > MAX_PIXELS:
                raise TooManyPixels
            # A phone may put a second picture behind the first and Pillow then calls it MPO.
            media_type = "image/png" if opened.format == "PNG" else "image/jpeg"
            with _nothing_filled_up():
                opened.load()
            upright = ImageOps.exif_transpose(opened)
    except (Image.DecompressionBombError, Image.DecompressionBombWarning):
        raise TooManyPixels from None
    except (OSError, ValueError, SyntaxError, EOFError, zlib.error):
        raise FileBroken from None
    drawn = upright.convert("RGBA" if _is_see_through(upright, media_type) else "RGB")
    drawn.thumbnail((LONGEST, LONGEST))
    # Whatever the file said beside its pixels is left behind here.
    drawn.info = {}
    out = io.BytesIO()
    if media_type == "image/png":
        drawn.save(out, "PNG", optimize=True)
    else:
        drawn.save(out, "JPEG", quality=85, optimize=True, progressive=True)
    suffix = ".png" if media_type == "image/png" else ".jpg"
    return Clean(out.getvalue(), media_type, suffix, drawn.width, drawn.height)


def _is_see_through(picture: Image.Image, media_type: str) -> bool:
    return media_type == "image/png" and picture.has_transparency_data
