"""The effects of the stories: what is written to PostgreSQL and asked of Stripe."""
