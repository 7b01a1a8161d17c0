"""Use of the money: applications, payees, approval to payment, holds, evidence."""
