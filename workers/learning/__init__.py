"""Learning from the collection at hand: judgements and clicks, and questions made from its own documents."""
