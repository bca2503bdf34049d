"""Each role allows what its function was seen to ask of AWS (tests/e2e/lambda_calls.json, recorded by the
chain's tests there and here) and no more. test_chain.py proves the same of the applied roles."""

import json
import re
from pathlib import Path

import pytest

from cloudformation import ACCOUNT, BUCKET, LOGIN_ARN, SECRET_ARN
from scenarios import SCENARIOS

CALLS = Path(__file__).resolve().parents[1] / "e2e/lambda_calls.json"

# Asked for by Lambda for the function, or by a service in its name: no call of the program's own.
NOT_BY_THE_PROGRAM = {
    "kms:Decrypt",
    "kms:GenerateDataKey",
    "logs:CreateLogStream",
    "logs:PutLogEvents",
    "sqs:DeleteMessage",
    "sqs:GetQueueAttributes",
    "sqs:ReceiveMessage",
}

# (function, action, resource) -> when it is needed, though no test of the chain came by.
BEYOND = {
    ("largefile-recombinator", "s3:DeleteObject", "bucket/objects"): "an object whose checksum S3 doubts",
}


def kinds_of(arn):
    if arn in (SECRET_ARN, LOGIN_ARN):
        return {"secret"}
    for service, kind in (("sns", "topic"), ("sqs", "queue")):
        if f":{service}:" in arn:
            name = arn.rsplit("azs3copy", 1)[1]
            return {f"{kind}/" + {"L1_to_L2": "L1L2", "L2_to_L3": "L2L3"}.get(name, name)}
    return {
        f"arn:aws:s3:::{BUCKET}": {"bucket"},
        f"arn:aws:s3:::{BUCKET}/*": {"bucket/objects", "bucket/state"},
        f"arn:aws:s3:::{BUCKET}/.azs3copy/*": {"bucket/state"},
    }[arn]


def allowed(stack):
    """(function, action, resource) of all roles; a right on all objects is one on the state too."""
    result = set()
    for number in range(1, 7):
        function = stack.properties(f"LambdaFunction0{number}")["Handler"]
        for statement in stack.properties(f"LambdaPolicy0{number}")["PolicyDocument"]["Statement"]:
            for action in statement["Action"]:
                if action not in NOT_BY_THE_PROGRAM:
                    kinds = set().union(*map(kinds_of, statement["Resource"]))
                    result |= {(function, action, kind) for kind in kinds}
    return result


@pytest.fixture
def seen():
    calls = json.loads(CALLS.read_text())
    return {
        (function, action, resource)
        for function, actions in calls.items()
        for action, resources in actions.items()
        for resource in resources
    }


def test_the_roles_allow_what_the_functions_ask_for(stacks, seen):
    assert len(seen) > 30
    assert not seen - allowed(stacks["as_it_comes"])


def test_what_the_roles_allow_beyond_that_is_named(stacks, seen):
    beyond = {
        (function, action, resource)
        for function, action, resource in allowed(stacks["as_it_comes"]) - seen
        if resource != "bucket/state" or (function, action, "bucket/objects") not in seen | set(BEYOND)
    }
    assert beyond == set(BEYOND), "allowed, not seen and not named; or named and needless"


# ---- partitions: China, the EU Sovereign Cloud

# By AWS's documentation; an unknown condition key never matches, and the statement allows nothing.
CONDITION_KEYS = {
    "aws:SecureTransport",
    "aws:SourceAccount",
    "aws:SourceArn",
    "kms:EncryptionContext:aws:logs:arn",
    "kms:EncryptionContext:aws:sns:topicArn",
    "kms:ViaService",
    "lambda:SourceFunctionArn",
    "s3:TlsVersion",
    "sts:IdentityTokenAudience",
    "sts:SigningAlgorithm",
}


def statements(stack):
    """All statements of all policies in the stack."""
    for name in stack.resources():
        for key, value in stack.properties(name).items():
            if key in ("PolicyDocument", "KeyPolicy", "AssumeRolePolicyDocument"):
                yield from value["Statement"]


def conditions(stack):
    """(condition key, values) of all statements."""
    for statement in statements(stack):
        for tests in statement.get("Condition", {}).values():
            for key, values in tests.items():
                yield key, values if isinstance(values, list) else [values]


@pytest.mark.parametrize("scenario", SCENARIOS)
def test_via_service_is_alike_in_every_partition(stacks, scenario):
    """KMS: "amazonaws.com" ends the value everywhere, whatever the suffix of the partition's hosts."""
    stack = stacks[scenario]
    values = [values for key, values in conditions(stack) if key == "kms:ViaService"]
    assert len(values) == 19
    services = ("s3", "secretsmanager", "sns", "sqs")
    assert set().union(*values) == {f"{name}.{stack.place.region}.amazonaws.com" for name in services}


@pytest.mark.parametrize("scenario", SCENARIOS)
def test_principals_are_those_of_the_partition(stacks, scenario):
    stack = stacks[scenario]
    principals = [each["Principal"] for each in statements(stack) if isinstance(each.get("Principal"), dict)]
    assert {each["Service"] for each in principals if "Service" in each} == {
        "cloudwatch.amazonaws.com",
        "lambda.amazonaws.com",
        "sns.amazonaws.com",
        f"logs.{stack.place.region}.{stack.place.suffix}",
    }
    root = f"arn:{stack.place.partition}:iam::{ACCOUNT}:root"
    assert {each["AWS"] for each in principals if "AWS" in each} == {root}


@pytest.mark.parametrize("scenario", SCENARIOS)
def test_arns_name_their_own_partition(stacks, scenario):
    stack = stacks[scenario]
    text = json.dumps([stack.properties(name) for name in stack.resources()])
    assert set(re.findall(r"\barn:([^:]*):", text)) == {stack.place.partition}


@pytest.mark.parametrize("scenario", SCENARIOS)
def test_condition_keys_are_documented_ones(stacks, scenario):
    assert {key for key, _ in conditions(stacks[scenario])} <= CONDITION_KEYS


@pytest.mark.parametrize("scenario", SCENARIOS)
def test_the_key_admits_only_our_topics(stacks, scenario):
    stack = stacks[scenario]
    (statement,) = [
        each
        for each in stack.properties("KMSKey")["KeyPolicy"]["Statement"]
        if each["Principal"].get("Service") == "sns.amazonaws.com"
    ]
    topics = stack.properties("SNSTopicL1L2")["TopicName"].removesuffix("L1_to_L2")
    assert statement["Action"] == ["kms:Decrypt", "kms:GenerateDataKey"]
    assert statement["Condition"] == {
        "ArnLike": {"aws:SourceArn": stack.place.arn("sns", f"{topics}*")},
        "StringEquals": {"aws:SourceAccount": ACCOUNT},
    }
