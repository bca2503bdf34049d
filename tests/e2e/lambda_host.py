"""Stands for AWS Lambda and its event sources: runs the real bootstrap processes as Lambda does.

    queue --> EventSource -------> Function -----> Instance = bootstrap + Runtime API
              (lambda_source.py)      |            (lambda_instance.py)
                                      +--> its invocations, what it wrote

What functions there are, their environment, roles and time-outs, and which queue feeds which is read from
Lambda's control plane, as moto holds it: what a template made is what runs. Time-outs of visibility and
dead-letter queues are the queues' own. Faults says what may go wrong on the way.
"""

import dataclasses
import json
import os
import threading
import time
import uuid
from pathlib import Path

from aws import REGION
from lambda_instance import Instance, Request
from lambda_source import EventSource
from waiting import wait_until

ASYNC_ATTEMPTS = 3  # the first and two retries


@dataclasses.dataclass
class Faults:
    """What a function suffers. Numbers of messages and invocations count from 1."""

    duplicate_every: int = 0  # this message comes again, in a later batch
    late_every: int = 0  # this one comes only after late_seconds, be it visible again by then
    late_seconds: float = 0
    shuffle: bool = False
    kill_after_seconds: list = dataclasses.field(default_factory=list)  # of each invocation; None: it lives
    freeze: bool = False  # between invocations, as Lambda does


@dataclasses.dataclass
class Invocation:
    function: str
    event: object
    request_id: str = ""
    ended: str = ""  # see Answer of lambda_instance.py
    body: bytes = b""
    seconds: float = 0
    messages: list = dataclasses.field(default_factory=list)  # their ids, where a queue was the source
    failed: list = dataclasses.field(default_factory=list)  # those of them that stayed in the queue

    @property
    def json(self):
        return json.loads(self.body)


class Function:
    """A function of Lambda with its instances, and what they wrote."""

    def __init__(self, host, configuration):
        self.host, self.configuration = host, configuration
        self.name, self.handler = configuration["FunctionName"], configuration["Handler"]
        self.seconds_max = configuration["Timeout"]
        self.arn = configuration["FunctionArn"]
        self.login = host.aws.login_of(configuration["Role"])
        self.faults = Faults()
        self.lock = threading.Lock()
        self.idle, self.busy = [], []
        self.started, self.processes, self.invocations, self.init_errors = 0, 0, [], []
        self.written, self.lines = [], []  # lines; those of JSON, read
        self.broken_lines = []  # such as a process leaves that is killed in the midst of one

    @property
    def environment(self):
        """As Lambda sets it, with the function's own and what the test adds."""
        root = Path(self.host.bootstrap).parent
        return {
            "PATH": "/usr/local/bin:/usr/bin:/bin:/opt/bin", "LANG": "en_US.UTF-8", "TZ": ":UTC",
            "_HANDLER": self.handler, "LAMBDA_TASK_ROOT": str(root), "LAMBDA_RUNTIME_DIR": "/var/runtime",
            "AWS_REGION": REGION, "AWS_DEFAULT_REGION": REGION,
            "AWS_LAMBDA_FUNCTION_NAME": self.name, "AWS_LAMBDA_FUNCTION_VERSION": "$LATEST",
            "AWS_LAMBDA_FUNCTION_MEMORY_SIZE": str(self.configuration["MemorySize"]),
            "AWS_LAMBDA_INITIALIZATION_TYPE": "on-demand",
            "AWS_LAMBDA_LOG_GROUP_NAME": f"/aws/lambda/{self.name}",
            "AWS_LAMBDA_LOG_STREAM_NAME": "2026/01/01/[$LATEST]0123456789abcdef",
            **self.login,
            **self.configuration.get("Environment", {}).get("Variables", {}),
            **self.host.environment(self.handler),
        }

    def write(self, line):
        with self.lock:
            self.written.append(line)
            try:
                if line.startswith("{"):
                    self.lines.append(json.loads(line))
            except ValueError:
                self.broken_lines.append(line)

    @property
    def text(self):
        return "".join(self.written)

    def logged(self, event):
        """Log lines of this event."""
        return [line for line in list(self.lines) if line.get("event") == event]

    def invoke(self, event, messages=()):
        """One invocation, on an instance that is free or a new one."""
        invocation = Invocation(self.name, event, messages=list(messages))
        with self.lock:
            self.started += 1
            kills = self.faults.kill_after_seconds
            kill = kills.pop(0) if kills else None
        start = time.monotonic()
        request = Request(json.dumps(event).encode(), self.arn, self.seconds_max, kill)
        invocation.request_id = request.id
        invocation.ended, invocation.body = self.run(request)
        invocation.seconds = time.monotonic() - start
        with self.lock:
            self.invocations.append(invocation)
        return invocation

    def run(self, request):
        instance, wrong = self.take()
        answer = wrong or instance.invoke(request)
        with self.lock:
            self.busy.remove(instance)
            if usable := answer.ended in ("answered", "error"):
                self.idle.append(instance)
        if not usable:
            instance.end()
        if wrong:
            self.init_errors.append(answer.body.decode())
        return answer

    def take(self):
        """An instance, and the Answer where it did not come up."""
        with self.lock:
            while self.idle:
                instance = self.idle.pop()
                if instance.is_running:
                    self.busy.append(instance)
                    return instance, None
                instance.end()
        instance = Instance([self.host.bootstrap], self.environment, self.write, self.faults.freeze)
        with self.lock:
            self.processes += 1
            self.busy.append(instance)
        return instance, instance.wait_until_ready()

    def recycle(self):
        """Ends the instances that are free: the next events meet new ones, as after a new deployment."""
        with self.lock:
            instances, self.idle = self.idle, []
        for instance in instances:
            instance.end()

    def kill(self):
        """SIGKILL to the instances that are at work. Gives their number."""
        with self.lock:
            instances = list(self.busy)
        for instance in instances:
            instance.kill()
        return len(instances)


def sns_event(message, topic_arn):
    """https://docs.aws.amazon.com/lambda/latest/dg/with-sns.html"""
    return {"Records": [{
        "EventVersion": "1.0", "EventSource": "aws:sns",
        "EventSubscriptionArn": f"{topic_arn}:{uuid.uuid4()}",
        "Sns": {"Type": "Notification", "MessageId": str(uuid.uuid4()), "TopicArn": topic_arn,
                "Subject": None, "Message": message, "MessageAttributes": {},
                "Timestamp": "2026-01-02T03:04:05.678Z", "SignatureVersion": "1", "Signature": "EXAMPLE",
                "SigningCertUrl": "EXAMPLE", "UnsubscribeUrl": "EXAMPLE"}}]}


def scheduled_event(rule_arn):
    """https://docs.aws.amazon.com/lambda/latest/dg/with-eventbridge-scheduler.html"""
    now = time.strftime("%Y-%m-%dT%H:%M:%SZ", time.gmtime())
    return {"version": "0", "id": str(uuid.uuid4()), "detail-type": "Scheduled Event",
            "source": "aws.events", "account": rule_arn.split(":")[4], "time": now, "region": REGION,
            "resources": [rule_arn], "detail": {}}


class LambdaHost:
    """All functions whose names begin with `prefix`, in a `with` block, once: it takes the mappings over.

    `environment`: gives what a test adds to the variables of a function, by its handler. At most
    `concurrency_max` instances of a function work for its queue, whatever the mapping allows.
    """

    def __init__(self, aws, prefix="", environment=lambda handler: {}, concurrency_max=4, bootstrap=None):
        self.aws, self.environment, self.concurrency_max = aws, environment, concurrency_max
        self.bootstrap = str(bootstrap or os.environ["AZS3COPY_TEST_BOOTSTRAP"])
        with aws.unchecked():  # moto fails on boto3's signature of ListFunctions
            rows = aws.rows("lambda", "list_functions", "Functions")
            mappings = aws.rows("lambda", "list_event_source_mappings", "EventSourceMappings")
        functions = [Function(self, row) for row in rows if row["FunctionName"].startswith(prefix)]
        self.functions = {function.handler: function for function in functions}
        by_arn = {function.arn: function for function in functions}
        self.sources = [EventSource(self, by_arn[mapping["FunctionArn"]], mapping)
                        for mapping in mappings
                        if mapping["FunctionArn"] in by_arn and mapping["State"] == "Enabled"]

    def __getitem__(self, handler):
        return self.functions[handler]

    def __enter__(self):
        for source in self.sources:
            source.start()
        return self

    def __exit__(self, *_):
        """No process stays behind; messages that were under way stay in the queues."""
        for source in self.sources:
            source.stop()
        for function in self.functions.values():
            function.recycle()

    def invoke(self, handler, event):
        """As the schedule and the console's Test button do."""
        return self.functions[handler].invoke(event)

    def fire_schedule(self):
        """As EventBridge does, for each rule that has one of the functions as its target."""
        by_arn = {function.arn: function for function in self.functions.values()}
        for rule in self.aws.rows("events", "list_rules", "Rules"):
            for target in self.aws.rows("events", "list_targets_by_rule", "Targets", Rule=rule["Name"]):
                if target["Arn"] in by_arn and rule["State"] == "ENABLED":
                    event = json.loads(target["Input"]) if "Input" in target else scheduled_event(rule["Arn"])
                    yield self.invoke_async(by_arn[target["Arn"]].handler, event)

    def invoke_async(self, handler, event):
        """As SNS does: a failure is tried twice again."""
        for _ in range(ASYNC_ATTEMPTS):
            invocation = self.invoke(handler, event)
            if invocation.ended == "answered":
                break
        return invocation

    def pause(self, handler, yes=True):
        """Messages for this function stay where they are, until it is told to go on."""
        for source in self.sources:
            if source.function.handler == handler:
                source.paused = yes

    @property
    def invocations(self):
        return [one for function in self.functions.values() for one in list(function.invocations)]

    @property
    def text(self):
        """All that any function wrote."""
        return "".join(function.text for function in self.functions.values())

    def is_quiet(self):
        """No message in any queue and no invocation: nothing can happen any more."""
        before = [function.started for function in self.functions.values()]
        if any(function.busy for function in self.functions.values()):
            return False
        if any(source.waiting() for source in self.sources):
            return False
        return before == [function.started for function in self.functions.values()]

    def wait_until_quiet(self, seconds=120):
        # Twice: moto counts a message neither as visible nor as hidden when it changes from one to the other.
        wait_until(lambda: self.is_quiet() and self.is_quiet(), "all queues empty", seconds)
