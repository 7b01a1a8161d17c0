"""The translation catalogues: the source language is Simplified Chinese, the .po files are kept.

compile   writes the .mo files that are missing or older than their .po (used by bin/setup and
          by the wheel's build hook); a fuzzy or broken entry stops it
update    collects the strings of charity/ and templates/ and merges them into every catalogue
"""

from __future__ import annotations

import sys
from pathlib import Path

from babel.messages.catalog import Catalog
from babel.messages.extract import DEFAULT_KEYWORDS, extract_from_dir
from babel.messages.frontend import parse_mapping_cfg
from babel.messages.mofile import write_mo
from babel.messages.pofile import read_po, write_po

ROOT = Path(__file__).resolve().parent.parent
TRANSLATIONS = ROOT / "charity" / "translations"
LOCALES = ("en",)
KEYWORDS = {
    **DEFAULT_KEYWORDS,
    "_l": None,
    "_p": ((1, "c"), 2),
    "lazy_gettext": None,
    "lazy_ngettext": (1, 2),
}


def compile_catalogues() -> list[Path]:
    """Bring every .mo up to date and return all of them."""
    compiled = []
    for source in sorted(TRANSLATIONS.glob("*/LC_MESSAGES/*.po")):
        target = source.with_suffix(".mo")
        compiled.append(target)
        if target.exists() and target.stat().st_mtime >= source.stat().st_mtime:
            continue
        with source.open("rb") as stream:
            catalogue = read_po(stream, locale=source.parent.parent.name, abort_invalid=True)
        for message in catalogue:
            if message.id and message.fuzzy:
                sys.exit(f"{source.relative_to(ROOT)}: fuzzy: {message.id!r}")
            for error in message.check(catalogue):
                sys.exit(f"{source.relative_to(ROOT)}: {message.id!r}: {error}")
        temporary = target.with_suffix(".mo.new")
        with temporary.open("wb") as stream:
            write_mo(stream, catalogue)
        temporary.replace(target)
        print(f"catalogues: compiled {target.relative_to(ROOT)}")
    return compiled


def update_catalogues() -> None:
    """Merge the strings in use into every .po; nothing is guessed, so nothing becomes fuzzy."""
    template = Catalog()
    with (ROOT / "babel.cfg").open() as stream:
        methods, options = parse_mapping_cfg(stream)
    # The mapping names charity/ and templates/; a filter keeps the walk out of everything else.
    found = extract_from_dir(
        ROOT,
        methods,
        options,
        keywords=KEYWORDS,
        comment_tags=("i18n:",),
        directory_filter=lambda folder: not Path(folder).name.startswith((".", "_", "tests")),
    )
    for _, _, message, comments, context in found:
        template.add(message, auto_comments=comments, context=context)
    for locale in LOCALES:
        target = TRANSLATIONS / locale / "LC_MESSAGES" / "messages.po"
        if target.exists():
            with target.open("rb") as stream:
                catalogue = read_po(stream, locale=locale)
        else:
            target.parent.mkdir(parents=True, exist_ok=True)
            catalogue = Catalog(
                locale=locale,
                project="charity",
                version="1",
                header_comment="# The source language is Simplified Chinese.",
                msgid_bugs_address="none",
                last_translator="none",
                language_team="none",
                fuzzy=False,
            )
        # Dates would make every update a change.
        template.creation_date = catalogue.creation_date
        catalogue.update(template, no_fuzzy_matching=True)
        with target.open("wb") as stream:
            write_po(
                stream, catalogue, width=0, no_location=True, sort_output=True, ignore_obsolete=True
            )
        empty = sum(1 for message in catalogue if message.id and not message.string)
        print(f"catalogues: {locale}: {len(catalogue)} strings, {empty} without translation")


if __name__ == "__main__":
    verbs = {"compile": compile_catalogues, "update": update_catalogues}
    if len(sys.argv) != 2 or sys.argv[1] not in verbs:
        sys.exit("usage: bin/catalogues compile|update")
    verbs[sys.argv[1]]()
