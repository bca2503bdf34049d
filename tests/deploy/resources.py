"""Brings both templates into one form, to be compared: {(CloudFormation's type, name): {property: value}}.

    CloudFormation   Stack --resolve--> properties ----------------------> canonical
    Terraform        state of a mocked apply --table READ, by attribute--> canonical

Every attribute that deploy/terraform writes must stand in READ or in NOT_COMPARED with its reason, so
nothing of either side can be left out silently.
"""

import json
import re

# Attributes that Terraform alone has, and why they are not compared.
NOT_COMPARED = {
    ("aws_s3_bucket", "bucket_prefix"): "CloudFormation makes up the whole name",
    ("aws_s3_bucket", "force_destroy"): "CloudFormation never deletes a bucket with objects",
    ("aws_secretsmanager_secret", "recovery_window_in_days"): "CloudFormation always deletes at once",
    ("aws_secretsmanager_secret_version", "secret_id"): "the secret is one resource there",
    (
        "aws_secretsmanager_secret_version",
        "secret_string_wo",
    ): "write-only: compared by the output secret_text",
    (
        "aws_secretsmanager_secret_version",
        "secret_string_wo_version",
    ): "CloudFormation compares the texts itself",
    ("terraform_data", "input"): "CloudFormation waits by itself for the interfaces of deleted functions",
    ("terraform_data", "provisioner"): "the same",
    ("aws_cloudwatch_event_target", "rule"): "names the rule that it is made a part of",
    ("aws_sqs_queue_redrive_allow_policy", "queue_url"): "names the queue that it is made a part of",
    **{
        (f"aws_s3_bucket_{part}", "bucket"): "names the bucket that it is made a part of"
        for part in (
            "server_side_encryption_configuration",
            "versioning",
            "ownership_controls",
            "public_access_block",
            "lifecycle_configuration",
        )
    },
}


# ---- one form of values


def plain(value):
    """Scalars as texts: CloudFormation's "30" and Terraform's 30 are one."""
    if isinstance(value, dict):
        return {key: plain(part) for key, part in value.items()}
    if isinstance(value, list):
        return [plain(part) for part in value]
    if isinstance(value, bool):
        return str(value).lower()
    if isinstance(value, float) and value == int(value):
        return str(int(value))
    return str(value)


def policy(value):
    """Statements in the order of their names; a list of one and a single value are one; lists are sorted."""
    document = json.loads(value) if isinstance(value, str) else value

    def ordered(part):
        if isinstance(part, dict):
            return {key: ordered(inner) for key, inner in part.items()}
        return sorted(str(inner) for inner in part) if isinstance(part, list) else [str(part)]

    statements = [ordered(statement) for statement in document["Statement"]]
    statements.sort(key=lambda statement: statement.get("Sid", []))
    return {"Version": str(document["Version"]), "Statement": statements}


def tags(value):
    """Without the one that tells the tools apart, which is checked here."""
    result = dict(value) if isinstance(value, dict) else {tag["Key"]: tag["Value"] for tag in value}
    assert result.pop("Provisioner") in ("CFN", "Terraform")
    return result


def tool_of(text):
    return json.loads(
        re.sub(r'"(CFN|Terraform)"', '"<tool>"', text if isinstance(text, str) else json.dumps(text))
    )


# ---- Terraform's side

# Nested blocks: attribute -> property, or a table of its own.
LIFECYCLE = {"id": "Id", "status": "Status"}
METRIC = {"namespace": "Namespace", "metric_name": "MetricName"}


def one(blocks):
    (block,) = blocks
    return block


def lifecycle_rules(rules):
    result = []
    for rule in rules:
        made = {name: rule[attribute] for attribute, name in LIFECYCLE.items()}
        made["Prefix"] = one(rule["filter"])["prefix"]
        for block in rule["abort_incomplete_multipart_upload"]:
            made["AbortIncompleteMultipartUpload"] = {"DaysAfterInitiation": block["days_after_initiation"]}
        for block in rule["expiration"]:
            if block["days"]:
                made["ExpirationInDays"] = block["days"]
            if block["expired_object_delete_marker"]:
                made["ExpiredObjectDeleteMarker"] = True
        for block in rule["noncurrent_version_expiration"]:
            made["NoncurrentVersionExpiration"] = {"NoncurrentDays": block["noncurrent_days"]}
        result.append(made)
    return {"Rules": result}


def metric_queries(queries):
    result = []
    for query in queries:
        made = {"Id": query["id"], "ReturnData": bool(query["return_data"])}
        if query["expression"]:
            made |= {"Expression": query["expression"], "Label": query["label"]}
        for metric in query["metric"]:
            names = {name: metric[attribute] for attribute, name in METRIC.items()}
            names["Dimensions"] = [
                {"Name": key, "Value": value} for key, value in metric["dimensions"].items()
            ]
            made["MetricStat"] = {"Metric": names, "Stat": metric["stat"], "Period": metric["period"]}
        result.append(made)
    return result


def vpc(blocks):
    return {"SubnetIds": one(blocks)["subnet_ids"], "SecurityGroupIds": one(blocks)["security_group_ids"]}


def encryption(rules):
    by_default = one(one(rules)["apply_server_side_encryption_by_default"])
    return {
        "ServerSideEncryptionConfiguration": [
            {
                "BucketKeyEnabled": one(rules)["bucket_key_enabled"],
                "ServerSideEncryptionByDefault": {
                    "SSEAlgorithm": by_default["sse_algorithm"],
                    "KMSMasterKeyID": by_default["kms_master_key_id"],
                },
            }
        ]
    }


def written_json(text):
    """None for a text that the mock made up, where nothing is written."""
    return json.loads(text) if text.startswith("{") else None


def reservation(value):
    return None if value == -1 else value


TAGS = {"tags": ("Tags", tags)}

# Type -> (CloudFormation's type, attribute of its name, {attribute: property or (property, form)}). Under a
# dotted property several attributes meet; where the type is None it is a part
# of another, found by PARTS.
READ = {
    "aws_kms_key": (
        "AWS::KMS::Key",
        "arn",
        {
            "description": "Description",
            "enable_key_rotation": "EnableKeyRotation",
            "deletion_window_in_days": "PendingWindowInDays",
            "policy": ("KeyPolicy", policy),
            **TAGS,
        },
    ),
    "aws_kms_alias": ("AWS::KMS::Alias", "name", {"name": "AliasName", "target_key_id": "TargetKeyId"}),
    "aws_secretsmanager_secret": (
        "AWS::SecretsManager::Secret",
        "name",
        {"name": "Name", "description": "Description", "kms_key_id": "KmsKeyId", **TAGS},
    ),
    "aws_s3_bucket": ("AWS::S3::Bucket", "bucket", TAGS),
    "aws_s3_bucket_server_side_encryption_configuration": (
        None,
        "bucket",
        {"rule": ("BucketEncryption", encryption)},
    ),
    "aws_s3_bucket_versioning": (
        None,
        "bucket",
        {
            "versioning_configuration": (
                "VersioningConfiguration",
                lambda blocks: {"Status": one(blocks)["status"]},
            )
        },
    ),
    "aws_s3_bucket_ownership_controls": (
        None,
        "bucket",
        {
            "rule": (
                "OwnershipControls",
                lambda blocks: {"Rules": [{"ObjectOwnership": one(blocks)["object_ownership"]}]},
            )
        },
    ),
    "aws_s3_bucket_public_access_block": (
        None,
        "bucket",
        {
            "block_public_acls": "PublicAccessBlockConfiguration.BlockPublicAcls",
            "block_public_policy": "PublicAccessBlockConfiguration.BlockPublicPolicy",
            "ignore_public_acls": "PublicAccessBlockConfiguration.IgnorePublicAcls",
            "restrict_public_buckets": "PublicAccessBlockConfiguration.RestrictPublicBuckets",
        },
    ),
    "aws_s3_bucket_lifecycle_configuration": (
        None,
        "bucket",
        {"rule": ("LifecycleConfiguration", lifecycle_rules)},
    ),
    "aws_s3_bucket_policy": (
        "AWS::S3::BucketPolicy",
        "bucket",
        {"bucket": "Bucket", "policy": ("PolicyDocument", policy)},
    ),
    "aws_sns_topic": (
        "AWS::SNS::Topic",
        "name",
        {"name": "TopicName", "kms_master_key_id": "KmsMasterKeyId", **TAGS},
    ),
    "aws_sns_topic_policy": (
        "AWS::SNS::TopicPolicy",
        "arn",
        {"arn": ("Topics", lambda arn: [arn]), "policy": ("PolicyDocument", policy)},
    ),
    "aws_sns_topic_subscription": (
        "AWS::SNS::Subscription",
        "topic_arn",
        {
            "topic_arn": "TopicArn",
            "protocol": "Protocol",
            "endpoint": "Endpoint",
            "raw_message_delivery": "RawMessageDelivery",
            "redrive_policy": ("RedrivePolicy", written_json),
        },
    ),
    "aws_sqs_queue": (
        "AWS::SQS::Queue",
        "name",
        {
            "name": "QueueName",
            "kms_master_key_id": "KmsMasterKeyId",
            "visibility_timeout_seconds": "VisibilityTimeout",
            "message_retention_seconds": "MessageRetentionPeriod",
            "redrive_policy": ("RedrivePolicy", written_json),
            **TAGS,
        },
    ),
    "aws_sqs_queue_redrive_allow_policy": (
        None,
        "queue_url",
        {"redrive_allow_policy": ("RedriveAllowPolicy", json.loads)},
    ),
    "aws_sqs_queue_policy": (
        "AWS::SQS::QueuePolicy",
        "queue_url",
        {"queue_url": ("Queues", lambda url: [url]), "policy": ("PolicyDocument", policy)},
    ),
    "aws_cloudwatch_log_group": (
        "AWS::Logs::LogGroup",
        "name",
        {"name": "LogGroupName", "retention_in_days": "RetentionInDays", "kms_key_id": "KmsKeyId", **TAGS},
    ),
    "aws_lambda_function": (
        "AWS::Lambda::Function",
        "function_name",
        {
            "function_name": "FunctionName",
            "description": "Description",
            "runtime": "Runtime",
            "architectures": "Architectures",
            "handler": "Handler",
            "s3_bucket": "Code.S3Bucket",
            "s3_key": "Code.S3Key",
            "role": "Role",
            "memory_size": "MemorySize",
            "timeout": "Timeout",
            "reserved_concurrent_executions": ("ReservedConcurrentExecutions", reservation),
            "environment": ("Environment", lambda blocks: {"Variables": one(blocks)["variables"]}),
            "logging_config": (
                "LoggingConfig",
                lambda blocks: {"LogFormat": one(blocks)["log_format"], "LogGroup": one(blocks)["log_group"]},
            ),
            "vpc_config": ("VpcConfig", lambda blocks: vpc(blocks) if blocks else None),
            **TAGS,
        },
    ),
    "aws_lambda_event_source_mapping": (
        "AWS::Lambda::EventSourceMapping",
        "event_source_arn",
        {
            "event_source_arn": "EventSourceArn",
            "function_name": "FunctionName",
            "batch_size": "BatchSize",
            "function_response_types": "FunctionResponseTypes",
            "scaling_config": (
                "ScalingConfig",
                lambda blocks: {"MaximumConcurrency": one(blocks)["maximum_concurrency"]},
            ),
            **TAGS,
        },
    ),
    "aws_lambda_permission": (
        "AWS::Lambda::Permission",
        "source_arn",
        {
            "function_name": "FunctionName",
            "action": "Action",
            "principal": "Principal",
            "source_arn": "SourceArn",
        },
    ),
    "aws_cloudwatch_event_rule": (
        "AWS::Events::Rule",
        "name",
        {
            "name": "Name",
            "description": "Description",
            "schedule_expression": "ScheduleExpression",
            "state": "State",
            **TAGS,
        },
    ),
    "aws_cloudwatch_event_target": (None, "rule", {"target_id": "Target.Id", "arn": "Target.Arn"}),
    "aws_resourcegroups_group": (
        "AWS::ResourceGroups::Group",
        "name",
        {
            "name": "Name",
            "description": "Description",
            "resource_query": (
                "ResourceQuery",
                lambda blocks: {"Type": one(blocks)["type"], "Query": tool_of(one(blocks)["query"])},
            ),
            **TAGS,
        },
    ),
    "aws_iam_role": (
        "AWS::IAM::Role",
        "name",
        {
            "name": "RoleName",
            "description": "Description",
            "assume_role_policy": ("AssumeRolePolicyDocument", policy),
            **TAGS,
        },
    ),
    "aws_iam_role_policy": (
        "AWS::IAM::RolePolicy",
        "name",
        {"name": "PolicyName", "role": "RoleName", "policy": ("PolicyDocument", policy)},
    ),
    "aws_cloudwatch_dashboard": (
        "AWS::CloudWatch::Dashboard",
        "dashboard_name",
        {"dashboard_name": "DashboardName", "dashboard_body": ("DashboardBody", json.loads)},
    ),
    "aws_cloudwatch_metric_alarm": (
        "AWS::CloudWatch::Alarm",
        "alarm_name",
        {
            "alarm_name": "AlarmName",
            "alarm_description": "AlarmDescription",
            "comparison_operator": "ComparisonOperator",
            "threshold": "Threshold",
            "evaluation_periods": "EvaluationPeriods",
            "treat_missing_data": "TreatMissingData",
            "alarm_actions": "AlarmActions",
            "metric_query": ("Metrics", metric_queries),
            **TAGS,
        },
    ),
}
# The parts of a bucket, of a queue, of a rule: type -> (whole's CloudFormation type, whole's attribute).
PARTS = {
    **{
        name: ("AWS::S3::Bucket", "bucket")
        for name in READ
        if name.startswith("aws_s3_bucket_") and not READ[name][0]
    },
    "aws_sqs_queue_redrive_allow_policy": ("AWS::SQS::Queue", "id"),
    "aws_cloudwatch_event_target": ("AWS::Events::Rule", "name"),
}


def _put(properties, name, value):
    if value is None:
        return
    *outer, last = name.split(".")
    for step in outer:
        properties = properties.setdefault(step, {})
    properties[last] = value


def of_terraform(state):
    """The canonical form of (resources, outputs) of a state."""
    resources, outputs = state
    result, wholes = {}, {}
    managed = [resource for resource in resources if resource["mode"] == "managed"]
    managed.sort(key=lambda resource: resource["type"] in PARTS)
    for resource in managed:
        kind, values = resource["type"], resource["values"]
        if kind in ("aws_secretsmanager_secret_version", "terraform_data"):
            continue
        cfn_type, name, table = READ[kind]
        if cfn_type is None:
            properties = wholes[PARTS[kind][0], values[name]]
        else:
            properties = {}
            assert (cfn_type, values[name]) not in result, f"two of {cfn_type} {values[name]}"
            result[cfn_type, values[name]] = properties
            for whole, attribute in set(PARTS.values()):
                if whole == cfn_type:
                    wholes[whole, values[attribute]] = properties
        for attribute, target in table.items():
            target, form = target if isinstance(target, tuple) else (target, lambda value: value)
            value = values.get(attribute)
            if value is not None:
                _put(properties, target, form(value))
    for (cfn_type, _), properties in result.items():
        if cfn_type == "AWS::Events::Rule":
            properties["Targets"] = [properties.pop("Target")]
        if cfn_type == "AWS::SNS::Subscription" and not properties.get("RawMessageDelivery"):
            properties.pop("RawMessageDelivery", None)  # false is what is meant where nothing is written
        if cfn_type == "AWS::SecretsManager::Secret":
            text = "login_text" if properties["Name"].endswith("login") else "secret_text"
            properties["SecretString"] = json.loads(outputs[text])
    return {key: plain(value) for key, value in result.items()}


# ---- CloudFormation's side

NAMES = {
    cfn_type: [target for attribute, target in table.items() if attribute == name]
    for cfn_type, name, table in READ.values()
    if cfn_type
}
FORMS = {
    "AWS::KMS::Key": {"KeyPolicy": policy},
    "AWS::S3::BucketPolicy": {"PolicyDocument": policy},
    "AWS::SNS::TopicPolicy": {"PolicyDocument": policy},
    "AWS::SQS::QueuePolicy": {"PolicyDocument": policy},
    "AWS::IAM::Role": {"AssumeRolePolicyDocument": policy},
    "AWS::IAM::RolePolicy": {"PolicyDocument": policy},
    "AWS::SecretsManager::Secret": {"SecretString": json.loads},
    "AWS::CloudWatch::Dashboard": {"DashboardBody": json.loads},
    "AWS::ResourceGroups::Group": {
        "ResourceQuery": lambda value: {**value, "Query": tool_of(value["Query"])}
    },
}


def of_cloudformation_resource(stack, logical_id):
    """((type, name), properties) of one resource."""
    cfn_type = stack.template["Resources"][logical_id]["Type"]
    properties = stack.properties(logical_id)
    forms = {**FORMS.get(cfn_type, {}), "Tags": tags}
    properties = {key: forms[key](value) if key in forms else value for key, value in properties.items()}
    if NAMES[cfn_type]:
        target = NAMES[cfn_type][0]
        name = properties[target[0]][0] if isinstance(target, tuple) else properties[target]
    else:  # named by AWS
        name = stack.resolve(
            {"Ref": logical_id} if cfn_type == "AWS::S3::Bucket" else {"Fn::GetAtt": [logical_id, "Arn"]}
        )
    return (cfn_type, name), plain(properties)


def of_cloudformation(stack):
    result = {}
    for logical_id in stack.resources():
        key, properties = of_cloudformation_resource(stack, logical_id)
        assert key not in result, f"two of {key}"
        result[key] = properties
    return result


# ---- both


def differences(left, right, path=""):
    """Texts that say where two canonical forms differ."""
    if isinstance(left, dict) and isinstance(right, dict):
        result = []
        for key in sorted(set(left) | set(right), key=str):
            where = f"{path}/{key if isinstance(key, str) else ' '.join(key)}"
            if key not in left or key not in right:
                side = "CloudFormation" if key in left else "Terraform"
                result.append(f"{where}: only in {side}: {str(left.get(key, right.get(key)))[:200]}")
            else:
                result += differences(left[key], right[key], where)
        return result
    if isinstance(left, list) and isinstance(right, list) and len(left) == len(right):
        return [
            text
            for index, (one_side, other) in enumerate(zip(left, right))
            for text in differences(one_side, other, f"{path}/{index}")
        ]
    return (
        []
        if left == right
        else [f"{path}: CloudFormation {str(left)[:200]!r}, Terraform {str(right)[:200]!r}"]
    )
