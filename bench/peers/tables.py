"""The peers' tables: an order row, and tickets for those whose makers reserve inventory."""

from sqlalchemy import Column, Integer, MetaData, Table, Text, text

metadata = MetaData()

ticket_types = Table(
    "ticket_types",
    metadata,
    Column("id", Text, primary_key=True),
    Column("available", Integer, nullable=False),
)
orders = Table(
    "orders",
    metadata,
    Column("id", Text, primary_key=True),
    Column("user_id", Text, nullable=False),
    Column("status", Text, nullable=False, server_default=text("'CREATED'")),
    Column("currency", Text, nullable=False),
    Column("total_cents", Integer, nullable=False),
    Column("ticket_type_id", Text, nullable=False),
    Column("name", Text, nullable=False),
    Column("quantity", Integer, nullable=False),
    Column("unit_price_cents", Integer, nullable=False),
    Column("session_id", Text),
)
