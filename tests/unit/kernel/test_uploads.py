"""Files from outside: only what they say they are, and nothing beside it."""

from __future__ import annotations

import io
import random
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
    PictureOnly,
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


def jpeg_of(width: int, height: int) -> bytes:
    """A JPEG whose head says that it is that large."""
    small = picture()
    at = small.index(b"\xff\xc0") + 5
    return small[:at] + struct.pack(">HH", height, width) + small[at + 4 :]


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
    pytest.param(jpeg_of(10_000, 10_000), "a.jpg", TooManyPixels, id="hundred-megapixels"),
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


def test_where_only_a_picture_will_do() -> None:
    with pytest.raises(PictureOnly) as caught:
        uploads.clean_picture(pdf(), "a.pdf")
    assert "PDF" in caught.value.sentence()
    assert uploads.clean_picture(picture(), "a.jpg").media_type == "image/jpeg"
    with pytest.raises(FileNotAllowed):
        uploads.clean_picture(SVG, "a.svg")


def with_place() -> Image.Exif:
    """What a phone writes beside a photo: where it was taken, and by which phone."""
    exif = Image.Exif()
    exif.get_ifd(0x8825).update({1: "N", 2: (35.0, 42.0, 11.0), 3: "E", 4: (103.0, 12.0, 9.0)})
    exif[0x010F] = SECRET.decode()
    return exif


def test_the_place_a_photo_was_taken_is_gone() -> None:
    given = picture(exif=with_place())
    with Image.open(io.BytesIO(given)) as read:
        assert read.getexif().get_ifd(0x8825)[2] == (35.0, 42.0, 11.0)
    kept = uploads.clean_picture(given, "a.jpg")
    with Image.open(io.BytesIO(kept.content)) as read:
        assert not read.getexif().get_ifd(0x8825)
    assert b"Exif" not in kept.content


def test_two_pictures_in_one_file_are_kept_as_the_first() -> None:
    """Phones write such files (MPO) and call them .jpg."""
    out, second = io.BytesIO(), Image.new("RGB", (64, 48), (1, 2, 3))
    Image.new("RGB", (64, 48), (180, 50, 31)).save(
        out, "MPO", save_all=True, append_images=[second], exif=with_place()
    )
    kept = uploads.clean_picture(out.getvalue(), "IMG_0001.jpg")
    assert (kept.media_type, kept.width, kept.height) == ("image/jpeg", 64, 48)
    assert kept.content.count(b"\xff\xd8\xff") == 1
    assert SECRET not in kept.content


@pytest.mark.filterwarnings("ignore::UserWarning")  # Pillow's, about metadata it cannot read
@pytest.mark.parametrize("kind", ["JPEG", "PNG"])
def test_broken_pictures_are_refused_or_clean_and_nothing_else(kind: str) -> None:
    """A hundred files each, torn and scratched by a dice that falls the same way every time."""
    dice = random.Random(kind)
    ending = "a.jpg" if kind == "JPEG" else "a.png"
    good = picture(kind, exif=with_place())
    passed = 0
    for _ in range(100):
        torn = bytearray(good)
        for _ in range(dice.randrange(1, 6)):
            torn[dice.randrange(len(torn))] = dice.randrange(256)
        given = bytes(torn[: dice.randrange(len(torn) // 2, len(torn) + 1)]) + dice.randbytes(20)
        try:
            kept = uploads.clean_picture(given, ending)
        except RuleBroken:
            continue
        passed += 1
        assert SECRET not in kept.content
        with Image.open(io.BytesIO(kept.content)) as read:
            assert not read.getexif()
    assert passed < 100


def test_the_pdf_sieve_is_what_refuses(monkeypatch: pytest.MonkeyPatch) -> None:
    """The canary: without it the script passes."""
    monkeypatch.setattr(uploads, "_ACTS", uploads.re.compile(rb"(?!)"))
    assert clean(pdf(OpenAction=script()), "a.pdf").media_type == "application/pdf"
