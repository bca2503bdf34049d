"""The whole system of six functions between a source and a bucket: what the chain tests drive and look at.

    schedule --> the host runs all until no queue holds a message --> objects, ledger, log, dead letters
"""

import json
import os
import re
from pathlib import Path

from aws import login_variables
from lambda_host import LambdaHost
from lambda_stack import LambdaStack

STATE_PREFIX = ".azs3copy/"


def bootstrap_path():
    """Beside the program in its build folder, unless AZS3COPY_TEST_BOOTSTRAP says otherwise."""
    program = os.environ.get("AZS3COPY_TEST_PROGRAM", "")
    path = Path(os.environ.get("AZS3COPY_TEST_BOOTSTRAP") or Path(program).with_name("bootstrap"))
    assert path.exists(), f"{path} is not there: build the target bootstrap"
    return path.resolve()


class Login:
    """An application that Entra knows, and where Entra is."""

    def __init__(self, authority, tenant, client, secret):
        self.authority, self.secret = authority, secret
        self.parameters = {"tenantid": tenant, "appid": client, "appsecret": secret}


class Chain:
    """`parameters` go into the secret; `options` are those of LambdaStack, unless a `stack` is given."""

    def __init__(self, aws, source, bucket, login, prefix, parameters=None, recorder=None, stack=None,
                 **options):
        self.aws, self.source, self.bucket, self.login, self.recorder = aws, source, bucket, login, recorder
        secret = {"bloburl": source.url, "bucket_name": bucket.name, "isactive": "True", **login.parameters}
        self.stack = stack or LambdaStack(aws, prefix, secret | (parameters or {}), **options)
        self.host = LambdaHost(aws, prefix, self.environment, bootstrap=bootstrap_path())

    def environment(self, handler):
        variables = {**self.aws.environment, "AWS_ENDPOINT_URL_S3": self.bucket.store.url,
                     "AZURE_AUTHORITY_HOST": self.login.authority, "SSL_CERT_FILE": self.source.ca,
                     "AZS3COPY_LOG_LEVEL": "debug", "AZS3COPY_RETRY_SECONDS": "1"}
        if not self.recorder:
            return variables
        # Who calls shows in the access key; an S3 that knows only its own is given that.
        store, strict = self.bucket.store, self.aws.checks_logins
        login = self.host[handler].login if strict else login_variables(handler, "any")
        s3_login = None if store.url == self.aws.url else (store.access_key, store.secret_key)
        return self.recorder.environment(handler, login | variables, s3_login)

    def launch(self, event=None):
        """The answer of launch-qualification, to the schedule or to an event."""
        if event:
            invocation = self.host.invoke("launch-qualification", event)
        else:
            invocation, = self.host.fire_schedule()
        assert invocation.ended == "answered", f"{invocation.ended}: {invocation.body}\n{self.host.text}"
        return invocation.json

    def run(self, seconds=120):
        """The id of a run, which is over."""
        run = self.launch()["run"]
        assert run, "no run was begun"
        self.host.wait_until_quiet(seconds)
        return run

    # What is left behind.

    def objects(self):
        """Key -> bytes, without the ledger."""
        keys = [key for key in self.bucket.keys() if not key.startswith(STATE_PREFIX)]
        return {key: self.bucket.read(key) for key in keys}

    def ledger(self):
        """Key -> bytes of all that the functions keep in the bucket for themselves."""
        keys = [key for key in self.bucket.keys() if key.startswith(STATE_PREFIX)]
        return {key.removeprefix(STATE_PREFIX): self.bucket.read(key) for key in keys}

    def records(self, run):
        """One of each blob that came to an end."""
        pattern = re.compile(rf"runs/{run}/records/.*\.jsonl")
        texts = [body for key, body in self.ledger().items() if pattern.fullmatch(key)]
        return [json.loads(line) for text in texts for line in text.decode().splitlines()]

    def status(self, program, run=None):
        """What `azs3copy status --json` says, of blobs their number alone."""
        words = ["status", self.bucket.url, *([run] if run else []), "--json", *self.bucket.flags]
        if self.bucket.ca:
            words += ["--ca-bundle", self.bucket.ca]
        look = json.loads(program.run(*words, expect=None, **self.bucket.environment).out)
        return {name: value["blobs"] if isinstance(value, dict) else value for name, value in look.items()}

    def redrive(self, program, *handlers, flags=(), expect=0):
        """Sends dead letters back to the functions."""
        urls = [self.stack.dead[handler].url for handler in handlers]
        words = ["redrive", *urls, self.bucket.url, *flags, *self.bucket.flags]
        if self.bucket.ca:
            words += ["--ca-bundle", self.bucket.ca]
        variables = self.bucket.environment | self.aws.environment
        return program.run(*words, expect=expect, **variables)

    def dead(self):
        """Handler -> bodies of its dead letters, where there are any."""
        bodies = {handler: queue.bodies() for handler, queue in self.stack.dead.items()}
        return {handler: found for handler, found in bodies.items() if found}

    def messages(self, handler):
        """Bodies of all messages that the function was given, each once."""
        found = {}
        for invocation in list(self.host[handler].invocations):
            for record in invocation.event.get("Records", []):
                found[record.get("messageId")] = record.get("body")
        return list(found.values())

    def everything_written(self):
        """Log, answers, messages, dead letters, ledger."""
        texts = [self.host.text, json.dumps(self.dead())]
        for one in self.host.invocations:
            texts += [json.dumps(one.event), one.body.decode()]
        texts += [key + body.decode(errors="replace") for key, body in self.ledger().items()]
        return "\n".join(texts)

    def check_end(self, *secrets):
        """What holds whatever happened: nothing secret was written, and each line of the log is whole."""
        written = self.everything_written()
        # eyJ: how a token begins.
        for secret in (self.login.secret, "eyJ", self.bucket.store.secret_key, *secrets):
            assert secret not in written, f"{secret} was written"
        broken = [line for function in self.host.functions.values() for line in function.broken_lines]
        assert not broken, f"no JSON: {broken}"
