"""One execution environment of Lambda: a process of the bootstrap, and the Runtime API that is its own.

    invoke(event) --> [ GET next ] --> bootstrap --> [ POST response | error ] --> Answer
                       the process ends, or its time is up  -----------------------^

https://docs.aws.amazon.com/lambda/latest/dg/runtimes-api.html
"""

import collections
import contextlib
import dataclasses
import http.server
import json
import os
import queue
import re
import signal
import subprocess
import threading
import time
import uuid

INIT_SECONDS_MAX = 10  # https://docs.aws.amazon.com/lambda/latest/dg/lambda-runtime-environment.html
RESPONSE_BYTES_MAX = 6 * 1024 * 1024  # Lambda quotas, synchronous invocation
PATHS = re.compile(r"/2018-06-01/runtime/(?:(init)/error|invocation/([^/]+)/(response|error))")

# `ended`: "answered", "error" (the function said so), "timeout", "exit" (the process ended) or "init".
Answer = collections.namedtuple("Answer", "ended body")


@dataclasses.dataclass
class Request:
    """One event on its way to the process."""

    event: bytes
    function_arn: str
    seconds_max: float
    kill_after_seconds: float = None  # a fault: from the moment when the process has the event
    id: str = dataclasses.field(default_factory=lambda: str(uuid.uuid4()))
    deadline: float = 0

    def headers(self):
        return {"Content-Type": "application/json", "Lambda-Runtime-Aws-Request-Id": self.id,
                "Lambda-Runtime-Deadline-Ms": str(int(self.deadline * 1000)),
                "Lambda-Runtime-Invoked-Function-Arn": self.function_arn,
                "Lambda-Runtime-Trace-Id": f"Root=1-{int(time.time()):08x}-{self.id.replace('-', '')[:24]}"
                                           ";Parent=53995c3f42cd8ad8;Sampled=0"}


class Instance:
    """`write` is given each line that the process prints. `freeze`: it stands still while it has no event."""

    def __init__(self, command, environment, write, freeze=False):
        self.freeze = freeze
        self.requests = queue.Queue()  # for `next`; None: there are no more
        self.happened = queue.Queue()  # (what, id of the request, body)
        self.current = None
        self.started = threading.Event()  # `process` is known: it may ask before we are told that it runs
        self.api = Server(("127.0.0.1", 0), RuntimeApi)
        self.api.instance = self
        threading.Thread(target=self.api.serve_forever, args=(0.05,), daemon=True).start()
        environment = {**environment, "AWS_LAMBDA_RUNTIME_API": f"127.0.0.1:{self.api.server_port}"}
        self.process = subprocess.Popen(command, env=environment, cwd=environment["LAMBDA_TASK_ROOT"],
                                        stdin=subprocess.DEVNULL, stdout=subprocess.PIPE,
                                        stderr=subprocess.STDOUT, start_new_session=True)
        self.started.set()
        self.reader = threading.Thread(target=self.read_output, args=(write,), daemon=True)
        self.reader.start()

    def read_output(self, write):
        """Until all who hold the process's output have ended."""
        with self.process.stdout as lines:
            for line in lines:
                write(line.decode(errors="replace"))
        self.happened.put(("exit", None, f"the runtime exited with code {self.process.wait()}".encode()))

    def wait_until_ready(self):
        """An answer where it is not: the first phase of Lambda ends when the process asks for an event."""
        try:
            what, _, body = self.happened.get(timeout=INIT_SECONDS_MAX)
        except queue.Empty:
            what, body = "init", b"no call of next within the time for the init phase"
        return None if what == "next" else Answer("init", body)

    def invoke(self, request):
        """Gives the Answer. After all but "answered" and "error" the instance is of no use any more."""
        request.deadline = time.time() + request.seconds_max
        self.requests.put(request)
        while (left := request.deadline - time.time()) > 0:
            with contextlib.suppress(queue.Empty):
                what, request_id, body = self.happened.get(timeout=left)
                if what == "exit" or request_id == request.id:
                    return Answer(what, body)
        return Answer("timeout", f"Task timed out after {request.seconds_max:.2f} seconds".encode())

    def next_request(self):
        """Called by the Runtime API; waits for one."""
        self.started.wait()
        self.happened.put(("next", None, b""))
        if self.freeze and self.requests.empty():
            self.signal(signal.SIGSTOP)
        self.current = self.requests.get()
        if self.freeze:
            self.signal(signal.SIGCONT)
        if self.current and self.current.kill_after_seconds is not None:
            threading.Timer(self.current.kill_after_seconds, self.kill_during, [self.current.id]).start()
        return self.current

    def answered(self, request_id, what, body):
        """False where nobody waits for it."""
        if self.current is None or self.current.id != request_id:
            return False
        self.current = None
        self.happened.put((what, request_id, body))
        return True

    def kill_during(self, request_id):
        current = self.current
        if current and current.id == request_id:
            self.kill()

    @property
    def is_running(self):
        return self.process.poll() is None

    def kill(self):
        self.signal(signal.SIGKILL)

    def signal(self, number):
        if self.is_running:
            with contextlib.suppress(ProcessLookupError):
                os.killpg(self.process.pid, number)

    def end(self):
        self.kill()
        self.process.wait()
        self.requests.put(None)
        self.api.shutdown()
        self.api.server_close()
        self.reader.join()


class Server(http.server.ThreadingHTTPServer):
    daemon_threads = True
    block_on_close = False

    def handle_error(self, request, client_address):
        """A process that was killed breaks its connections: no news."""


class RuntimeApi(http.server.BaseHTTPRequestHandler):
    protocol_version = "HTTP/1.1"
    disable_nagle_algorithm = True

    def log_message(self, *_):
        pass

    def do_GET(self):
        if self.path != "/2018-06-01/runtime/invocation/next":
            return self.reply(404, b"no such path")
        request = self.server.instance.next_request()
        if request is None:
            self.close_connection = True
        else:
            self.reply(200, request.event, request.headers())

    def do_POST(self):
        body = self.read_body()
        found = PATHS.fullmatch(self.path)
        if not found:
            return self.reply(404, b"no such path")
        init, request_id, what = found.groups()
        if init:
            self.server.instance.happened.put(("init", None, body))
        elif len(body) > RESPONSE_BYTES_MAX:
            return self.reply(413, error_json("the response is too large", "RequestEntityTooLarge"))
        elif not self.server.instance.answered(request_id, {"response": "answered"}.get(what, what), body):
            return self.reply(400, error_json("no such request", "InvalidRequestID"))
        self.reply(202, b'{"status":"OK"}\n')

    def read_body(self):
        if self.headers.get("Transfer-Encoding", "").lower() != "chunked":
            return self.rfile.read(int(self.headers.get("Content-Length", 0)))
        body = b""
        while size := int(self.rfile.readline().split(b";")[0], 16):
            body += self.rfile.read(size)
            self.rfile.readline()
        while self.rfile.readline().strip():  # trailers
            pass
        return body

    def reply(self, status, body, headers=None):
        self.send_response(status)
        for name, value in (headers or {}).items():
            self.send_header(name, value)
        self.send_header("Content-Length", str(len(body)))
        self.end_headers()
        self.wfile.write(body)


def error_json(message, kind):
    return json.dumps({"errorMessage": message, "errorType": kind}).encode()
