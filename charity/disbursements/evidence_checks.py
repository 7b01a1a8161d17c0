"""The sentences of evidence; ``checks`` asks them with the others.

Plain SQL on stored rows, so that no code is shared with what wrote them.
"""

from __future__ import annotations

SENTENCES: dict[str, str] = {
    "every proved use has evidence that was accepted, and nothing else is proved by it": """
        SELECT x.number FROM disbursements_application x
        LEFT JOIN disbursements_evidence_decision d ON d.application_id = x.id AND d.accepted
        WHERE (x.status = 'proved' AND (d.id IS NULL OR d.by_id <> x.proved_by_id
            OR NOT EXISTS (SELECT 1 FROM disbursements_evidence v
              WHERE v.application_id = x.id AND v.status = 'accepted')))
          OR (x.status <> 'proved' AND x.status <> 'lapsed' AND d.id IS NOT NULL)""",
    "nobody judged evidence of a use they asked for, or that they gave": """
        SELECT x.number FROM disbursements_application x
        JOIN disbursements_evidence_decision d ON d.application_id = x.id
        WHERE d.by_id IN (x.asked_by_id, x.written_by_id) OR d.asked_by_id <> x.asked_by_id
          OR EXISTS (SELECT 1 FROM disbursements_evidence v WHERE v.application_id = x.id
            AND v.judged_by_id = v.given_by_id)""",
    "every picture the public sees is accepted evidence, shown by another than gave it": """
        SELECT p.public_id AS picture FROM disbursements_evidence_publication p
        JOIN disbursements_evidence v ON v.id = p.evidence_id
        WHERE v.status <> 'accepted' OR v.removed_at IS NOT NULL OR p.by_id = v.given_by_id""",
}
