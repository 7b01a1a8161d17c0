"""What an office may write, and what it can never make a page do."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st
from lxml import html

from charity.kernel import richtext
from charity.kernel.richtext import Picture, render

OWN = {"abc123": Picture("/campaigns/x/files/abc123", 40, 30)}
TAGS = {"p", "br", "h3", "h4", "ul", "ol", "li", "blockquote", "strong", "a", "figure", "img"}
ATTRIBUTES = {"href", "rel", "src", "alt", "width", "height"}


def show(text: str) -> str:
    return str(render(text, OWN.get))


def check_harmless(text: str) -> None:
    """Nothing but our own tags and attributes, addresses we allow, and our own pictures."""
    made = show(text)
    if not made.strip():
        return
    for element in html.fragment_fromstring(made, create_parent="div").iterdescendants():
        assert element.tag in TAGS, made
        assert set(element.attrib) <= ATTRIBUTES, made
        if element.get("src") is not None:
            assert element.get("src") == OWN["abc123"].src, made
            assert element.get("alt", "").strip(), made
        if element.tag == "a":
            assert richtext.is_safe_address(element.get("href") or "/"), made


def test_conventions() -> None:
    text = (
        "## 钱怎样用\n\n第一行\n第二行 **很重要**\n\n- 一\n- 二\n\n1. 甲\n2、乙\n\n> 引文\n\n"
        "### 小节\n\n看[账本](/transparency)和[平台](https://platform.example.org/a?b=1&c=2)。\n\n"
        "![一张图](picture:abc123)"
    )
    made = show(text)
    for part in (
        "<h3>钱怎样用</h3>",
        "<p>第一行<br>第二行 <strong>很重要</strong></p>",
        "<ul><li>一</li><li>二</li></ul>",
        "<ol><li>甲</li><li>乙</li></ol>",
        "<blockquote><p>引文</p></blockquote>",
        "<h4>小节</h4>",
        '<a href="/transparency" rel="noopener">账本</a>',
        'href="https://platform.example.org/a?b=1&amp;c=2"',
        '<figure><img src="/campaigns/x/files/abc123" alt="一张图" width="40" height="30">',
    ):
        assert part in made, made
    check_harmless(text)


ATTACKS = [
    "<script>alert(1)</script>",
    "<scr<script>ipt>alert(1)</scr</script>ipt>",
    "<img src=x onerror=alert(1)>",
    "<svg/onload=alert(1)>",
    "<svg><style><img src=x onerror=alert(1)></style></svg>",
    "<math><mtext><table><mglyph><style><img src=x onerror=alert(1)>",
    "<p style='background:url(javascript:alert(1))'>x</p>",
    "<iframe srcdoc='<script>alert(1)</script>'></iframe>",
    "<noscript><p title='</noscript><img src=x onerror=alert(1)>'>",
    "<a href='javascript:alert(1)'>x</a>",
    "[x](javascript:alert(1))",
    "[x](JaVaScRiPt:alert(1))",
    "[x](java\tscript:alert(1))",
    "[x](data:text/html,<script>alert(1)</script>)",
    "[x](data:text/html;base64,PHNjcmlwdD4=)",
    "[x](vbscript:x)",
    "[x](//evil.example)",
    "[x](/\\evil.example)",
    "[x](https://good.example@evil.example)",
    '[x](https://a.example/"onmouseover="alert(1))',
    "[<img src=x onerror=alert(1)>](https://a.example)",
    "[**<b>**](https://a.example)",
    "![x](https://evil.example/a.png)",
    "![x](javascript:alert(1))",
    "![x](picture:notours)",
    '![x" onerror="alert(1)](picture:abc123)',
    "![<script>](picture:abc123)",
    "![](picture:abc123)",
    "**<script>**alert(1)**</script>**",
    "## <script>alert(1)</script>",
    "- <style>*{display:none}</style>",
    "> <base href=https://evil.example>",
    "<!--><script>alert(1)</script>-->",
    "&lt;script&gt;alert(1)&lt;/script&gt;",
    "<form action=https://evil.example><input name=password></form>",
    "<meta http-equiv=refresh content='0;url=https://evil.example'>",
    "\u202ethgir\u202c \x00 \ufeff<b>x</b>",
]


@pytest.mark.parametrize("attack", ATTACKS)
@pytest.mark.parametrize("around", ["{}", "前{}后", "- {}", "## {}", "**{}**", "[{}](/a)"])
def test_attacks_stay_letters(attack: str, around: str) -> None:
    check_harmless(around.format(attack))
    made = show(around.format(attack)).lower()
    for word in ("<script", "<svg", "<style", "<iframe", 'href="javascript', 'href="data', "<form"):
        assert word not in made


def test_the_cleaning_holds_without_the_escaping(monkeypatch: pytest.MonkeyPatch) -> None:
    """The second wall alone: what is typed reaches nh3 as it is, and does no harm either."""
    monkeypatch.setattr(richtext, "escape", str)
    for attack in ATTACKS:
        check_harmless(attack)
    assert show("<u>x</u>") == "<p>x</p>"


def test_the_escaping_holds_without_the_cleaning(monkeypatch: pytest.MonkeyPatch) -> None:
    """The first wall alone; the canary: without it the tag is there."""
    monkeypatch.setattr(richtext.nh3, "clean", lambda made, **_: made)
    for attack in ATTACKS:
        check_harmless(attack)
    monkeypatch.setattr(richtext, "escape", str)
    with pytest.raises(AssertionError):
        check_harmless("<script>alert(1)</script>")


PIECES = [*"<>\"'&*[]()!:/#->\n 图ap1.`\\", "picture:abc123", "javascript:", "](", "<img src=x "]


@given(st.lists(st.sampled_from(PIECES), max_size=60).map("".join))
def test_any_text_is_harmless_and_never_fails(text: str) -> None:
    check_harmless(text)


@pytest.mark.parametrize("text", ["[" * 20_000, "**" * 10_000, "![" * 10_000, "[a](" * 5_000,
                                  "\n" * 20_000, "- " * 10_000, "> " * 10_000])  # fmt: skip
@pytest.mark.timeout(5)
def test_no_text_keeps_it_busy(text: str) -> None:
    check_harmless(text)


def test_pictures_asked_for() -> None:
    text = "## 标题\n\n**好** [看](/a)\n\n![图](picture:abc123)\n\n![ ](picture:b)"
    assert richtext.pictures_of(text) == [("abc123", "图"), ("b", "")]
