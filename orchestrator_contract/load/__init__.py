"""Load with Locust: many users at once, each answer judged by the suite's own judge."""
