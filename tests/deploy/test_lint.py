"""The deployment against the tools that know AWS: cfn-lint, parliament, checkov, Terraform itself."""

import json
import subprocess
import sys
from collections import Counter
from pathlib import Path

import hcl2
import parliament
import pytest

import cloudformation
import terraform

BIN = Path(sys.executable).parent

# checkov's checks that are demanded -> how many things each must have looked at, in CloudFormation and in
# Terraform (0: that kind of template has no such check).
CHECKS = {
    "CKV_AWS_7": (1, 1),  # key rotation
    "CKV_AWS_19": (1, 1),  # bucket encrypted
    "CKV_AWS_21": (1, 1),  # bucket versioned
    "CKV_AWS_26": (6, 6),  # topics encrypted
    "CKV_AWS_27": (10, 10),  # queues encrypted
    "CKV_AWS_33": (1, 1),  # no * principal in the key's policy
    "CKV_AWS_45": (6, 6),  # no credentials in a function's environment
    "CKV_AWS_53": (1, 1),  # public access blocked: ACLs
    "CKV_AWS_54": (1, 1),  # ... policies
    "CKV_AWS_55": (1, 1),  # ... ACLs ignored
    "CKV_AWS_56": (1, 1),  # ... restricted
    "CKV_AWS_60": (6, 6),  # who may assume the roles
    "CKV_AWS_61": (6, 6),
    "CKV_AWS_62": (0, 6),  # no full rights
    "CKV_AWS_63": (0, 6),  # no * action
    "CKV_AWS_66": (6, 6),  # logs expire
    "CKV_AWS_107": (6, 0),  # no credentials exposed
    "CKV_AWS_109": (6, 0),  # no management of permissions
    "CKV_AWS_110": (6, 0),  # no escalation
    "CKV_AWS_111": (6, 0),  # no writing without constraints
    "CKV_AWS_145": (0, 1),  # bucket encrypted with KMS
    "CKV_AWS_149": (2, 2),  # secrets encrypted with our key
    "CKV_AWS_158": (6, 6),  # logs encrypted with our key
    "CKV_AWS_168": (0, 10),  # queue policies are not public
    "CKV_AWS_169": (0, 5),  # topic policies are not public
    "CKV_AWS_300": (0, 1),  # incomplete uploads are aborted
    "CKV_AWS_301": (0, 1),  # functions are not public
    "CKV_AWS_319": (0, 1),  # alarms have actions
    "CKV_AWS_363": (6, 6),  # the runtime is not deprecated
    "CKV_AWS_364": (1, 1),  # the permission names its source
    "CKV_AWS_385": (0, 5),  # no topic for other accounts
    "CKV_AWS_387": (0, 10),  # no queue for everybody
}

# It takes the EU Sovereign Cloud's ARNs for invalid ones; the statements are made as those of China are.
PARLIAMENTS_PARTITIONS = {"aws", "aws-cn"}
# What parliament finds and we mean.
MEANT = {
    (
        "UNKNOWN_ACTION",
        "sts:GetWebIdentityToken",
    ): "newer than parliament's list of actions; cfn-lint knows it",
    ("RESOURCE_STAR", "NetworkInterfaces"): "Lambda wants the actions on network interfaces on all resources",
    ("RESOURCE_STAR", "NotFromCode"): "a Deny",
    (
        "UNKNOWN_CONDITION_FOR_ACTION",
        "lambda:SourceFunctionArn",
    ): "a key that AWS's page on Lambda in a VPC gives",
    ("INVALID_ARN", "arn:aws-eusc:"): "a partition that is newer than parliament",
}
# Statements whose resource is *, since AWS has no other.
STAR_RESOURCES = {"AzureToken", "NetworkInterfaces", "NotFromCode"}


def identity_policies(stacks):
    for scenario, stack in stacks.items():
        for logical_id in stack.resources():
            if stack.template["Resources"][logical_id]["Type"] == "AWS::IAM::RolePolicy":
                yield f"{scenario} {logical_id}", stack.properties(logical_id)["PolicyDocument"]


def test_cfn_lint():
    done = subprocess.run(
        [BIN / "cfn-lint", "-c", "I", "--", cloudformation.TEMPLATE],
        capture_output=True,
        text=True,
        timeout=300,
    )
    assert done.returncode == 0, done.stdout + done.stderr


def test_parliament(stacks):
    found, count = [], 0
    known = {name: stack for name, stack in stacks.items() if stack.place.partition in PARLIAMENTS_PARTITIONS}
    for name, document in identity_policies(known):
        for statement in document["Statement"]:
            count += 1
            alone = {"Version": "2012-10-17", "Statement": [statement]}
            for finding in parliament.analyze_policy_string(json.dumps(alone)).findings:
                text = f"{finding.issue} {finding.detail} {finding.location} {statement['Sid']}"
                if not any(issue == finding.issue and word in text for issue, word in MEANT):
                    found.append(f"{name} {statement['Sid']}: {finding}")
    assert count > 100
    assert not found


def test_no_stars(stacks):
    found = []
    for name, document in identity_policies(stacks):
        for statement in document["Statement"]:
            if any("*" in action for action in statement["Action"]):
                found.append(f"{name} {statement['Sid']}: {statement['Action']}")
            if "*" in statement["Resource"] and statement["Sid"] not in STAR_RESOURCES:
                found.append(f"{name} {statement['Sid']}: resource *")
    for stack in stacks.values():
        for statement in stack.properties("KMSKey")["KeyPolicy"]["Statement"]:
            if any("*" in action for action in statement["Action"]):
                found.append(f"key policy {statement['Sid']}: {statement['Action']}")
    assert not found


@pytest.mark.parametrize("side, framework", enumerate(["cloudformation", "terraform"]))
def test_checkov(side, framework):
    where = {
        "cloudformation": ["--file", str(cloudformation.TEMPLATE)],
        "terraform": [
            "--directory",
            str(terraform.MODULE),
            "--skip-path",
            "tests",
            "--skip-path",
            "azure-example",
        ],
    }[framework]
    checks = [name for name, counts in CHECKS.items() if counts[side]]
    command = [
        BIN / "checkov",
        *where,
        "--framework",
        framework,
        "--check",
        ",".join(checks),
        "--skip-download",
    ]
    done = subprocess.run(
        [*command, "--output", "json"], capture_output=True, text=True, timeout=300, stdin=subprocess.DEVNULL
    )
    results = json.loads(done.stdout)["results"]
    failed = [f"{check['check_id']} {check['resource']}" for check in results["failed_checks"]]
    assert not failed and not results["parsing_errors"]
    passed = Counter(check["check_id"] for check in results["passed_checks"])
    few = {name: passed[name] for name in checks if passed[name] < CHECKS[name][side]}
    assert not few, "these checks looked at too little"


LOCK = terraform.MODULE / ".terraform.lock.hcl"


def test_the_lock_file_covers_every_platform():
    """zh: checksums of the registry's archives of all platforms; h1: of the tests' provider."""
    (provider,) = hcl2.loads(LOCK.read_text())["provider"]
    ((address, lock),) = provider.items()
    assert address == "registry.terraform.io/hashicorp/aws"
    assert lock["version"] == ["5.100.0"] and lock["constraints"] == ["~> 5.100"]
    kinds = Counter(checksum.split(":")[0] for checksum in lock["hashes"][0])
    assert kinds == {"zh": 15, "h1": 1}


def test_the_lock_file_is_tracked_by_git():
    done = subprocess.run(["git", "check-ignore", "-q", LOCK], cwd=terraform.ROOT, timeout=60)
    assert done.returncode == 1


@pytest.mark.terraform
def test_terraform_format():
    done = subprocess.run(
        [
            "terraform",
            "fmt",
            "-check",
            "-recursive",
            "-diff",
            terraform.MODULE,
            *Path(__file__).parent.glob("*.tf"),
        ],
        capture_output=True,
        text=True,
        timeout=60,
    )
    assert done.returncode == 0, done.stdout + done.stderr


@pytest.mark.terraform
def test_terraform_validates_and_its_own_tests_pass(tmp_path):
    tests = {
        f"tests/{path.name}": path.read_text() for path in (terraform.MODULE / "tests").glob("*.tftest.hcl")
    }
    copy = terraform.Copy(tmp_path / "module", extra=tests)
    assert (copy.folder / LOCK.name).read_text() == LOCK.read_text(), "init has added to the lock file"
    copy.run("validate", "-no-color")
    done = copy.run("test", "-no-color")
    assert "Success! " in done.stdout and " 0 failed." in done.stdout


@pytest.mark.terraform
def test_destroying_waits_for_the_network_interfaces(states):
    """Lambda deletes them by the functions' roles, for up to 20 minutes; only the scenario in a VPC waits."""
    assert states.copy.slept.read_text() == "1200\n"


@pytest.mark.terraform
def test_roles_outlive_the_network_interfaces():
    """Functions are destroyed first, then comes the wait, then the roles' policies go."""
    resources = {
        (kind, name): body
        for block in hcl2.loads((terraform.MODULE / "functions.tf").read_text())["resource"]
        for kind, named in block.items()
        for name, body in named.items()
    }
    (of_functions,) = resources["aws_lambda_function", "function"]["depends_on"]
    (of_the_wait,) = resources["terraform_data", "network_interfaces"]["depends_on"]
    assert "${terraform_data.network_interfaces}" in of_functions
    assert of_the_wait == ["${aws_iam_role_policy.function}"]
