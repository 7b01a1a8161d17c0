"""What runs when, and the worker that runs it.

Rule: a job is safe to run twice and beside another worker; locks in the database see to that.
"""
