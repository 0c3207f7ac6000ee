"""Load runs with Locust, in which each response is judged."""
