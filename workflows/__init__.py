"""The stories: durable workflows that bring every payment to its end."""
