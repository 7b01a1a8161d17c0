"""Alembic's entry. ``charity.kernel.migrate`` hands in the owner's connection."""

from alembic import context

from charity.app import import_models
from charity.kernel.db import Base

import_models()
connection = context.config.attributes["connection"]
context.configure(
    connection=connection,
    target_metadata=Base.metadata,
    compare_type=True,
    compare_server_default=True,
)
with context.begin_transaction():
    context.run_migrations()
