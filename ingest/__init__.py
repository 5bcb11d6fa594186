"""Sources to items to documents: linked text, jobs, quarantine."""
