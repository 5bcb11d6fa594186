"""From results to an answer: tags, entities, the goal of a question."""
