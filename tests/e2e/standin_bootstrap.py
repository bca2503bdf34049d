#!/usr/bin/python3 -SE
"""A bootstrap that does what the bodies of its messages say: what the tests of the Lambda host run.

Each message is JSON: {"do": ..., "n": ...}, with `do` one of
  ok      taken, after `seconds`, if that is given
  fail    reported in batchItemFailures
  id      the id given in `id` is reported, whatever it is
  raise   the invocation ends in an error
  exit    the process ends
  garbage the answer is no JSON
  count   reported until the message was received `times` times

Any other event is answered with {"event": ..., "environment": ...}. STANDIN_INIT=error|exit: it does not
come up.
"""

import http.client
import json
import os
import sys
import time

RUNTIME = "/2018-06-01/runtime"


class Raised(Exception):
    pass


def log(event, **fields):
    print(json.dumps({"level": "info", "event": event, "pid": os.getpid(), "t": time.monotonic(), **fields}))
    sys.stdout.flush()


def failure(record):
    """What to report of the message; None: nothing."""
    work = json.loads(record["body"])
    receives = int(record["attributes"]["ApproximateReceiveCount"])
    log("message", n=work.get("n"), receives=receives, id=record["messageId"])
    time.sleep(work.get("seconds", 0))
    what = work["do"]
    if what == "raise":
        raise Raised("as the message says")
    if what == "exit":
        os._exit(7)
    if what == "fail" or what == "count" and receives < work["times"]:
        return {"itemIdentifier": record["messageId"]}
    return {"itemIdentifier": work["id"]} if what == "id" else None


def handle(event):
    records = event.get("Records") if isinstance(event, dict) else None
    if not records or "body" not in records[0]:
        return json.dumps({"event": event, "environment": dict(os.environ)})
    log("batch", size=len(records), function=os.environ["_HANDLER"])
    failures = [one for one in map(failure, records) if one]
    garbage = any('"garbage"' in record["body"] for record in records)
    return "{" if garbage else json.dumps({"batchItemFailures": failures})


def main():
    runtime = http.client.HTTPConnection(os.environ["AWS_LAMBDA_RUNTIME_API"])

    def call(method, path, body=None):
        runtime.request(method, RUNTIME + path, body)
        reply = runtime.getresponse()
        return reply, reply.read()

    if os.environ.get("STANDIN_INIT") == "error":
        call("POST", "/init/error", '{"errorMessage": "no secret", "errorType": "Init"}')
    if os.environ.get("STANDIN_INIT"):
        sys.exit(3)
    log("init")
    while True:
        reply, body = call("GET", "/invocation/next")
        way = f"/invocation/{reply.getheader('Lambda-Runtime-Aws-Request-Id')}"
        try:
            answer = handle(json.loads(body))
        except Raised as error:
            call("POST", way + "/error", json.dumps({"errorMessage": str(error), "errorType": "Raised"}))
        else:
            call("POST", way + "/response", answer)


if __name__ == "__main__":
    main()
