"""Every template parses, escapes what it prints, asks for nothing the content security policy
refuses, and imports nothing it does not use."""

from __future__ import annotations

import re
from pathlib import Path

import pytest
from babel.messages.pofile import read_po
from jinja2 import Environment, FileSystemLoader, nodes

ROOT = Path(__file__).resolve().parents[2]
TEMPLATES = ROOT / "templates"
NAMES = sorted(p.relative_to(TEMPLATES).as_posix() for p in TEMPLATES.rglob("*.html"))
PAGES = sorted(p.relative_to(TEMPLATES).as_posix() for p in (TEMPLATES / "site").glob("[!_]*.html"))

# A document drawn by the PDF renderer is no page: it carries its own style and no policy.
NOT_PAGES = ("receipts/", "disclosures/", "mail/")


def env() -> Environment:
    return Environment(
        loader=FileSystemLoader(TEMPLATES), extensions=["jinja2.ext.i18n"], autoescape=True
    )


def source(name: str) -> str:
    return (TEMPLATES / name).read_text(encoding="utf-8")


def tree(name: str) -> nodes.Template:
    return env().parse(source(name), name)


def test_there_are_templates() -> None:
    assert "base.html" in NAMES
    assert len(PAGES) > 10


@pytest.mark.parametrize("name", NAMES)
def test_parses_and_never_switches_escaping_off(name: str) -> None:
    parsed = tree(name)
    assert not [f for f in parsed.find_all(nodes.Filter) if f.name in ("safe", "mark_safe")]
    assert not list(parsed.find_all((nodes.MarkSafe, nodes.MarkSafeIfAutoescape)))
    assert "autoescape" not in source(name)


@pytest.mark.parametrize("name", [n for n in NAMES if not n.startswith(NOT_PAGES)])
def test_keeps_to_the_content_security_policy(name: str) -> None:
    text = source(name)
    assert not re.search(r"<style\b", text, re.IGNORECASE)
    assert not re.search(r"\sstyle\s*=", text, re.IGNORECASE)
    assert not re.search(r"<[^>]*\son[a-z]+\s*=", text, re.IGNORECASE)
    assert "javascript:" not in text
    assert not re.search(r"\bhx-on\b|\bhx-vals\s*=\s*[\"']js:", text)
    for tag in re.findall(r"<script\b[^>]*>", text, re.IGNORECASE):
        assert "src=" in tag, tag
    for address in re.findall(r"\b(?:src|srcset|data)\s*=\s*\"([^\"]*)\"", text):
        assert address.startswith("{{"), f"{address} is not one of our own addresses"
    for tag in re.findall(r"<link\b[^>]*>", text, re.IGNORECASE):
        assert 'href="{{' in tag, tag


@pytest.mark.parametrize("name", NAMES)
def test_no_unused_import(name: str) -> None:
    parsed = tree(name)
    imported: set[str] = set()
    for node in parsed.find_all(nodes.FromImport):
        imported |= {n if isinstance(n, str) else n[1] for n in node.names}
    imported |= {node.target for node in parsed.find_all(nodes.Import)}
    used = {node.name for node in parsed.find_all(nodes.Name) if node.ctx == "load"}
    # A part that is included sees its page's imports.
    for include in parsed.find_all(nodes.Include):
        if isinstance(include.template, nodes.Const):
            part = tree(str(include.template.value))
            used |= {node.name for node in part.find_all(nodes.Name) if node.ctx == "load"}
    assert imported <= used, f"imported and not used: {sorted(imported - used)}"


@pytest.mark.parametrize("name", PAGES)
def test_page_has_a_title_a_description_and_one_h1(name: str) -> None:
    text = source(name)
    assert "{% extends 'base.html' %}" in text
    assert "{% block title %}" in text
    part = source("site/_payment_status.html") if name == "site/payment.html" else ""
    assert len(re.findall(r"<h1\b", text + part)) == 1
    if name != "site/home.html":  # the home page's description is the site's own
        assert "{% block description %}" in text


def test_titles_are_unique() -> None:
    titles = [re.search(r"{% block title %}(.*?){% endblock %}", source(n)) for n in PAGES]
    words = [t.group(1) for t in titles if t]
    assert len(words) == len(set(words))


@pytest.mark.parametrize("name", [n for n in NAMES if not n.startswith(NOT_PAGES)])
def test_every_text_goes_through_the_catalogue(name: str) -> None:
    """No Chinese outside _(), except the name of the language itself."""
    text = re.sub(r"{#.*?#}", "", source(name), flags=re.DOTALL)
    text = re.sub(r"(?:_|n?pgettext|ngettext)\((?:\s*'[^']*'\s*,?)+", "", text)
    text = text.replace("'简体中文'", "")
    assert not re.findall(r"[\u4e00-\u9fff]+", text)


def test_english_catalogue_has_no_gap_and_no_chinese() -> None:
    path = ROOT / "charity" / "translations" / "en" / "LC_MESSAGES" / "messages.po"
    with path.open("rb") as file:
        catalogue = read_po(file, locale="en")
    for message in catalogue:
        if not message.id:
            continue
        texts = message.string if isinstance(message.string, (list, tuple)) else [message.string]
        for text in texts:
            assert text, f"not translated: {message.id}"
            assert not re.search(r"[\u4e00-\u9fff]", text), text
        wanted = message.id[-1] if isinstance(message.id, (list, tuple)) else message.id
        holes = sorted(re.findall(r"%\(\w+\)s", wanted))
        assert sorted(re.findall(r"%\(\w+\)s", texts[-1])) == holes, message.id
        assert not message.fuzzy
