"""Web pages: from bytes to images with their text and facts."""
