"""A client that looks at every page it gets, as a careful reader would.

Every HTML answer has a status that was expected, a language, one h1, a title, unique ids, headings
in order, balanced tags, labelled fields, the security headers, nothing inline, and only words of
its own language.
"""

from __future__ import annotations

import itertools
import re
from dataclasses import dataclass
from html.parser import HTMLParser
from typing import Any

from flask import Flask
from flask.testing import FlaskClient
from lxml import html
from werkzeug.test import TestResponse

CHINESE = re.compile(r"[\u3400-\u9fff]+")
ENGLISH_SENTENCE = re.compile(r"(?:\b[A-Za-z]{2,}\b[ ,]+){3,}")
SPOKEN = ("alt", "aria-label", "title", "placeholder", "data-busy", "data-says", "content")
VOID = {"area", "base", "br", "col", "embed", "hr", "img", "input", "link", "meta", "source", "wbr"}


class _Balance(HTMLParser):
    """Every element that is opened is closed, in order."""

    def __init__(self) -> None:
        super().__init__()
        self.open: list[str] = []
        self.wrong: list[str] = []

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        names = [name for name, _ in attrs]
        if len(names) != len(set(names)):
            self.wrong.append(f"<{tag}> has an attribute twice")
        if tag not in VOID:
            self.open.append(tag)

    def handle_startendtag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        """A closed element, as in SVG."""

    def handle_endtag(self, tag: str) -> None:
        if not self.open or self.open.pop() != tag:
            self.wrong.append(f"</{tag}> closes something else")


@dataclass(frozen=True)
class Page:
    """One HTML answer, parsed."""

    response: TestResponse
    tree: Any

    @property
    def text(self) -> str:
        """All words of the page, blanks made one."""
        return " ".join(self.tree.text_content().split())

    def all(self, xpath: str) -> list[Any]:
        """What this XPath finds."""
        found = self.tree.xpath(xpath)
        assert isinstance(found, list)
        return found

    def value(self, name: str) -> str:
        """The value of the first field of this name."""
        return str(self.all(f"//input[@name='{name}']/@value")[0])

    def error_of(self, field: str) -> str:
        """The sentence beside a field."""
        found = self.all(f"//*[@id='{field}-error']")
        return " ".join(found[0].text_content().split()) if found else ""

    @property
    def summary(self) -> str:
        """The error summary on top; empty when there is none."""
        found = self.all("//*[@id='error-summary']")
        return " ".join(found[0].text_content().split()) if found else ""


class Client:
    """A visitor with cookies and a language. ``names`` are texts from the data, in any language."""

    def __init__(self, app: Flask, lang: str = "zh", names: frozenset[str] = frozenset()) -> None:
        self.http: FlaskClient = app.test_client()
        self.lang = lang
        self.names = names
        self.headers = {"Accept-Language": "zh-CN" if lang == "zh" else "en-GB"}

    def get(self, path: str, status: int = 200, **kw: Any) -> Page:
        """The page at ``path``, checked."""
        return self._page(self.http.get(path, headers=self.headers, **kw), status)

    def post(self, path: str, data: Any, status: int = 303, **kw: Any) -> Page:
        """Post a form as given, and check the answer."""
        return self._page(self.http.post(path, data=data, headers=self.headers, **kw), status)

    def submit(self, path: str, status: int = 303, **changes: Any) -> Page:
        """Open a page, fill its form's hidden and chosen fields, change some, and send it."""
        return self.post(path, {**fields(self.get(path)), **changes}, status)

    def _page(self, response: TestResponse, status: int) -> Page:
        assert response.status_code == status, (
            f"{response.request.path}: {response.status} instead of {status}\n"
            f"{response.text[:2000]}"
        )
        check_headers(response)
        if response.mimetype != "text/html" or status in (301, 302, 303, 308):
            return Page(response, html.fromstring("<html></html>"))
        page = Page(response, html.document_fromstring(response.text))
        check_page(page, self.lang, self.names)
        return page


def fields(page: Page) -> dict[str, str]:
    """What a browser would send of the page's giving form without touching it."""
    found: dict[str, str] = {}
    for form in page.all("//main//form[@method='post'][1]")[:1]:
        for field in form.xpath(".//input[@name] | .//textarea[@name]"):
            kind = field.get("type", "text")
            if kind in ("radio", "checkbox") and field.get("checked") is None:
                continue
            found[field.get("name")] = field.get("value") or (field.text or "").strip()
    return found


def check_headers(response: TestResponse) -> None:
    """What every answer carries, page or not."""
    policy = response.headers["Content-Security-Policy"]
    assert "default-src 'self'" in policy
    assert "unsafe" not in policy
    assert "frame-ancestors 'none'" in policy
    assert response.headers["X-Content-Type-Options"] == "nosniff"
    assert response.headers["Referrer-Policy"] in ("same-origin", "no-referrer")
    assert "key=" not in response.request.query_string.decode() or (
        response.headers["Referrer-Policy"] == "no-referrer"
        or response.status_code == 404
        or response.request.path.startswith("/verify")
    )
    assert response.headers["Cache-Control"]
    if location := response.headers.get("Location"):
        assert not location.startswith("//")


def check_page(page: Page, lang: str, names: frozenset[str]) -> None:
    """Everything a page keeps to. A fragment (no title of its own) keeps to what it can."""
    where, source = page.response.request.path, page.response.text
    balance = _Balance()
    balance.feed(source)
    assert not balance.wrong, f"{where}: {balance.wrong[:3]}"
    assert not balance.open, f"{where}: not closed: {balance.open}"
    ids = page.all("//@id")
    assert len(ids) == len(set(ids)), f"{where}: ids twice: {[i for i in ids if ids.count(i) > 1]}"
    assert len(page.all("//h1")) == 1, f"{where}: {len(page.all('//h1'))} h1"
    assert not page.all("//style"), where
    assert not page.all("//@style"), where
    assert not page.all("//script[not(@src)]"), where
    inline = [name for element in page.all("//*") for name in element.attrib if name[:2] == "on"]
    assert not inline, f"{where}: {inline}"
    for attribute in ("src", "href"):
        foreign = [
            a for a in page.all(f"//link/@{attribute} | //script/@{attribute} | //img/@{attribute}")
            if not str(a).startswith("/")
        ]  # fmt: skip
        assert not foreign, f"{where}: {foreign}"
    for target in page.all("//@aria-describedby | //@aria-labelledby | //label/@for"):
        for part in str(target).split():
            assert part in ids, f"{where}: nothing has the id {part}"
    for control in page.all("//main//input[not(@type='hidden')] | //select | //textarea"):
        named = control.get("aria-label") or control.xpath("ancestor::label")
        assert named or page.all(f"//label[@for='{control.get('id')}']"), f"{where}: no label"
    if source.lstrip().lower().startswith("<!doctype"):
        check_whole(page, lang)
    check_words(page, lang, names)


def check_whole(page: Page, lang: str) -> None:
    """What only a whole page has: its language, its title, its description, headings in order."""
    where = page.response.request.path
    assert page.all("/html/@lang")[0].startswith(lang), where
    (title,) = page.all("//title")
    assert len(title.text.strip()) > 3, where
    assert page.all("//meta[@name='description']/@content")[0].strip(), where
    levels = [
        int(heading.tag[1]) for heading in page.all("//main//*[self::h1 or self::h2 or self::h3]")
    ]
    assert levels[0] in (1, 2), where
    assert all(b <= a + 1 for a, b in itertools.pairwise(levels)), f"{where}: {levels}"


def check_words(page: Page, lang: str, names: frozenset[str]) -> None:
    """Only the page's language, but for what is marked as the other one and names from the data."""
    where = page.response.request.path
    wrong = CHINESE if lang == "en" else ENGLISH_SENTENCE
    other = "zh" if lang == "en" else "en"
    for text in _spoken(page.tree, other):
        plain = str(text)
        for name in sorted(names, key=len, reverse=True):
            plain = plain.replace(name, "")
        assert not wrong.search(plain), f"{where}: {plain.strip()[:120]}"


def _spoken(tree: Any, other: str) -> list[str]:
    """Texts and spoken attributes outside what is marked as the other language."""
    found: list[str] = []

    def walk(element: Any) -> None:
        if not isinstance(element.tag, str) or (element.get("lang") or "").startswith(other):
            return
        if element.tag not in ("script", "code"):
            found.append(element.text or "")
        if element.get("name") != "htmx-config":
            found.extend(element.get(name) or "" for name in SPOKEN)
        for child in element:
            walk(child)
            found.append(child.tail or "")

    walk(tree)
    return found
