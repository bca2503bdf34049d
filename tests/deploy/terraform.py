"""Runs Terraform on a copy of deploy/terraform, without any cloud."""

import json
import os
import shutil
import subprocess
from pathlib import Path

from cloudformation import ACCOUNT, BUCKET, KEY_ID, PLACES

ROOT = Path(__file__).resolve().parents[2]
MODULE = ROOT / "deploy/terraform"
SECONDS_MAX = 600


def program():
    return shutil.which("terraform")


def _mirrors():
    """Folders with providers, laid out as Terraform's filesystem mirrors: registry/namespace/type/version."""
    named = os.environ.get("AZS3COPY_TERRAFORM_MIRROR")
    if named:
        return [Path(named)]
    usual = [
        Path.home() / ".terraform.d/plugins",
        Path("/usr/local/share/terraform/plugins"),
        Path("/usr/share/terraform/plugins"),
        *Path("/opt").glob("*/"),
    ]
    return [folder for folder in usual if any(folder.glob("*/hashicorp/aws"))]


def environment(folder, mirrors=None):
    """Terraform's environment: providers from a local mirror where there is one."""
    result = {
        **os.environ,
        "TF_IN_AUTOMATION": "1",
        "CHECKPOINT_DISABLE": "1",
        "AWS_EC2_METADATA_DISABLED": "true",
        "TF_DATA_DIR": str(folder / ".terraform"),
    }
    mirrors = _mirrors() if mirrors is None else mirrors
    if mirrors:
        config = folder / "terraform.rc"
        blocks = "".join(f'  filesystem_mirror {{\n    path = "{mirror}"\n  }}\n' for mirror in mirrors)
        config.write_text(f"provider_installation {{\n{blocks}}}\n")
        result["TF_CLI_CONFIG_FILE"] = str(config)
    elif not Path(result.get("TF_CLI_CONFIG_FILE", "/")).is_file():
        result.pop("TF_CLI_CONFIG_FILE", None)
    return result


class Copy:
    """A copy of a module in a folder of its own, initialised."""

    def __init__(self, folder, module=MODULE, mirrors=None, extra=None):
        self.folder = folder
        folder.mkdir(parents=True, exist_ok=True)
        for path in (*module.glob("*.tf"), *module.glob(".terraform.lock.hcl")):
            shutil.copy(path, folder)
        for name, text in (extra or {}).items():
            (folder / name).parent.mkdir(parents=True, exist_ok=True)
            (folder / name).write_text(text)
        self.environment = environment(folder, mirrors)
        self._no_sleep()
        self.run("init", "-input=false", "-no-color")

    def _no_sleep(self):
        """Destroying waits for Lambda's network interfaces: here `sleep` returns at once and is recorded."""
        self.slept = self.folder / "slept"
        stub = self.folder / "bin/sleep"
        stub.parent.mkdir(exist_ok=True)
        stub.write_text(f'#!/bin/sh\necho "$@" >>"{self.slept}"\n')
        stub.chmod(0o755)
        self.environment["PATH"] = f"{stub.parent}:{self.environment['PATH']}"

    def run(self, *arguments, check=True):
        done = subprocess.run(
            ["terraform", *arguments],
            cwd=self.folder,
            env=self.environment,
            text=True,
            capture_output=True,
            timeout=SECONDS_MAX,
            stdin=subprocess.DEVNULL,
        )
        assert (
            not check or done.returncode == 0
        ), f"terraform {' '.join(arguments)}:\n{done.stdout}\n{done.stderr}"
        return done


# ---- states, made by `terraform test` with the provider mocked

CHANNELS = {
    "L1L2": "L1_to_L2",
    "L2L3": "L2_to_L3",
    "LargeFileInit": "LargeFileInit",
    "LargeFilePart": "LargeFilePart",
    "LargeFileRecomb": "LargeFileRecomb",
}
FUNCTIONS = ["01", "02", "03", "04", "05", "06"]

# The secrets' texts are write-only: no state holds them.
EXTRA_OUTPUTS = "".join(
    f'output "{name}" {{\n  value     = local.{name}\n  sensitive = true\n}}\n'
    for name in ("secret_text", "login_text")
)


def _override(target, **values):
    return f"  override_resource {{\n    target = {target}\n    values = {_value(values)}\n  }}\n"


def _value(value):
    return json.dumps(value)  # every JSON value is one of HCL's too


def _mock(prefix, environment_code, place):
    """What AWS would answer, by the names that the resources are to have."""
    stem = lambda kind: f"{prefix}{kind}{environment_code}azs3copy"  # noqa: E731
    arn = place.arn
    text = 'mock_provider "aws" {\n'
    for data, values in {
        "aws_caller_identity": {"account_id": ACCOUNT},
        "aws_partition": {"partition": place.partition, "dns_suffix": place.suffix},
    }.items():
        text += f'  mock_data "{data}" {{\n    defaults = {_value(values)}\n  }}\n'
    text += _override("aws_kms_key.copy", arn=place.key_arn, key_id=KEY_ID)
    text += _override("aws_secretsmanager_secret.copy", arn=place.secret_arn, id=place.secret_arn)
    text += _override("aws_secretsmanager_secret.login[0]", arn=place.login_arn, id=place.login_arn)
    text += _override("aws_s3_bucket.copy[0]", bucket=BUCKET)
    text += _override("aws_sns_topic.alarms", arn=arn("sns", stem("sns") + "DLQ"))
    text += _override("aws_cloudwatch_event_rule.schedule", arn=arn("events", "rule/" + stem("evr")))
    for key, name in CHANNELS.items():
        text += _override(f'aws_sns_topic.work["{key}"]', arn=arn("sns", stem("sns") + name))
        for resource, end in (("work", ""), ("dead_letters", "DLQ")):
            queue = stem("sqs") + name + end
            text += _override(
                f'aws_sqs_queue.{resource}["{key}"]',
                arn=arn("sqs", queue),
                id=place.queue_url(queue),
            )
    for key in FUNCTIONS:
        name = f"{stem('lmd')}lambda{key}"
        text += _override(f'aws_lambda_function.function["{key}"]', arn=arn("lambda", "function:" + name))
        text += _override(
            f'aws_iam_role.function["{key}"]', arn=place.role_arn(f"{stem('iar')}lambda{key}")
        )
        text += _override(
            f'aws_cloudwatch_log_group.function["{key}"]', arn=arn("logs", "log-group:/aws/lambda/" + name)
        )
    return text + "}\n"


class States(dict):
    """Scenario -> (resources, outputs); the copy of the module that made them."""

    def __init__(self, copy):
        super().__init__()
        self.copy = copy


def states(folder, scenarios, module=MODULE):
    """Scenario -> (resources, outputs) after an apply with the scenario's variables; one run of Terraform."""
    tests = {}
    for name, variables in scenarios.items():
        place = PLACES[variables["Region"]]
        text = _mock(variables.get("PrefixCode", "etl"), variables.get("EnvironmentCode", "dv"), place)
        text += f'run "{name}" {{\n  command = apply\n  variables {{\n'
        text += "".join(f"    {key} = {_value(value)}\n" for key, value in variables.items())
        tests[f"tests/{name}.tftest.hcl"] = text + "  }\n}\n"
    copy = Copy(folder, module, extra={"compare_outputs.tf": EXTRA_OUTPUTS, **tests})
    done = copy.run("test", "-json", "-verbose", check=False)
    result, problems = States(copy), []
    for line in done.stdout.splitlines():
        message = json.loads(line)
        if message["type"] == "test_state":
            state = message["test_state"]
            outputs = {key: value["value"] for key, value in state["outputs"].items()}
            result[message["@testrun"]] = (state["root_module"]["resources"], outputs)
        if message.get("diagnostic", {}).get("severity") == "error":
            problems.append(message["diagnostic"])
    assert not problems and set(result) == set(scenarios), f"{problems}\n{done.stderr}"
    return result


def refuses(folder, cases, names, module=MODULE):
    """Asserts that each case of variables is refused by the validations of exactly these variables."""
    text = _mock("etl", "dv", PLACES[cases[0]["Region"]])
    expected = ", ".join(f"var.{name}" for name in sorted(names))
    for index, variables in enumerate(cases):
        text += f'run "case_{index}" {{\n  command = plan\n  variables {{\n'
        text += "".join(f"    {key} = {_value(value)}\n" for key, value in variables.items())
        text += f"  }}\n  expect_failures = [{expected}]\n}}\n"
    done = Copy(folder, module, extra={"tests/refused.tftest.hcl": text}).run("test", "-no-color")
    assert f"Success! {len(cases)} passed, 0 failed." in done.stdout, done.stdout
