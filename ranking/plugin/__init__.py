"""A learned order inside OpenSearch: models and features in the form of its Learning to Rank plugin."""
