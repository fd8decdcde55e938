"""A site whose every secret is a canary, and what all its paths print."""
