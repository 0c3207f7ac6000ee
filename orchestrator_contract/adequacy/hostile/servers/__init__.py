"""The behaviours, by what they abuse; a module dropped in here is found by itself."""
