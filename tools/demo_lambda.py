#!/usr/bin/env python3
"""Shows the six Lambda functions at work on local emulators: tools/demo_lambda.py PROGRAM BOOTSTRAP, under
tests/servers/run.sh with azurite-tls, versitygw-tls, entra and moto.

    container in Azurite --> secret, topics, queues in moto --> schedule --> azs3copy status --watch --> check

Each function is the real bootstrap; tests/e2e/lambda_host.py stands for Lambda.
"""

import os
import shlex
import subprocess
import sys
from pathlib import Path

ROOT = Path(__file__).resolve().parent.parent
sys.path.insert(0, str(ROOT / "tests/e2e"))

from aws import Aws  # noqa: E402
from clouds import Account, Store  # noqa: E402
from lambda_host import LambdaHost  # noqa: E402
from lambda_stack import LambdaStack  # noqa: E402


def setting(name):
    return os.environ[f"AZS3COPY_TEST_{name}"]


def title(text):
    print(f"\n\033[1m== {text}\033[0m", flush=True)


def main():
    program, bootstrap = sys.argv[1:3]
    account = Account(setting("AZURITE_TLS_URL"), setting("AZURITE_ACCOUNT"), setting("AZURITE_KEY"),
                      setting("CA"))
    store = Store(setting("VERSITYGW_TLS_URL"), setting("S3_ACCESS_KEY"), setting("S3_SECRET_KEY"),
                  setting("S3_REGION"), setting("CA"))
    aws = Aws(setting("MOTO_URL"), store.access_key, store.secret_key)
    ours = {name: value for name, value in os.environ.items() if not name.startswith("AZS3COPY_TEST_")}

    title("Fill a container in Azurite")
    source = f"{account.url}/sample"
    subprocess.run([sys.executable, ROOT / "tools/sample.py", source, account.ca], check=True,
                   env=ours | account.environment)
    store.bucket("demo-lambda")

    title("Deploy into moto: a secret, five topics, ten queues, six functions, a schedule")
    stack = LambdaStack(aws, "etl", {
        "bloburl": source, "tenantid": setting("ENTRA_TENANT"), "appid": setting("ENTRA_CLIENT"),
        "appsecret": setting("ENTRA_SECRET"), "bucket_name": "demo-lambda", "isactive": "True",
        "begindate": "20220820", "partition_size": "16MiB"})
    for function, queue in stack.queues.items():
        print(f"  {queue.name:34} -> {function}")
    environment = {**aws.environment, "AWS_ENDPOINT_URL_S3": store.url, "SSL_CERT_FILE": account.ca,
                   "AZURE_AUTHORITY_HOST": setting("ENTRA_URL")}
    ends = ["s3://demo-lambda", *store.flags, "--ca-bundle", account.ca]

    def run(*words):
        print("$ azs3copy", shlex.join(words), flush=True)
        logins = store.environment | account.environment
        return subprocess.run([program, *words], env=ours | logins).returncode

    with LambdaHost(aws, "etl", lambda handler: environment, bootstrap=bootstrap) as host:
        title("The schedule fires")
        for invocation in host.fire_schedule():
            print(invocation.body.decode())
        title("Follow the run")
        code = run("status", *ends, "--watch")
        host.wait_until_quiet(60)
        invocations = len(host.invocations)
        title("A second run finds everything unchanged")
        for invocation in host.fire_schedule():
            print(invocation.body.decode())
        again = run("status", *ends, "--watch")
        host.wait_until_quiet(60)
    title("Both sides, compared")
    equal = run("check", source, *ends, "--one-way")
    print(f"\n{invocations} invocations copied it. Exit codes of status, status and check: {code}, {again}, "
          f"{equal}.")
    sys.exit(code or again or equal)


if __name__ == "__main__":
    main()
