"""DBOS as its widget store shows it: workflows in the API's process, kept in PostgreSQL alone.

https://github.com/dbos-inc/dbos-demo-apps/tree/main/python/widget-store
"""
