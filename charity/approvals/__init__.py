"""One mechanism for every "two people": a request, its hashed facts, decisions by other persons.

Rule: the requester never decides, every decision is another person's, and what is used hashes the
same as what was approved.
"""
