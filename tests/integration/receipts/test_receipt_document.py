"""The receipt read back by other programs than the one that wrote it."""

from __future__ import annotations

import dataclasses
import json
import re
import shutil
import subprocess
from io import BytesIO
from pathlib import Path

import pikepdf
import pytest
import zxingcpp
from PIL import Image

from charity.kernel import pdf
from charity.receipts import rules
from charity.receipts.document import draw, page_html, render_many
from charity.receipts.rules import Facts
from tests.factories.receipts import facts, longest_facts

GOLDEN = Path(__file__).parents[2] / "golden" / "receipts"


def run(*command: str | Path) -> str:
    done = subprocess.run([str(c) for c in command], capture_output=True, text=True)
    assert done.returncode == 0, (command, done.stdout, done.stderr)
    return done.stdout


@pytest.fixture(scope="module")
def made() -> bytes:
    return draw(facts())


@pytest.fixture
def paper(made: bytes, tmp_path: Path) -> Path:
    path = tmp_path / "receipt.pdf"
    path.write_bytes(made)
    return path


def words(path: Path) -> str:
    """The text without blanks, as pdftotext orders it."""
    return re.sub(r"\s", "", run("pdftotext", "-raw", path, "-"))


def saved(made: bytes, folder: Path) -> Path:
    path = folder / "one.pdf"
    path.write_bytes(made)
    return path


def test_text_as_poppler_reads_it(paper: Path) -> None:
    text = words(paper)
    for wanted in (
        "捐赠确认书", "陇原示例慈善基金会", "编号T2026-00000001", "张小明", "对外公示为：张*",
        "家家幸福一元捐", "备案编号53620000MJT00000XXA26001", "秦安县刘坪镇妇女联合会",
        "贰拾柒万肆仟捌佰贰拾肆元玖角肆分", "¥274,824.94", "2026年11月20日", "2026年11月21日",
        "王惠兰", "53620000MJT0000001", "7K2M-9QXP-4HTB-E3WD", "charity.example.org/verify",
        "待开具", "本确认书不是公益事业捐赠票据，不作税前扣除凭据。", "测试数据本页不代表真实捐赠",
    ):  # fmt: skip
        assert wanted in text, wanted
    assert text.count("本页不代表真实捐赠") == 2


def test_page_as_poppler_reads_it(paper: Path) -> None:
    info = run("pdfinfo", "-isodates", paper)
    assert re.search(r"Title:\s+捐赠确认书 T2026-00000001", info)
    assert re.search(r"Pages:\s+1$", info, re.MULTILINE)
    assert re.search(r"Tagged:\s+yes", info)
    assert re.search(r"JavaScript:\s+no", info)
    assert re.search(r"CreationDate:\s+2026-11-21T03:04:05", info)
    size = re.search(r"Page size:\s+([\d.]+) x ([\d.]+)", info)
    assert size is not None
    assert (round(float(size[1])), round(float(size[2]))) == (420, 595)  # A5 portrait, points
    title = re.search(r"Title:(.*)", info)
    assert title is not None
    assert not re.search("票据|收据|发票|凭证", title[1])


def test_fonts_are_embedded(paper: Path) -> None:
    lines = run("pdffonts", paper).splitlines()[2:]
    assert lines
    for line in lines:
        assert re.search(r"\byes\s+yes\s+yes\b", line), line  # embedded, subset, to Unicode
        assert "Charity-Sans" in line or "NotoSansSC" in line or "Noto" in line, line


def test_qpdf_finds_nothing_wrong(paper: Path) -> None:
    assert "No syntax or stream encoding errors found" in run("qpdf", "--check", paper)


def test_archival_markers_and_data_inside(made: bytes) -> None:
    with pikepdf.open(BytesIO(made)) as document:
        with document.open_metadata() as xmp:
            assert (xmp["pdfaid:part"], xmp["pdfaid:conformance"]) == ("3", "A")
        assert document.Root.OutputIntents[0].S == "/GTS_PDFA1"
        assert document.Root.MarkInfo.Marked is True
        assert str(document.Root.Lang) == "zh-CN"
        assert list(document.attachments) == ["receipt.json"]
        assert str(document.Root.AF[0].AFRelationship) == "/Data"
        data = document.attachments["receipt.json"].get_file().read_bytes()
    assert data == rules.facts_json(facts())
    assert json.loads(data)["amount_fen"] == 27_482_494


def test_every_picture_has_words(made: bytes) -> None:
    def alternatives(node: pikepdf.Object) -> list[str]:
        found = []
        if isinstance(node, pikepdf.Dictionary):
            if node.get("/S") == "/Figure":
                found.append(str(node.get("/Alt", "")))
            for kid in _kids(node):
                found += alternatives(kid)
        return found

    with pikepdf.open(BytesIO(made)) as document:
        assert alternatives(document.Root.StructTreeRoot) == ["查验二维码"]


def _kids(node: pikepdf.Object) -> list[pikepdf.Object]:
    kids = node.get("/K", [])
    return list(kids) if isinstance(kids, pikepdf.Array) else [kids]


@pytest.mark.parametrize("resolution", [150, 96])
def test_qr_is_read_from_the_rendered_page(paper: Path, tmp_path: Path, resolution: int) -> None:
    run("pdftoppm", "-r", str(resolution), "-gray", "-png", "-singlefile", paper, tmp_path / "page")
    with Image.open(tmp_path / "page.png") as page:
        (code,) = zxingcpp.read_barcodes(page)
    assert code.text == (
        "https://charity.example.org/verify?number=T2026-00000001&code=7K2M-9QXP-4HTB-E3WD"
    )


def test_the_same_facts_give_the_same_bytes(made: bytes) -> None:
    assert draw(facts()) == made


def test_page_is_the_kept_one(request: pytest.FixtureRequest) -> None:
    """The template's HTML, so that an issued version is never changed unnoticed."""
    for name, given in (
        ("v1.html", facts()),
        ("v1-real-anonymous.html", facts(
            test=False, number="R2026-00000007", donor="爱心人士", donor_public=None,
            bill_wish="anonymous", amount_fen=100,
        )),
    ):  # fmt: skip
        html = page_html(given)
        kept = GOLDEN / name
        if not kept.exists():
            kept.write_text(html, "utf-8")
        assert html == kept.read_text("utf-8"), f"delete {kept} to keep the new one"


REAL = {"test": False, "number": "R2026-00000001"}


@pytest.mark.parametrize(
    ("given", "present", "absent"),
    [
        (facts(**REAL), ["R2026-00000001"], ["测试数据"]),
        (facts(bill_wish="waived"), ["捐赠人未要求开具"], ["待开具", "票据代码"]),
        (facts(bill_wish="anonymous", donor="爱心人士", donor_public=None),
         ["爱心人士", "匿名捐赠，不开具"], ["对外公示"]),
        (facts(replaces="T2026-00000009"), ["换开自T2026-00000009，原件已作废"], []),
        (facts(donor="陇原示例公司", donor_uscc="91620000MA00000001", donor_public=None),
         ["统一社会信用代码91620000MA00000001"], []),
        (facts(amount_fen=100), ["壹元整", "¥1.00"], []),
    ],
)  # fmt: skip
def test_what_each_receipt_says(
    given: Facts, present: list[str], absent: list[str], tmp_path: Path
) -> None:
    text = words(saved(draw(given), tmp_path))
    assert [w for w in present if w not in text] == []
    assert [w for w in absent if w in text] == []


@pytest.mark.parametrize("bill_wish", ["wanted", "waived", "anonymous"])
def test_the_longest_texts_stay_on_one_page(bill_wish: str, tmp_path: Path) -> None:
    given = dataclasses.replace(longest_facts(), bill_wish=bill_wish)
    rules.require_fits(given)
    path = saved(draw(given), tmp_path)
    text = words(path)
    for value in (given.donor, given.campaign_name, given.unit_name, given.handler):
        assert value in text
    run("pdftoppm", "-r", "150", "-gray", "-png", "-singlefile", path, tmp_path / "page")
    with Image.open(tmp_path / "page.png") as page:
        assert zxingcpp.read_barcodes(page)[0].text == given.verify_url


@pytest.mark.parametrize("name", ["donor", "campaign_name", "unit_name"])
def test_each_text_alone_at_any_length_stays_on_one_page(name: str) -> None:
    """The page changes its density by length: each side of each change must hold."""
    limit = rules.LIMITS[name]
    for length in {1, 20, 21, 26, 27, 44, 45, 60, 61, 96, 97, 100, limit}:
        if length <= limit:
            draw(facts(**{name: "慈" * length}, donor_uscc="91620000MA00000001"))


def test_rare_surnames_are_printed_and_their_glyphs_embedded(tmp_path: Path) -> None:
    path = saved(draw(facts(donor="㛃䶮歐陽龘", donor_public=None)), tmp_path)
    assert "㛃䶮歐陽龘" in words(path)
    assert "Charity-Sans-Full" in run("pdffonts", path)


def test_a_missing_glyph_is_refused() -> None:
    with pytest.raises(pdf.MissingGlyph) as refusal:
        draw(facts(donor="𠮷田"))
    assert refusal.value.facts["character"] == "𠮷"


@pytest.mark.parametrize(
    "hostile",
    [
        "<img src=file:///etc/passwd>", "{{ 7*7 }}", "{% raw %}", "</title><script>x</script>",
        "<style>*{display:none}</style>", "&lt;b&gt;", "\"'><svg onload=x>",
    ],
)  # fmt: skip
def test_what_a_donor_writes_is_only_text(hostile: str, tmp_path: Path) -> None:
    given = facts(donor=hostile, campaign_name=hostile, unit_name=hostile, handler=hostile[:30])
    assert words(saved(draw(given), tmp_path)).count(re.sub(r"\s", "", hostile)) >= 3


@pytest.mark.slow
def test_bulk_equals_single(tmp_path: Path) -> None:
    given = [
        facts(number=f"T2026-{n:08d}", amount_fen=n * 101, donor="㛃" * n) for n in range(1, 7)
    ]
    bulk = list(render_many(given, processes=2))
    assert bulk == [draw(one) for one in given]
    assert bulk == list(render_many(given))


def test_tools_are_here() -> None:
    """The checks above are worth something only when the programs exist."""
    for name in ("pdftotext", "pdfinfo", "pdffonts", "pdftoppm", "qpdf"):
        assert shutil.which(name), name
