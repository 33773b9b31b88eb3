"""What a user would pick instead: the same shop, each built the way its makers show it.

They share tables, the Stripe call and the environment; everything else is each one's own.
"""
