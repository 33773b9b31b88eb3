"""A stand-in for Stripe: its API, its payment page, its webhooks, and faults on demand."""
