"""Text from endpoints made fit for reports: free of secrets, safe to show, bounded."""
