"""Books, accounts, entries, postings; knows no donations.

The rule of this house stands here, in the database: whoever raises the money uses it. No
statement with the application's rights can post across books, take a book below zero, or lower a
book for someone without the authority two people signed.
"""
