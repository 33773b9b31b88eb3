"""The kill run: real processes under load, killed with SIGKILL, held against Stripe's ledger."""
