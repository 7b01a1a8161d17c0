"""Benchmarks: each line is ours beside a floor measured in the same run, and their ratio.

Rule: ours and the floor take turns on the same machine, the same server, with the same fsync and
the same client; medians are compared, because a shared machine is never quiet. Run them with
``make bench``, or ``python -m benchmarks [--quick] [settle intake pages receipts memory check]``.
"""
