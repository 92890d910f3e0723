"""The tasks of the Celery suite, for its worker and its client."""

import os

import celery

app = celery.Celery("millrace", broker=f"amqp://guest:guest@{os.environ['MILLRACE_AMQP_HOST']}:{os.environ['MILLRACE_AMQP_PORT']}//",
                    backend="rpc://")
app.conf.update(task_default_queue=os.environ.get("MILLRACE_CELERY_QUEUE", "celery"), worker_hijack_root_logger=False,
                broker_connection_retry_on_startup=True, worker_send_task_events=True, task_send_sent_event=True)


@app.task
def add(a, b):
    return a + b


@app.task(bind=True, max_retries=3)
def third_time(self):
    if self.request.retries < 2:
        raise self.retry(countdown=0.1)
    return self.request.retries


@app.task
def fails():
    raise ValueError("as it should")


@app.task(acks_late=True)
def late(text):
    return text.upper()
