"""Generated requests and random histories."""
