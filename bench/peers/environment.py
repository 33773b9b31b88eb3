"""What the box tells a peer: the variables that it tells the product, too."""

import os

DATABASE_URL = os.environ["DATABASE_URL"]
BASE_URL = os.environ["BASE_URL"]
STRIPE_SECRET_KEY = os.environ["STRIPE_SECRET_KEY"]
STRIPE_WEBHOOK_SECRET = os.environ["STRIPE_WEBHOOK_SECRET"]
STRIPE_API_BASE = os.environ["STRIPE_API_BASE"]
