"""Gunicorn: `gunicorn -c gunicorn.conf.py shop:app`."""

import os

bind = "127.0.0.1:8000"
# Threads, since most apps wait for a database. Sync workers would serve one client each, and a
# client that keeps its connection would hold one.
worker_class = "gthread"
workers = len(os.sched_getaffinity(0))
threads = 8
keepalive = 15
backlog = 1024

# A worker that hangs is replaced; one that is told to end has some time for that.
timeout = 30
graceful_timeout = 20
# Its heartbeat file is no business of a disk.
worker_tmp_dir = "/dev/shm"
# Workers of a certain age are replaced, not all at the same time.
max_requests = 100_000
max_requests_jitter = 10_000

# The limits of a head.
limit_request_line = 8190
limit_request_fields = 64
limit_request_field_size = 8190
# Only a proxy on this machine may say what the client has asked for; `ProxyFix` reads it.
forwarded_allow_ips = "127.0.0.1"
accesslog = None  # kolben.ops writes one, with rules and ids


def child_exit(server, worker):  # noqa: ARG001 - Gunicorn calls it so
    """Forget what a dead worker says of the present, where there are metrics."""
    if "PROMETHEUS_MULTIPROC_DIR" in os.environ:
        from prometheus_client import multiprocess  # noqa: PLC0415 - only with metrics

        multiprocess.mark_process_dead(worker.pid)
