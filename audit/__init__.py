"""The naive second book: recomputes from the inputs alone what every member should have."""
