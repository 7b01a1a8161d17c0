"""What an approval sets off, by its kind.

Rule: an effect runs in the same unit of work in which the last decision is taken; it uses the
request there, and when it refuses, the decision is not taken either. A kind without a line here
has no effect of its own: the domain uses the approval when it does the thing.
"""

from __future__ import annotations

from collections.abc import Callable

from charity.approvals.kinds import Kind
from charity.approvals.queries import RequestView
from charity.people.queries import Signed

Effect = Callable[[RequestView, Signed], None]

EFFECTS: dict[Kind, Effect] = {}

#: What a refusal sets off, in the unit of work in which it is said.
REFUSALS: dict[Kind, Effect] = {}

#: Kinds that are read and decided on a page of their own; its address.
PAGES: dict[Kind, Callable[[RequestView], str]] = {}
