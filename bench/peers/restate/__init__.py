"""Restate as its examples show it: a workflow whose payment is a durable promise.

https://github.com/restatedev/examples/tree/main/python: basics/app/3_workflows.py and
patterns-use-cases/signalspayments. Buyers and Stripe call Restate's own ingress, which calls us.
"""
