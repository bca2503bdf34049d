"""Each function under AWS's own Runtime Interface Emulator, as `sam local` would run it."""

import contextlib
import json
import os
import socket
import subprocess
import urllib.request
from pathlib import Path

import pytest

from aws import REGION, Aws
from conftest import new_name, setting
from lambda_chain import bootstrap_path
from lambda_stack import FUNCTIONS, TOPICS
from waiting import wait_until


ROOT = Path(__file__).resolve().parents[2]


def free_port():
    with socket.socket() as listener:
        listener.bind(("127.0.0.1", 0))
        return listener.getsockname()[1]


def emulator_path():
    paths = subprocess.check_output([ROOT / "tools/deps.sh", "--paths"], text=True)
    return dict(line.split("=", 1) for line in paths.splitlines())["RIE"]


@contextlib.contextmanager
def emulated(function, secret, aws, folder):
    """Gives a call of the function: event -> answer. Ends the emulator and all that it started."""
    port, api = free_port(), free_port()
    environment = {**aws.environment, "PATH": os.environ["PATH"], "AWS_REGION": REGION,
                   "AZS3COPY_SECRET": secret,
                   "AWS_ACCESS_KEY_ID": aws.access_key, "AWS_SECRET_ACCESS_KEY": aws.secret_key,
                   "AWS_LAMBDA_FUNCTION_NAME": function, "AWS_LAMBDA_FUNCTION_TIMEOUT": "20"}
    with open(folder / "log", "wb") as log:
        process = subprocess.Popen(
            [emulator_path(), "--runtime-interface-emulator-address", f"127.0.0.1:{port}",
             "--runtime-api-address", f"127.0.0.1:{api}", bootstrap_path(), function],
            env=environment, stdout=log, stderr=subprocess.STDOUT, start_new_session=True)
    url = f"http://127.0.0.1:{port}/2015-03-31/functions/function/invocations"

    def invoke(event):
        with urllib.request.urlopen(url, json.dumps(event).encode(), timeout=30) as reply:
            return json.load(reply)

    def is_up():
        with contextlib.suppress(OSError), socket.create_connection(("127.0.0.1", port)):
            return True
        return False

    try:
        wait_until(is_up, "the emulator listens", 20)
        yield invoke
    finally:
        os.killpg(process.pid, 9)
        process.wait()


@pytest.mark.parametrize("function", FUNCTIONS)
def test_each_function_answers_under_aws_own_emulator(function, tmp_path):
    aws = Aws(setting("MOTO_URL", "moto"))
    topics = {f"sns_arn_l{number}": f"arn:aws:sns:{REGION}:123456789012:t{number}"
              for number, _ in enumerate(TOPICS, 1)}
    secret = new_name()
    aws.client("secretsmanager").create_secret(Name=secret, SecretString=json.dumps({
        "bloburl": "https://acme.blob.core.windows.net/photos", "tenantid": "t", "appid": "a",
        "appsecret": "s", "bucket_name": "acme-copy", "isactive": "False", **topics}))
    record = {"messageId": "m1", "body": "no work of ours", "eventSource": "aws:sqs",
              "eventSourceARN": f"arn:aws:sqs:{REGION}:123456789012:q", "attributes": {}}
    with emulated(function, secret, aws, tmp_path) as invoke:
        if function == "launch-qualification":
            assert invoke({"any": "event"}) == {"run": None, "why": "not_active"}
        else:
            for _ in range(2):  # the second on the warm process
                assert invoke({"Records": [record]}) == {"batchItemFailures": [{"itemIdentifier": "m1"}]}
            assert invoke({})["errorType"] == "invalid", "no message is no success"
    assert "no work of ours" not in (tmp_path / "log").read_text(errors="replace")
