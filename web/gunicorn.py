"""Settings of gunicorn, from ours: one process, because each would load its own models, with several threads."""

from engine.settings import get_settings

_settings = get_settings()

bind = f"{_settings.web_host}:{_settings.web_port}"
workers = 1
worker_class = "gthread"
threads = _settings.web_threads
timeout = 120
graceful_timeout = 20
keepalive = 5
limit_request_line = 8190
accesslog = "-"
access_log_format = '%(h)s "%(r)s" %(s)s %(b)s %(M)sms'
