"""How much of a week's sample was looked at, by anyone and by the reader."""

from __future__ import annotations

from dataclasses import dataclass

from charity.audit import queries as audit
from charity.audit.kinds import SampleKind
from charity.audit.queries import MarkView
from charity.figures import samples
from charity.figures.samples import Sample

Key = tuple[SampleKind, str]


@dataclass(frozen=True, slots=True)
class Progress:
    """A week's sample with the remarks on it."""

    sample: Sample
    marks: tuple[MarkView, ...]

    @property
    def total(self) -> int:
        """How many things were drawn."""
        return sum(len(population.items) for population in self.sample.populations)

    def of(self, kind: SampleKind, subject: str) -> list[MarkView]:
        """The remarks on one thing, the oldest first."""
        return [one for one in self.marks if (one.kind, one.subject_id) == (kind, subject)]

    def seen_by(self, person_id: str | None) -> int:
        """How many of what was drawn this person looked at; None: anyone."""
        drawn = {(item.kind, item.subject) for item in self.sample.items}
        seen: set[Key] = {
            (one.kind, one.subject_id)
            for one in self.marks
            if person_id is None or one.person_id == person_id
        }
        return len(drawn & seen)


def progress(week: str) -> Progress:
    """The sample of a week and what was said of it. Raises NoSuchWeek."""
    return Progress(samples.sample(week), audit.marks(week))


def seen_in(week: str, person_id: str) -> int:
    """How many things of a week's sample this person looked at; only what was drawn is marked."""
    return len({(one.kind, one.subject_id) for one in audit.marks(week)
                if one.person_id == person_id})  # fmt: skip
