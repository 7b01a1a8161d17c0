"""``python -m charity`` is the ``charity`` command."""

from charity.cli import main

main()
