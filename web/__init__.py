"""Flask: pages, each with a JSON twin."""
