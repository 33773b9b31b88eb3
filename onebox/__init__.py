"""The whole system on one machine: PostgreSQL, Temporal, the Stripe sandbox, worker and API.

Nothing in production imports it.
"""
