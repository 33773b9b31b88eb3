"""PostgreSQL: the tables, their migrations, and the statements that read and guard them."""
