"""Celery: the application, its tasks, queues and retries."""
