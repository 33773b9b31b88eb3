"""Operators: seeing where the money is, acting on it, and the page that shows both."""
