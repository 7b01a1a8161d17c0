"""The receipt as the API serves it, read back by programs that are not ours."""

from __future__ import annotations

import hashlib
import json
import re
import subprocess
import time
import urllib.error
import urllib.parse
import urllib.request
from pathlib import Path
from typing import Any

import pytest
import zxingcpp
from PIL import Image

from tests.factories import site as world
from tests.live import Site

pytestmark = pytest.mark.slow


def ask(site: Site, path: str, data: bytes | None = None, **headers: str) -> tuple[int, bytes]:
    """Status and body of one request."""
    request = urllib.request.Request(
        site.base + path, data, {name.replace("_", "-"): text for name, text in headers.items()}
    )
    try:
        with urllib.request.urlopen(request, timeout=15) as answer:
            return answer.status, answer.read()
    except urllib.error.HTTPError as error:
        with error:
            return error.code, error.read()


def told(site: Site, path: str) -> Any:
    """The JSON at ``path``."""
    status, body = ask(site, path)
    assert status == 200, body
    return json.loads(body)


@pytest.fixture
def gift(live: Site) -> dict[str, str]:
    """A gift paid and receipted through the outside doors only."""
    wish = {
        "items": [{"campaign": world.OPEN, "unit": world.TOWN, "amount_fen": 27_482_494}],
        "donor": {"name": "阿依古丽·买买提", "display": "masked"},
        "provider": "sandbox",
        "receipt": True,
        "bill_wish": "wanted",
    }
    wish["donor"]["phone"] = "13800138000"  # type: ignore[index] # a dict of a literal
    key = hashlib.sha256(f"{time.time_ns()}".encode()).hexdigest()
    status, body = ask(
        live, "/api/v1/gifts", json.dumps(wish).encode(),
        Content_Type="application/json", Idempotency_Key=key,
    )  # fmt: skip
    assert status == 201, body
    made = json.loads(body)
    ask(live, f"/sandbox/pay/{made['provider_reference']}", b"outcome=paid")
    found = {"id": made["gifts"][0]["id"], "key": made["secret"]}
    deadline = time.monotonic() + 30
    while not (number := told(live, f"/api/v1/gifts/{found['id']}")["receipt_number"]):
        assert time.monotonic() < deadline
        time.sleep(0.1)
    return {**found, "number": number}


def tool(*command: str | Path) -> str:
    """What a program prints; it must end well."""
    return subprocess.run(command, check=True, capture_output=True, text=True).stdout


def test_receipt_reads_back_and_leads_home(
    live: Site, gift: dict[str, str], tmp_path: Path
) -> None:
    path = f"/api/v1/gifts/{gift['id']}/receipt.pdf"
    assert ask(live, path)[0] == 404
    assert ask(live, f"{path}?key=wrong")[0] == 404
    status, pdf = ask(live, f"{path}?key={gift['key']}")
    while status == 503:  # not drawn yet; said with Retry-After
        status, pdf = ask(live, f"{path}?key={gift['key']}")
    assert status == 200, pdf
    assert ask(live, f"{path}?key={gift['key']}") == (200, pdf), "other bytes the second time"
    page = f"/gifts/{gift['id']}/receipt.pdf?key={gift['key']}"
    assert ask(live, page) == (200, pdf), "the page hands out another paper than the API"

    file = tmp_path / "receipt.pdf"
    file.write_bytes(pdf)
    tool("qpdf", "--check", file)
    text = tool("pdftotext", "-layout", file, "-")
    for words in (
        "捐赠确认书", gift["number"], "阿依古丽·买买提", "青城镇公益服务站", "家家幸福一元捐",
        "贰拾柒万肆仟捌佰贰拾肆元玖角肆分", "274,824.94",
        "本确认书不是公益事业捐赠票据，不作税前扣除凭据",
    ):  # fmt: skip
        assert words in text, text
    info = tool("pdfinfo", file)
    assert "Pages:           1" in info
    assert "Tagged:          yes" in info
    fonts = tool("pdffonts", file).splitlines()[2:]
    assert fonts
    for line in fonts:  # embedded, cut down, and to be copied as text
        assert re.search(r"Charity-Sans.*\byes\s+yes\s+yes\b", line), line

    tool("pdftoppm", "-r", "150", "-png", file, tmp_path / "page")
    (drawn,) = tmp_path.glob("page*.png")
    with Image.open(drawn) as image:
        (code,) = zxingcpp.read_barcodes(image)
    assert code.text.startswith(f"{live.base}/verify?"), code.text
    where = urllib.parse.urlsplit(code.text)
    asked = dict(urllib.parse.parse_qsl(where.query))
    assert asked["number"] == gift["number"]
    status, answer = ask(live, f"{where.path}?{where.query}", Accept_Language="zh-CN")
    assert status == 200
    assert "现在有效" in answer.decode()

    said = told(live, f"/api/v1/receipts/verify?{urllib.parse.urlencode(asked)}")
    assert said["valid"] is True
    assert said["amount_fen"] == 27_482_494
    assert said["donor_masked"] != "阿依古丽·买买提"
    forged = {**asked, "code": asked["code"][:-1] + ("0" if asked["code"][-1] != "0" else "1")}
    said = told(live, f"/api/v1/receipts/verify?{urllib.parse.urlencode(forged)}")
    assert (said["valid"], said["status"], said["amount_fen"]) == (False, "unknown", None)
