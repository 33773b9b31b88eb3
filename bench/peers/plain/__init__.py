"""A plain handler: calls Stripe and updates the row. Nothing in it is durable: the floor."""
