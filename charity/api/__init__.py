"""JSON for machines: version 1, and the machine addresses."""
