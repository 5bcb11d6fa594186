"""What a live camera sees: objects, followed from frame to frame and named from the collection; lines of text."""
