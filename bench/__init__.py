"""What a durable checkout costs, beside what a user would pick instead.

The way in is `python3 run.py bench`; what the figures mean stands in docs/performance.md.
"""
