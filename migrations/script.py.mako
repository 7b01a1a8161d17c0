"""${message}

Before you go on: ledger tables are never rebuilt (a batch rebuild drops triggers and unnamed
CHECKs). They gain nullable columns and new tables, nothing else. Kinds and accounts are rows.
A downgrade really goes down, and refuses on a used ledger.
"""

import sqlalchemy as sa
from alembic import op
${imports if imports else ""}

revision = ${repr(up_revision)}
down_revision = ${repr(down_revision)}
branch_labels = None
depends_on = None


def upgrade() -> None:
    ${upgrades if upgrades else "pass"}


def downgrade() -> None:
    ${downgrades if downgrades else "pass"}
