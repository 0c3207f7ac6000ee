"""The behaviours, by the part of HTTP that they abuse; each module here is loaded."""
