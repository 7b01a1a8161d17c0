"""The house keeps its promises to whoever opens it: locks, commands, and two READMEs that agree."""

from __future__ import annotations

import os
import re
import subprocess
from pathlib import Path

import pytest

ROOT = Path(__file__).resolve().parents[2]
LOCKS = ("run", "dev", "uv")
PIN = re.compile(r"^([a-z0-9._-]+)==(\S+)", re.MULTILINE)


def text(path: str) -> str:
    """A file of the repository."""
    return (ROOT / path).read_text("utf-8")


@pytest.mark.parametrize("lock", LOCKS)
def test_lock_has_hashes_and_no_address(lock: str) -> None:
    locked = text(f"requirements/{lock}.txt")
    assert "://" not in locked
    entries = re.split(r"^(?=[a-z0-9])", locked, flags=re.MULTILINE)[1:]
    assert entries
    assert [entry.split()[0] for entry in entries if "--hash=sha256:" not in entry] == []


def test_tests_run_with_the_versions_that_serve() -> None:
    run = dict(PIN.findall(text("requirements/run.txt")))
    dev = dict(PIN.findall(text("requirements/dev.txt")))
    assert run.items() <= dev.items()


def test_every_target_is_a_script_with_a_line_of_help() -> None:
    phony = re.search(r"^\.PHONY: (.*)$", text("Makefile"), re.MULTILINE)
    assert phony
    # Under `make test` a second make would say which folder it enters.
    command = ["make", "--no-print-directory", "help"]
    helped = subprocess.run(command, cwd=ROOT, capture_output=True, text=True, check=True)
    assert {line.split()[0] for line in helped.stdout.splitlines()} == set(phony[1].split())
    scripts = re.findall(r"^\t@(bin/\w+)", text("Makefile"), re.MULTILINE)
    assert [script for script in scripts if not os.access(ROOT / script, os.X_OK)] == []


def test_ci_runs_what_the_readme_says() -> None:
    commands = [line for line in text(".ci/run").splitlines() if line.startswith("make ")]
    assert commands == ["make lint", "make test"]
    assert all(f"`{command}`" in text("README.md") for command in commands)


@pytest.mark.parametrize(
    "pattern", [r"`[^`]+`", r"\]\(([^)]+\.md)\)", r"^(#+) ", r"^(\| ?`\w+`)", r"\d+(?:\.\d+)? s\b"]
)
def test_readmes_are_twins(pattern: str) -> None:
    """Same commands, settings, links, headings and times in both languages."""
    fences = re.compile(r"^```.*?^```", re.MULTILINE | re.DOTALL)
    twins = [
        sorted(
            set(re.findall(pattern, fences.sub("", text(name)), re.MULTILINE))
            - {"README.md", "README.zh-CN.md"}
        )
        for name in ("README.md", "README.zh-CN.md")
    ]
    assert twins[0] == twins[1]


def test_readme_links_lead_somewhere() -> None:
    for name in ("README.md", "README.zh-CN.md", "CONTRIBUTING.md"):
        for target in re.findall(r"\]\(([^)#]+)\)", text(name)):
            assert "://" in target or (ROOT / target).exists(), f"{name}: {target}"
