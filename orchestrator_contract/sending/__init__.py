"""Every request of the suite: budgets, pace, credentials, retries."""
