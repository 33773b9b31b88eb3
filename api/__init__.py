"""HTTP: what clients, buyers and Stripe may ask of Paysaga."""
