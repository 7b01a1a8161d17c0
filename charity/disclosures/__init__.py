"""What is published for good: reports of a campaign's money, frozen, with their corrections.

Rule: a published version is its data document (canonical JSON), its hash, and the PDF, CSV and
XLSX made from it, kept as bytes. It is never changed: a correction is the next version, with its
reason and the difference.
"""
