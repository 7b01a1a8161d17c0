"""A supervisor reads words: every action of the trail and every job has its own."""

from __future__ import annotations

import re
from pathlib import Path

import charity
from charity.disbursements.kinds import PaymentKind, Step
from charity.jobs.schedule import JOBS
from charity.web import job_words
from charity.web.auditdesk import words
from charity.web.auditdesk.verbs import DONE

SOURCE = Path(charity.__path__[0])
_VERB = re.compile(r'"([a-z]+)\.([a-z_]+)"')


def verbs() -> set[tuple[str, str]]:
    """What modules that write to the trail say in the shape of an action about a known subject."""
    found = set()
    for file in SOURCE.rglob("*.py"):
        if "web" in file.parts or "cli" in file.parts:
            continue
        text = file.read_text("utf-8")
        if "record(" in text or "trail(" in text:
            found |= {pair for pair in _VERB.findall(text) if pair[0] in words.SUBJECTS}
    return found


def test_every_action_has_its_word() -> None:
    found = verbs()
    assert len(found) > 80
    assert {verb for verb in found if verb[1] not in DONE} == OTHERS
    assert {step.value for step in Step} | {kind.value for kind in PaymentKind} <= set(DONE)


#: What looks alike and is no action: the name under which an application keeps its settings.
OTHERS = {("charity", "settings")}


def test_every_job_has_its_word() -> None:
    assert {job.name for job in JOBS} == set(job_words.JOBS) - {"watch"}
    assert set(job_words.PUBLIC) <= set(job_words.JOBS)
