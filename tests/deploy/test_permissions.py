"""Each role allows what its function was seen to ask of AWS (tests/e2e/lambda_calls.json, recorded by the
chain's tests there and here) and no more. test_chain.py proves the same of the applied roles."""

import json
from pathlib import Path

import pytest

from cloudformation import BUCKET, SECRET_ARN

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
    if arn == SECRET_ARN:
        return {"secret"}
    if ":sns:" in arn:
        name = arn.rsplit("azs3copy", 1)[1]
        return {"topic/" + {"L1_to_L2": "L1L2", "L2_to_L3": "L2L3"}.get(name, name)}
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
