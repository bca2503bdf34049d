"""Both templates deploy the same system, property by property and statement by statement; and the comparison
would see a change of either."""

import collections
import copy
import json
import re

import hcl2
import pytest

import cloudformation
import resources
import terraform
from cloudformation import Stack, changed, leaves
from scenarios import KEYS, OF_BOTH, SCENARIOS, for_cloudformation, for_terraform, stack_of

# Variables of one side alone, and why.
ONLY_TERRAFORM = {
    "Region": "a stack lies in a region",
    "DeleteBucketWithObjects": "a stack never deletes objects",
}
# Parameters whose pattern Terraform has in other words, and why.
OTHER_PATTERNS = {
    "SourceBucket": "Terraform's provider looks at it",
    "PrefixCode": "Terraform's expressions cannot look ahead",
    "AzureSecretKey": "Terraform writes any text into JSON; CloudFormation takes it as it is",
}
# Parameter -> values of the other scenarios.
SCENARIOS_VALUES = collections.defaultdict(list)
for _variables in SCENARIOS.values():
    for _name, _value in for_cloudformation(_variables).items():
        SCENARIOS_VALUES[_name].append(_value)
# Nested attributes that the mock fills in and no file of ours writes. The second is a rule's own, not its
# filter's.
NOT_WRITTEN_NESTED = (
    "vpc_id",
    "mfa_delete",
    "object_size_greater_than",
    "object_size_less_than",
    "newer_noncurrent_versions",
)
RULES_OWN_PREFIX = re.compile(r"^\d+/prefix$")


@pytest.mark.terraform
@pytest.mark.parametrize("scenario", OF_BOTH)
def test_same_resources(canonical, scenario):
    from_cloudformation, from_terraform = canonical[scenario]
    assert len(from_cloudformation) > 70
    assert not resources.differences(from_cloudformation, from_terraform)


@pytest.mark.terraform
@pytest.mark.parametrize("scenario", OF_BOTH)
def test_same_outputs(stacks, states, scenario):
    of_terraform = {name: value for name, value in states[scenario][1].items() if not name.endswith("_text")}
    assert stacks[scenario].outputs() == of_terraform


def written(kind):
    """(name, block) of every variable or output in deploy/terraform, and (type, block) of every resource."""
    for path in sorted(terraform.MODULE.glob("*.tf")):
        for entry in hcl2.loads(path.read_text()).get(kind, []):
            for name, block in entry.items():
                yield name, block


def test_same_parameters():
    template = cloudformation.load()["Parameters"]
    variables = dict(written("variable"))
    assert set(variables) - set(ONLY_TERRAFORM) == set(template)
    for name, parameter in template.items():
        default = variables[name].get("default", [None])[0]
        of_cloudformation = parameter.get("Default")
        if parameter["Type"] == "CommaDelimitedList":
            default = ",".join(default)
        assert resources.plain(default) == resources.plain(of_cloudformation), name
        assert bool(parameter.get("NoEcho")) == (variables[name].get("sensitive", [False])[0] is True), name


def test_same_patterns():
    variables = dict(written("variable"))
    for name, parameter in cloudformation.load()["Parameters"].items():
        if "AllowedPattern" in parameter and name not in OTHER_PATTERNS:
            conditions = [rule["condition"][0] for rule in variables[name]["validation"]]
            pattern = json.dumps(parameter["AllowedPattern"])[1:-1]  # an expression escapes as JSON does
            assert any(f'regex("^{pattern}$"' in condition for condition in conditions), name


@pytest.mark.parametrize(
    "name, good, bad",
    [
        (
            "StatePrefix",
            [".azs3copy/", ".azs3copy-photos/", "state/of/etl/", "a/"],
            ["", "/", "/state/", "state", "a//b/", "../", "state*/", "${x}/", "state /", 'a"/'],
        ),
        (
            "AzureBlobURL",
            ["https://acme.blob.core.windows.net/", "https://acme.blob.core.windows.net/photos/2024"],
            ["https://acme.blob.core.windows.net/?sv=2024-11-04&sp=rl&sig=abc", "https://<account>/", "acme"],
        ),
        ("ExistingBucketOwner", ["", "123456789012"], ["1234", "acme", "1234567890123"]),
        (
            "ExistingBucketKmsKeyArn",
            [
                "",
                f"{KEYS}:key/11111111-2222-3333-4444-555555555555",
                f"{KEYS}:key/mrk-0123456789abcdef0123456789abcdef",
                "arn:aws-us-gov:kms:us-gov-west-1:123456789012:key/11111111-2222-3333-4444-555555555555",
            ],
            [f"{KEYS}:alias/acme", f"{KEYS}:key/acme", "alias/acme", "11111111-2222-3333-4444-555555555555"],
        ),
        (
            "ExistingBucketName",
            ["", "acme-data", "acme.data.2026", "abc"],
            ["ab", "Acme", "acme_data", "s3://acme-data", "arn:aws:s3:::acme", "-acme", "a" * 64],
        ),
        (
            "SourcePrefix",
            ["", "0.2.0/", "azs3copy/0.2.0/", "release=1/"],
            ["0.2.0", "/", "/0.2.0/", "a//b/", "a b/", 's"/', "${x}/"],
        ),
    ],
)
def test_what_a_pattern_takes(name, good, bad):
    pattern = re.compile(cloudformation.load()["Parameters"][name]["AllowedPattern"])
    assert [value for value in good + bad if pattern.fullmatch(value)] == good


def wrong_numbers(template):
    """Number parameter -> values that CloudFormation refuses, and a fraction, which AWS's services refuse."""
    result = {}
    for name, parameter in template["Parameters"].items():
        if "AllowedValues" in parameter and parameter["Type"] == "Number":
            result[name] = [2, -1, 1.5]
            assert 2 not in parameter["AllowedValues"]
        elif "MinValue" in parameter:
            low, high = parameter["MinValue"], parameter["MaxValue"]
            result[name] = [low - 1, high + 1, low + 0.5]
    return result


@pytest.mark.terraform
def test_terraform_refuses_the_numbers_that_cloudformation_refuses(tmp_path):
    template = cloudformation.load()
    wrong = wrong_numbers(template)
    numbers = {name for name, parameter in template["Parameters"].items() if parameter["Type"] == "Number"}
    assert numbers - set(wrong) == {"MaxPartitionsPerFile"}, "of no effect; all others have limits"
    cases = [{name: values[index] for name, values in wrong.items()} for index in range(3)]
    terraform.refuses(tmp_path, [{**for_terraform("as_it_comes"), **case} for case in cases], set(wrong))


@pytest.mark.parametrize(
    "given, broken",
    [
        ({}, []),
        ({"AzureSecretKey": ""}, ["SomeLogin"]),
        ({"AzureSecretKey": "", "AzureSecretless": True}, []),
        ({"VpcSubnetIds": ["subnet-1"]}, ["GroupsForSubnets"]),
        ({"VpcSecurityGroupIds": ["sg-1"]}, ["SubnetsForGroups"]),
        ({"VpcSubnetIds": ["subnet-1"], "VpcSecurityGroupIds": ["sg-1"]}, []),
        ({"ExistingBucketKmsKeyArn": f"{KEYS}:key/1"}, ["BucketOfTheKey"]),
        ({"ExistingBucketKmsKeyArn": f"{KEYS}:key/1", "ExistingBucketName": "acme-data"}, []),
    ],
)
def test_rules_refuse_parameters_that_do_not_fit(given, broken):
    parameters = for_cloudformation({**SCENARIOS["as_it_comes"], **given})
    assert cloudformation.Stack(cloudformation.load(), parameters).broken_rules() == broken


def test_same_descriptions_of_outputs():
    of_terraform = {name: block["description"][0] for name, block in written("output")}
    template = cloudformation.load()["Outputs"]
    assert {name: output["Description"] for name, output in template.items()} == of_terraform


def variables_of(stack, number):
    return stack.properties(f"LambdaFunction{number}")["Environment"]["Variables"]


def test_no_parameter_changes_the_edited_secret():
    """CloudFormation writes the whole text anew when any of it changes: what people edited would be gone."""
    template = cloudformation.load()
    base = for_cloudformation(SCENARIOS["as_it_comes"])
    texts = set()
    for name, parameter in template["Parameters"].items():
        for value in (base.get(name, parameter.get("Default")), *SCENARIOS_VALUES[name]):
            stack = Stack(template, {**base, name: value})
            texts.add(stack.properties("SecretsManagerSecret")["SecretString"])
    (text,) = texts
    assert json.loads(text) == {"isactive": "true", "begindate": "", "appsecret": ""}


def test_only_the_client_secret_is_in_the_login_secret():
    template = cloudformation.load()
    text = template["Resources"]["SecretsManagerLogin"]["Properties"]["SecretString"]
    assert text == {"Fn::Sub": '{"appsecret":"${AzureSecretKey}"}'}


def test_longest_environment_fits_into_lambdas_limit(stacks):
    """4 KB together: https://docs.aws.amazon.com/lambda/latest/dg/gettingstarted-limits.html"""
    template, base = cloudformation.load(), for_cloudformation(SCENARIOS["all_changed"])
    longest = {"Containers": "c" * template["Parameters"]["Containers"]["MaxLength"], "KeyPrefix": "k" * 500}
    stack = Stack(template, {**base, **longest, "AzureBlobURL": "https://" + "b" * 400})
    for number in ("01", "05"):
        assert sum(len(name) + len(str(value)) for name, value in variables_of(stack, number).items()) < 4096


def test_all_functions_have_the_same_environment(stacks):
    for stack in stacks.values():
        first = variables_of(stack, "01")
        assert all(variables_of(stack, f"0{number}") == first for number in range(2, 7))


def test_the_state_lies_below_its_prefix_and_nowhere_else(stacks):
    """In the functions, the roles and the bucket's rules; that Terraform says the same is compared above."""
    stack = stacks["state_elsewhere"]
    assert ".azs3copy/" not in json.dumps([stack.properties(name) for name in stack.resources()])
    prefix = variables_of(stack, "01")["AZS3COPY_STATE_PREFIX"]
    assert prefix == stack.outputs()["StatePrefix"] == ".azs3copy-photos/"
    of_roles = [
        statement["Resource"]
        for number in range(1, 7)
        for statement in stack.properties(f"LambdaPolicy0{number}")["PolicyDocument"]["Statement"]
        if statement["Sid"] == "State"
    ]
    assert of_roles == [[f"arn:aws:s3:::{cloudformation.BUCKET}/{prefix}*"]] * 4
    rules = stack.properties("S3Bucket")["LifecycleConfiguration"]["Rules"]
    assert [rule["Prefix"] for rule in rules] == ["", f"{prefix}runs/", f"{prefix}uploads/", prefix, ""]


def test_old_versions_expire_only_when_asked(stacks):
    def rules(scenario):
        found = stacks[scenario].properties("S3Bucket")["LifecycleConfiguration"]["Rules"]
        return {rule["Id"]: rule for rule in found}

    assert "ExpireOldVersions" not in rules("as_it_comes")
    assert rules("state_elsewhere")["ExpireOldVersions"] == {
        "Id": "ExpireOldVersions",
        "Status": "Enabled",
        "Prefix": "",
        "NoncurrentVersionExpiration": {"NoncurrentDays": 30},
    }


def test_nothing_that_terraform_writes_is_left_out():
    meta = {
        "count",
        "for_each",
        "depends_on",
        "lifecycle",
        "dynamic",
        "provider",
        "__start_line__",
        "__end_line__",
    }
    left_out = []
    for kind, block in written("resource"):
        for body in block.values():
            names = set(body) - meta
            for dynamic in body.get("dynamic", []):
                names |= set(dynamic)
            read = set(resources.READ.get(kind, (None, None, {}))[2])
            left_out += [
                f"{kind}.{name}"
                for name in names
                if name not in read and (kind, name) not in resources.NOT_COMPARED
            ]
    assert not left_out


def test_what_stays_when_the_stack_goes():
    template = cloudformation.load()["Resources"]
    policies = {
        name: (resource.get("DeletionPolicy"), resource.get("UpdateReplacePolicy"))
        for name, resource in template.items()
    }
    stays = {name for name, policy in policies.items() if policy != (None, None)}
    # The key with the bucket, or nobody could read what is in it; and the policy that keeps it closed.
    assert stays == {"S3Bucket", "S3BucketPolicy", "KMSKey"}
    assert {policies[name] for name in stays} == {("RetainExceptOnCreate", "Retain")}


# ---- the comparison sees what is changed


def other(value):
    if isinstance(value, bool):
        return not value
    if isinstance(value, (int, float)):
        return value + 1
    return str(value) + "x"


def mutants_of_text(text):
    """A JSON text with another last word in each line, where the line has one."""
    lines = text.split("\n")
    for index, line in enumerate(lines):
        words = [
            match
            for match in re.finditer(r"[A-Za-z0-9]+", line)
            if not re.search(r"\$\{[A-Za-z0-9:]*$", line[: match.start()])
        ]
        if words:
            word = words[-1]
            new = "".join([line[: word.start()], "1" if word.group() == "0" else "0", line[word.end() :]])
            yield "\n".join([*lines[:index], new, *lines[index + 1 :]])


def another_step(mappings, find_in_map, index):
    """What to say in place of one step of a Fn::FindInMap, so that another value is found; None: nothing."""
    mapping, row, key = find_in_map
    right = mappings[mapping][row][key]
    if index == 1:
        return next(name for name, values in mappings[mapping].items() if values.get(key) != right)
    return (
        next(name for name, value in mappings[mapping][row].items() if value != right) if index == 2 else None
    )


def mutants(template, logical_id):
    """(description, properties) with one leaf changed, or one key left out."""
    properties = template["Resources"][logical_id]["Properties"]
    peers = [name for name, resource in template["Resources"].items() if name != logical_id]
    for path in leaves(properties):
        parent, value = None, properties
        for step in path:
            parent, value = value, value[step]
        where = "/".join(map(str, path))
        if isinstance(value, str) and "\n" in value:
            for text in mutants_of_text(value):
                yield f"{where}: a word", changed(properties, path, text)
            continue
        function = next((step for step in reversed(path) if isinstance(step, str)), "")
        if function == "Ref" or (function == "Fn::GetAtt" and path[-1] == 0):
            kind = template["Resources"].get(value, {}).get("Type")
            alike = [name for name in peers if template["Resources"][name]["Type"] == kind and name != value]
            new = alike[0] if alike else "AWS::AccountId" if value != "AWS::AccountId" else "AWS::Region"
            if function == "Fn::GetAtt" and not alike:
                continue  # nothing else has this attribute: the reference as a whole is left out below
            if value == "AWS::NoValue":
                continue  # stands for nothing in the other branch of a condition
        elif function == "Fn::GetAtt":
            continue
        elif function == "Fn::If" and path[-1] == 0:
            # Those of the first scenario; the others hold in the second.
            first = ("MakesBucket", "HasSecret", "KnowsBucketKey", "IsArm")
            new = "InVpc" if value in first else "MakesBucket"
        elif function == "Fn::FindInMap":
            new = another_step(template["Mappings"], parent, path[-1])
            if new is None:
                continue
        else:
            new = other(value)
        yield f"{where}: {value} -> {new}", changed(properties, path, new)
    for key in properties:
        yield f"without {key}", {name: value for name, value in properties.items() if name != key}


def test_each_change_of_the_cloudformation_template_is_seen():
    template = cloudformation.load()
    base = {name: stack_of(name, template) for name in SCENARIOS}
    count, unseen = 0, []
    for logical_id in template["Resources"]:
        scenarios = [name for name, stack in base.items() if stack.exists(logical_id)]
        right = {name: resources.of_cloudformation_resource(base[name], logical_id) for name in scenarios}
        for what, properties in mutants(template, logical_id):
            resource = {**template["Resources"][logical_id], "Properties": properties}
            mutated = {**template, "Resources": {**template["Resources"], logical_id: resource}}
            count += 1
            for name in scenarios:
                try:
                    stack = stack_of(name, mutated)
                    if resources.of_cloudformation_resource(stack, logical_id) != right[name]:
                        break
                except (AssertionError, KeyError, ValueError, TypeError, IndexError):
                    break  # nothing that could be deployed
            else:
                unseen.append(f"{logical_id}: {what}")
    assert count > 2000
    assert not unseen, f"{len(unseen)} of {count} changes are not seen:\n" + "\n".join(unseen)


def mutants_of_value(value):
    if isinstance(value, str) and value.startswith("{"):
        document = json.loads(value)
        for path in leaves(document):
            if path[-1] == "Version":
                continue
            place = document
            for step in path:
                place = place[step]
            yield "/".join(map(str, path)), json.dumps(changed(document, path, other(place)))
    elif isinstance(value, (dict, list)):
        for path in leaves(value):
            place = value
            for step in path:
                place = place[step]
            where = "/".join(map(str, path))
            if place is None or path[-1] in NOT_WRITTEN_NESTED or RULES_OWN_PREFIX.match(where):
                continue
            yield where, changed(value, path, other(place))
    elif value is not None:
        yield "", other(value)


@pytest.mark.terraform
def test_each_change_of_terraforms_state_is_seen(states):
    count, unseen, done = 0, [], set()
    for managed, outputs in states.values():
        for resource in managed:
            kind = resource["type"]
            if kind not in resources.READ or resource["address"] in done:
                continue
            done.add(resource["address"])
            whole = (
                []
                if kind not in resources.PARTS
                else [
                    candidate
                    for candidate in managed
                    if candidate["type"] in resources.READ
                    and resources.READ[candidate["type"]][0] == resources.PARTS[kind][0]
                ]
            )
            target = (
                [part for part in managed if part["type"] == "aws_cloudwatch_event_target"]
                if kind == "aws_cloudwatch_event_rule"
                else []
            )
            right = resources.of_terraform(([*whole, resource, *target], outputs))
            for attribute in resources.READ[kind][2]:
                value = resource["values"].get(attribute)
                if attribute == "redrive_policy" and not str(value).startswith("{"):
                    continue  # the mock's noise: a dead-letter queue has none
                for what, mutant in mutants_of_value(value):
                    count += 1
                    changed_resource = copy.copy(resource)
                    changed_resource["values"] = {**resource["values"], attribute: mutant}
                    try:
                        left = resources.of_terraform(([*whole, changed_resource, *target], outputs))
                    except (AssertionError, KeyError, ValueError):
                        continue
                    if left == right:
                        unseen.append(f"{resource['address']}.{attribute} {what}")
    assert count > 2000
    assert not unseen, f"{len(unseen)} of {count} changes are not seen:\n" + "\n".join(unseen)


# file, text, other text, what must be named
CHANGES = [
    (
        "locals.tf",
        'handler = "download", memory = 256',
        'handler = "download", memory = 512',
        "lambda03/MemorySize",
    ),
    (
        "locals.tf",
        'handler = "find-blobs", memory = 256, timeout = 900',
        'handler = "find-blobs", memory = 256, timeout = 800',
        "L1_to_L2/VisibilityTimeout",
    ),
    (
        "locals.tf",
        "receives_max      = 5",
        "receives_max      = 6",
        "LargeFileRecomb/RedrivePolicy/maxReceiveCount",
    ),
    ("locals.tf", "batch = 10", "batch = 9", "LargeFileInit/BatchSize"),
    ("key.tf", '"kms:CancelKeyDeletion", ', "", "KeyPolicy/Statement"),
    ("key.tf", "enable_key_rotation     = true", "enable_key_rotation     = false", "EnableKeyRotation"),
    ("bucket.tf", "block_public_acls       = true", "block_public_acls       = false", "BlockPublicAcls"),
    ("bucket.tf", "days_after_initiation = 7", "days_after_initiation = 8", "DaysAfterInitiation"),
    ("bucket.tf", '"s3:TlsVersion" = "1.2"', '"s3:TlsVersion" = "1.1"', "NumericLessThan"),
    ("messaging.tf", "raw_message_delivery = true", "raw_message_delivery = false", "RawMessageDelivery"),
    ("messaging.tf", 'ArnEquals = { "aws:SourceArn"', 'ArnLike = { "aws:SourceArn"', "ArnEquals"),
    (
        "policies.tf",
        '"05" = ["LargeFilePart", "LargeFileRecomb", "LargeFileInit"]',
        '"05" = ["LargeFilePart", "LargeFileRecomb"]',
        "azs3copylambda05/PolicyDocument/Statement",
    ),
    (
        "policies.tf",
        '"01" = ["s3:GetObject", "s3:PutObject"]',
        '"01" = ["s3:GetObject"]',
        "azs3copylambda01/PolicyDocument/Statement",
    ),
    ("functions.tf", 'state               = "ENABLED"', 'state               = "DISABLED"', "State"),
    ("functions.tf", 'function_response_types = ["ReportBatchItemFailures"]', "", "FunctionResponseTypes"),
    ("alarms.tf", '"Minimum"', '"Maximum"', "azs3copyrun/Metrics"),
    ("alarms.tf", "threshold = var.MessageAgeMaxSeconds", "threshold = 1", "azs3copyage/Threshold"),
    (
        "dashboard.tf",
        "price_publish     = 0.0000005",
        "price_publish     = 0.0000006",
        "DashboardBody/widgets",
    ),
    ("secret.tf", 'isactive = "true"', 'isactive = "true "', "SecretString/isactive"),
    (
        "functions.tf",
        'var.IsActive ? "true" : "false"',
        '"true "',
        "azs3copylambda06/Environment/Variables/AZS3COPY_ISACTIVE",
    ),
]


@pytest.mark.terraform
def test_changes_of_the_terraform_files_are_seen(canonical, tmp_path):
    module = tmp_path / "module"
    module.mkdir()
    for path in terraform.MODULE.glob("*.tf"):
        text = path.read_text()
        for name, old, new, _ in CHANGES:
            if name == path.name:
                assert old in text, f"{name} does not say {old}"
                text = text.replace(old, new)
        (module / path.name).write_text(text)
    variables = for_terraform("as_it_comes")
    state = terraform.states(tmp_path / "run", {"changed": variables}, module)["changed"]
    found = resources.differences(canonical["as_it_comes"][0], resources.of_terraform(state))
    unseen = [place for *_, place in CHANGES if not any(place in text for text in found)]
    assert not unseen, "\n".join(found)
