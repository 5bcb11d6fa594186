"""Where data lives: settings, the OpenSearch client, the store of originals, the services of one machine."""
