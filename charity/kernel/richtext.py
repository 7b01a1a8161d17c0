"""Texts that an office writes without a developer, as HTML that can do no harm.

What may be typed: paragraphs with a blank line between them, ``## `` and ``### `` for headings,
``- `` and ``1. `` for lists, ``> `` for a quotation, ``**strong**``, ``[words](address)``, and on a
line of its own ``![what it shows](picture:id)``. Everything else is letters.

Rule: what was typed is escaped first, so no tag of its own survives; what comes out is cleaned by
nh3 all the same, with a list of tags and attributes so short that a mistake above does no harm.
Addresses are https, mailto or of this site; pictures are those the caller knows, nothing else.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from urllib.parse import urlsplit

import nh3
from markupsafe import Markup, escape

MAX_LENGTH = 20_000

_TAGS = {"p", "br", "h3", "h4", "ul", "ol", "li", "blockquote", "strong", "a", "figure", "img"}
_ATTRIBUTES = {"a": {"href"}, "img": {"src", "alt", "width", "height"}}
_PICTURE = re.compile(r"!\[([^\[\]\n]*)\]\(picture:([0-9a-z]{1,40})\)")
_LINK = re.compile(r"\[([^\[\]\n]{1,200})\]\(([^\s()<>]{1,500})\)")
_STRONG = re.compile(r"\*\*(?=\S)([^*\n]{1,500}?)(?<=\S)\*\*")
_BLANK = re.compile(r"\n[ \t]*\n+")
_MARKS = (
    ("ul", re.compile(r"[-*] +(.*)")),
    ("ol", re.compile(r"\d{1,3}[.、] *(.*)")),
    ("blockquote", re.compile(r"> ?(.*)")),
)


@dataclass(frozen=True, slots=True)
class Picture:
    """One of our own pictures: its address on this site, and its size in pixels."""

    src: str
    width: int
    height: int


def render(text: str, pictures: Callable[[str], Picture | None] = lambda _id: None) -> Markup:
    """``text`` as safe HTML; ``pictures`` gives the picture of an id, or None if not ours."""
    plain = text[:MAX_LENGTH].replace("\r\n", "\n").replace("\r", "\n")
    known: set[str] = set()

    def picture(found: re.Match[str]) -> str:
        shown = pictures(found[2])
        if shown is None or not found[1].strip():
            return ""
        known.add(shown.src)
        return (
            f'<figure><img src="{escape(shown.src)}" alt="{escape(found[1].strip())}"'
            f' width="{shown.width}" height="{shown.height}"></figure>'
        )

    html = "\n".join(
        part for block in _BLANK.split(plain) for part in _block(block.strip("\n"), picture)
    )

    def only_ours(_tag: str, attribute: str, value: str) -> str | None:
        if attribute == "src" and value not in known:
            return None
        if attribute == "href" and not is_safe_address(value):
            return None
        return value

    return Markup(  # noqa: S704 - cleaned in this very call
        nh3.clean(
            html,
            tags=_TAGS,
            clean_content_tags={"script", "style"},
            attributes=_ATTRIBUTES,
            attribute_filter=only_ours,
            link_rel="noopener",
            url_schemes={"https", "mailto"},
        )
    )


def printed(text: str) -> Markup:
    """``text`` for paper: a link is its words with the address behind, and nothing leads anywhere.

    No picture, no tag with an attribute: what is drawn from it asks for nothing.
    """

    def written(found: re.Match[str]) -> str:
        same = found[1] == found[2] or not is_safe_address(found[2])
        return found[0] if same else f"{found[1]}（{found[2]}）"

    return Markup(  # noqa: S704 - cleaned in this very call
        nh3.clean(
            render(_LINK.sub(written, text[:MAX_LENGTH])),
            tags=_TAGS - {"a", "figure", "img"},
            attributes={},
            clean_content_tags={"script", "style"},
        )
    )


def pictures_of(text: str) -> list[tuple[str, str]]:
    """Id and description of every picture the text asks for."""
    return [(found[2], found[1].strip()) for found in _PICTURE.finditer(text)]


def is_safe_address(address: str) -> bool:
    """Whether a link may lead there: https, mailto, or a path of this site."""
    if not address.isprintable() or "\\" in address or " " in address:
        return False
    if address.startswith("/"):
        return not address.startswith("//")
    try:
        parts = urlsplit(address)
    except ValueError:
        return False
    if parts.scheme == "https":
        return bool(parts.hostname) and "@" not in parts.netloc
    return parts.scheme == "mailto" and "@" in parts.path


def _block(block: str, picture: Callable[[re.Match[str]], str]) -> Iterator[str]:
    """What stands between two blank lines: runs of lines of one kind."""
    run: list[str] = []
    kind = ""
    for line in block.split("\n"):
        sort, rest = _sort(line)
        if run and sort != kind:
            yield _written(kind, run, picture)
            run = []
        kind = sort
        run.append(rest)
    if any(line.strip() for line in run):
        yield _written(kind, run, picture)


def _sort(line: str) -> tuple[str, str]:
    """The kind of a line, and what is left of it."""
    line = line.strip()
    if line.startswith("### "):
        return "h4", line[4:]
    if line.startswith("## "):
        return "h3", line[3:]
    if _PICTURE.fullmatch(line):
        return "picture", line
    for kind, pattern in _MARKS:
        if found := pattern.fullmatch(line):
            return kind, found[1]
    return "p", line


def _written(kind: str, lines: list[str], picture: Callable[[re.Match[str]], str]) -> str:
    match kind:
        case "picture":
            return "".join(_PICTURE.sub(picture, line) for line in lines)
        case "ul" | "ol":
            return f"<{kind}>{''.join(f'<li>{_inline(line)}</li>' for line in lines)}</{kind}>"
        case "h3" | "h4":
            return "".join(f"<{kind}>{_inline(line)}</{kind}>" for line in lines)
        case "blockquote":
            return f"<blockquote><p>{'<br>'.join(_inline(line) for line in lines)}</p></blockquote>"
        case _:
            return f"<p>{'<br>'.join(_inline(line) for line in lines)}</p>"


def _inline(line: str) -> str:
    """Strong words and links; the rest is escaped letters."""
    done: list[str] = []
    at = 0
    for found in _LINK.finditer(line):
        done.append(_strong(line[at : found.start()]))
        words, address = found[1], found[2]
        if is_safe_address(address):
            done.append(f'<a href="{escape(address)}">{_strong(words)}</a>')
        else:
            done.append(_strong(found[0]))
        at = found.end()
    done.append(_strong(line[at:]))
    return "".join(done)


def _strong(text: str) -> str:
    return _STRONG.sub(r"<strong>\1</strong>", str(escape(text)))
