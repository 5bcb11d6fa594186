"""The services of one machine: what they are, and supervisord as the one parent that owns them."""
