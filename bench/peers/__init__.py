"""The same rules on other engines."""
