"""How fast Laurel is, beside its peers: `make bench`, or `python -m bench` with one section's name."""
