"""The event source of a function: what polls its queue and deletes what the function has taken.

    queue --receive--> [ batch, and the faults that befall messages ] --SQS event--> Function
      ^                                                                                 |
      +------------- not deleted: batchItemFailures, or the whole batch <---------------+

https://docs.aws.amazon.com/lambda/latest/dg/with-sqs.html
"""

import concurrent.futures
import json
import random
import threading
import time

from aws import REGION

RECEIVE_MAX = 10  # messages of one ReceiveMessage
EVENT_BYTES_MAX = 6 * 1024 * 1024  # https://docs.aws.amazon.com/lambda/latest/dg/services-sqs-configure.html
MESSAGE_BYTES_MAX = 262_144  # of SNS, which sends ours
SHUFFLE_MESSAGES = 50  # how far a message can move


class EventSource(threading.Thread):
    """A mapping from a queue to a function: one thread receives, `concurrency` invocations run at a time."""

    def __init__(self, host, function, mapping):
        super().__init__(daemon=True)
        self.function = function
        self.arn, self.sqs = mapping["EventSourceArn"], host.aws.client("sqs")
        self.url = self.sqs.get_queue_url(QueueName=self.arn.split(":")[-1])["QueueUrl"]
        self.batch_size = mapping["BatchSize"]
        self.window_seconds = mapping.get("MaximumBatchingWindowInSeconds", 0)
        self.reports_failures = "ReportBatchItemFailures" in mapping.get("FunctionResponseTypes", [])
        wanted = mapping.get("ScalingConfig", {}).get("MaximumConcurrency", host.concurrency_max)
        self.concurrency = min(wanted, host.concurrency_max)
        self.slots = threading.Semaphore(self.concurrency)
        self.pool = concurrent.futures.ThreadPoolExecutor(self.concurrency)
        self.lock = threading.Lock()
        self.delivering = 0  # batches, until their messages are deleted
        self.received = 0  # messages
        self.held = []  # (when to deliver it, message): the late ones, and those that come again
        self.to_shuffle = []
        self.paused = False  # nothing is delivered meanwhile
        self.stopping = threading.Event()
        # moto serves an enabled mapping itself: it looks for Docker, and counts receives.
        host.aws.client("lambda").update_event_source_mapping(UUID=mapping["UUID"], Enabled=False)

    def run(self):
        while not self.stopping.is_set():
            if not self.slots.acquire(timeout=0.1):
                continue
            if held := self.due():
                # Alone, for it may come twice, and a batch has each message once.
                self.begin([held[1]])
                self.held.remove(held)
            elif batch := self.gather():
                self.begin(batch)
            else:
                self.slots.release()
                self.stopping.wait(0.02 if self.held else 0)

    def due(self):
        return next((one for one in self.held if one[0] <= time.monotonic()), None)

    def gather(self):
        """A batch: what is there, or with a window what comes within it."""
        batch, end = [], time.monotonic() + self.window_seconds
        while len(batch) < self.batch_size:
            batch += self.receive(min(RECEIVE_MAX, self.batch_size - len(batch)))
            size = sum(len(message["Body"]) for message in batch)
            if time.monotonic() >= end or size > EVENT_BYTES_MAX - RECEIVE_MAX * MESSAGE_BYTES_MAX:
                break
        return batch

    def receive(self, count):
        """With the faults that befall messages."""
        shuffle = self.function.faults.shuffle
        messages = self.receive_shuffled(count) if shuffle else self.receive_plain(count)
        faults, now, kept = self.function.faults, time.monotonic(), []
        for message in messages:
            self.received += 1
            if faults.duplicate_every and self.received % faults.duplicate_every == 0:
                self.held.append((now, message))
            if faults.late_every and self.received % faults.late_every == 0:
                self.held.append((now + faults.late_seconds, message))
            else:
                kept.append(message)
        return kept

    def receive_shuffled(self, count):
        while len(self.to_shuffle) < SHUFFLE_MESSAGES:
            more = self.receive_plain(RECEIVE_MAX, wait_seconds=0 if self.to_shuffle else 1)
            if not more:
                break
            self.to_shuffle += more
        random.shuffle(self.to_shuffle)
        taken, self.to_shuffle = self.to_shuffle[:count], self.to_shuffle[count:]
        return taken

    def receive_plain(self, count, wait_seconds=1):
        reply = self.sqs.receive_message(QueueUrl=self.url, MaxNumberOfMessages=count,
                                         WaitTimeSeconds=0 if self.held else wait_seconds,
                                         MessageSystemAttributeNames=["All"], MessageAttributeNames=["All"])
        return reply.get("Messages", [])

    def begin(self, batch):
        while self.paused and not self.stopping.is_set():
            time.sleep(0.01)
        with self.lock:
            if not self.stopping.is_set():
                self.delivering += 1
                self.pool.submit(self.deliver, batch)

    def deliver(self, batch):
        try:
            ids = [message["MessageId"] for message in batch]
            invocation = self.function.invoke(sqs_event(batch, self.arn), ids)
            invocation.failed = failed_ids(invocation, ids, self.reports_failures)
            for message in batch:
                if message["MessageId"] not in invocation.failed:
                    self.sqs.delete_message(QueueUrl=self.url, ReceiptHandle=message["ReceiptHandle"])
        finally:
            with self.lock:
                self.delivering -= 1
            self.slots.release()

    def waiting(self):
        """How many messages are in the queue, visible or not, or on their way."""
        names = ["ApproximateNumberOfMessages", "ApproximateNumberOfMessagesNotVisible",
                 "ApproximateNumberOfMessagesDelayed"]
        on_the_way = len(self.held) + self.delivering
        counts = self.sqs.get_queue_attributes(QueueUrl=self.url, AttributeNames=names)["Attributes"]
        return sum(int(counts[name]) for name in names) + on_the_way

    def stop(self):
        """What is under way is killed. The thread ends once its last receive does, and begins nothing."""
        with self.lock:
            self.stopping.set()
        while self.delivering:
            self.function.kill()
            time.sleep(0.01)
        self.pool.shutdown()


def sqs_event(messages, queue_arn):
    return {"Records": [{
        "messageId": message["MessageId"], "receiptHandle": message["ReceiptHandle"],
        "body": message["Body"], "attributes": message["Attributes"],
        "messageAttributes": {
            name: {"stringValue": value.get("StringValue"), "stringListValues": [], "binaryListValues": [],
                   "dataType": value["DataType"]}
            for name, value in message.get("MessageAttributes", {}).items()},
        "md5OfBody": message["MD5OfBody"],
        "eventSource": "aws:sqs", "eventSourceARN": queue_arn, "awsRegion": REGION,
    } for message in messages]}


def failed_ids(invocation, ids, reports_failures):
    """The messages that stay in the queue; all, where the function failed or its report means nothing.

    https://docs.aws.amazon.com/lambda/latest/dg/services-sqs-errorhandling.html
    """
    if invocation.ended != "answered":
        return ids
    if not reports_failures:
        return []
    try:
        report = json.loads(invocation.body) or {}
        failed = [failure["itemIdentifier"] for failure in report.get("batchItemFailures") or []]
        return failed if set(failed) <= set(ids) else ids
    except (ValueError, AttributeError, TypeError, KeyError):
        return ids
