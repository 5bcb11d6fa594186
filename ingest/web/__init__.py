"""Web pages: from bytes to pictures with the text and facts that stand with them."""
