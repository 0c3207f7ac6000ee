"""Texts from elsewhere: free of secrets, safe to show, bounded."""
