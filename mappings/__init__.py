"""What a document is: index template, versions, alias, migration."""
