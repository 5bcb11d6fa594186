"""An OpenSearch server of our own: its files, its Java, its folders and its configuration."""
