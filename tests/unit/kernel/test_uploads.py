"""Files from outside: only what they say they are, and nothing beside it."""

from __future__ import annotations

import io
import struct
import zipfile
import zlib

import pikepdf
import pytest
from PIL import Image, ImageFile
from PIL.PngImagePlugin import PngInfo

from charity.kernel import uploads
from charity.kernel.errors import RuleBroken
from charity.kernel.uploads import (
    FileActs,
    FileBroken,
    FileMissing,
    FileNotAllowed,
    FileTooLarge,
    NameMisleads,
    TooManyPixels,
    clean,
)

SECRET = b"35.70,103.20 secret"


def picture(kind: str = "JPEG", size: tuple[int, int] = (64, 48), **save: object) -> bytes:
    out = io.BytesIO()
    Image.new("RGB", size, (180, 50, 31)).save(out, kind, **save)  # type: ignore[arg-type]
    return out.getvalue()


def pdf(**root: object) -> bytes:
    """One empty page, with things in its catalogue."""
    made, out = pikepdf.new(), io.BytesIO()
    made.add_blank_page()
    for name, value in root.items():
        made.Root[f"/{name}"] = value
    made.save(out)
    return out.getvalue()


def png_of(width: int, height: int) -> bytes:
    """A PNG that says it is that large and has little in it: a bomb when it is."""

    def chunk(name: bytes, body: bytes) -> bytes:
        return (
            struct.pack(">I", len(body)) + name + body + struct.pack(">I", zlib.crc32(name + body))
        )

    head = struct.pack(">IIBBBBB", width, height, 1, 0, 0, 0, 0)
    return (
        b"\x89PNG\r\n\x1a\n" + chunk(b"IHDR", head)
        + chunk(b"IDAT", zlib.compress(b"\0" * 1000)) + chunk(b"IEND", b"")
    )  # fmt: skip


def zipped() -> bytes:
    out = io.BytesIO()
    with zipfile.ZipFile(out, "w") as archive:
        archive.writestr("a.html", "<script>alert(1)</script>")
    return out.getvalue()


def test_good_files_are_kept() -> None:
    assert clean(pdf(), "方案.PDF").media_type == "application/pdf"
    kept = clean(picture(), "a.jpeg")
    assert (kept.media_type, kept.suffix, kept.width, kept.height) == ("image/jpeg", ".jpg", 64, 48)
    assert clean(picture("PNG"), "a.png").media_type == "image/png"


def test_a_picture_loses_everything_but_its_pixels() -> None:
    exif = Image.Exif()
    exif[0x010E] = SECRET.decode()
    exif[0x0112] = 6  # lies on its side
    jpeg = picture(exif=exif, comment=SECRET, icc_profile=SECRET * 10)
    assert SECRET in jpeg
    kept = clean(jpeg, "a.jpg")
    assert SECRET not in kept.content
    assert (kept.width, kept.height) == (48, 64)
    with Image.open(io.BytesIO(kept.content)) as read:
        assert not read.getexif()
        assert "icc_profile" not in read.info
    info = PngInfo()
    info.add_text("Comment", SECRET.decode())
    png = picture("PNG", pnginfo=info, icc_profile=SECRET * 10, exif=exif)
    assert SECRET in png
    kept = clean(png, "a.png")
    assert SECRET not in kept.content
    with Image.open(io.BytesIO(kept.content)) as read:
        assert not {"Comment", "icc_profile", "exif"} & set(read.info)


def test_what_hangs_behind_a_picture_is_gone() -> None:
    kept = clean(picture() + zipped(), "a.jpg")
    assert b"PK" not in kept.content
    assert b"script" not in clean(picture("PNG") + b"<script>alert(1)</script>", "a.png").content


def test_a_large_picture_is_drawn_smaller() -> None:
    kept = clean(picture("PNG", (5_000, 100)), "a.png")
    assert (kept.width, kept.height) == (uploads.LONGEST, 48)


SVG = b"<svg xmlns='http://www.w3.org/2000/svg'><script>alert(1)</script></svg>"


def script() -> pikepdf.Dictionary:
    """An action that runs a script; an object belongs to one file, so a new one each time."""
    return pikepdf.Dictionary(S=pikepdf.Name.JavaScript, JS=pikepdf.String("app.alert(1)"))


def hidden(value: object) -> bytes:
    """The same catalogue entry in a compressed object stream."""
    made, out = pikepdf.new(), io.BytesIO()
    made.add_blank_page()
    made.Root.OpenAction = made.make_indirect(value)
    made.save(out, object_stream_mode=pikepdf.ObjectStreamMode.generate)
    return out.getvalue()


def locked() -> bytes:
    made, out = pikepdf.new(), io.BytesIO()
    made.add_blank_page()
    made.save(out, encryption=pikepdf.Encryption(owner="a", user="b"))
    return out.getvalue()


REFUSED = [
    pytest.param(b"", "a.pdf", FileMissing, id="empty"),
    pytest.param(SVG, "a.svg", FileNotAllowed, id="svg"),
    pytest.param(SVG, "a.png", FileNotAllowed, id="svg-called-png"),
    pytest.param(b"GIF89a" + b"\0" * 20, "a.gif", FileNotAllowed, id="gif"),
    pytest.param(b"<html><script>", "a.pdf", FileNotAllowed, id="html-called-pdf"),
    pytest.param(zipped(), "a.pdf", FileNotAllowed, id="zip-called-pdf"),
    pytest.param(b"MZ" + b"\0" * 100, "a.pdf.exe", FileNotAllowed, id="program"),
    pytest.param(b"\n" + pdf(), "a.pdf", FileNotAllowed, id="something-before"),
    pytest.param(b"GIF89a/*" + pdf(), "a.pdf", FileNotAllowed, id="gif-and-pdf"),
    pytest.param(picture(), "a.pdf", NameMisleads, id="jpeg-called-pdf"),
    pytest.param(picture(), "a.png", NameMisleads, id="jpeg-called-png"),
    pytest.param(picture(), "a.html", NameMisleads, id="jpeg-called-html"),
    pytest.param(picture(), "jpg", NameMisleads, id="no-ending"),
    pytest.param(pdf(), "a.pdf.html", NameMisleads, id="pdf-called-html"),
    pytest.param(pdf() + zipped(), "a.pdf", FileActs, id="pdf-and-zip"),
    pytest.param(pdf() + b"<script>alert(1)</script>", "a.pdf", FileActs, id="pdf-and-html"),
    pytest.param(
        pdf().replace(b"%%EOF", zipped() + b"\n%%EOF"), "a.pdf", FileActs, id="zip-inside-pdf"
    ),
    pytest.param(pdf(OpenAction=script()), "a.pdf", FileActs, id="pdf-script"),
    pytest.param(
        pdf(OpenAction=script()).replace(b"/JavaScript", b"/J#61vaScript"), "a.pdf", FileActs,
        id="pdf-script-written-otherwise",
    ),
    pytest.param(hidden(script()), "a.pdf", FileActs, id="pdf-script-compressed"),
    pytest.param(
        pdf(OpenAction=pikepdf.Dictionary(S=pikepdf.Name.Launch)), "a.pdf", FileActs, id="launch"
    ),
    pytest.param(
        pdf(Names=pikepdf.Dictionary(EmbeddedFiles=pikepdf.Dictionary())), "a.pdf", FileActs,
        id="files-inside",
    ),
    pytest.param(locked(), "a.pdf", FileActs, id="locked"),
    pytest.param(pdf()[:200], "a.pdf", FileBroken, id="half-a-pdf"),
    pytest.param(b"%PDF-1.7\n%%EOF", "a.pdf", FileBroken, id="hardly-a-pdf"),
    pytest.param(picture()[:300], "a.jpg", FileBroken, id="half-a-jpeg"),
    pytest.param(b"\xff\xd8\xff" + b"\0" * 100, "a.jpg", FileBroken, id="hardly-a-jpeg"),
    pytest.param(picture("PNG")[:60], "a.png", FileBroken, id="half-a-png"),
    pytest.param(png_of(100_000, 100_000), "a.png", TooManyPixels, id="bomb"),
    pytest.param(png_of(12_000, 12_000), "a.png", TooManyPixels, id="small-bomb"),
    pytest.param(png_of(7_000, 6_000), "a.png", TooManyPixels, id="smallest-bomb"),
]  # fmt: skip


@pytest.mark.parametrize("filling_up", [False, True])
@pytest.mark.parametrize(("content", "name", "error"), REFUSED)
def test_refused(
    content: bytes,
    name: str,
    error: type[RuleBroken],
    filling_up: bool,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    # As Pillow is before WeasyPrint is loaded, and after.
    monkeypatch.setattr(ImageFile, "LOAD_TRUNCATED_IMAGES", filling_up)
    with pytest.raises(error) as caught:
        clean(content, name)
    assert caught.value.sentence()


def test_too_many_bytes() -> None:
    with pytest.raises(FileTooLarge) as caught:
        clean(pdf() + b"\n" * uploads.MAX_BYTES, "a.pdf")
    assert "8" in caught.value.sentence()


def test_the_pdf_sieve_is_what_refuses(monkeypatch: pytest.MonkeyPatch) -> None:
    """The canary: without it the script passes."""
    monkeypatch.setattr(uploads, "_ACTS", uploads.re.compile(rb"(?!)"))
    assert clean(pdf(OpenAction=script()), "a.pdf").media_type == "application/pdf"
