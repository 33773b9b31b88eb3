"""What the words mean: orders, payments, money. Plain Python that everything else imports."""
