"""The real module is applied to moto and read back through the services' own APIs."""

import json

import pytest

import cloudformation
import resources
from cloudformation import BUCKET, KEY_ARN, LOGIN_ARN, SECRET_ARN
from scenarios import for_cloudformation

pytestmark = pytest.mark.terraform


@pytest.fixture(scope="session")
def expected(applied):
    """The CloudFormation template's canonical form, with the names that moto chose."""
    stack = cloudformation.Stack(cloudformation.load(), for_cloudformation(applied.parameters))
    text = json.dumps([[*key, value] for key, value in resources.of_cloudformation(stack).items()])
    for ours, made in ((KEY_ARN, "KeyArn"), (SECRET_ARN, "SecretArn"), (BUCKET, "BucketName")):
        text = text.replace(ours, applied.outputs[made])
    text = text.replace(LOGIN_ARN, applied.login_arn())
    text = text.replace(cloudformation.REGION, applied.client("s3").meta.region_name)
    return {(kind, name): value for kind, name, value in json.loads(text)}


def of_kind(expected, kind):
    return {name: value for (other, name), value in expected.items() if other == kind}


def test_the_secrets_are_what_the_template_says(applied, expected):
    secrets = of_kind(expected, "AWS::SecretsManager::Secret")
    assert len(secrets) == 2
    for name, wanted in secrets.items():
        assert applied.secret(name) == wanted["SecretString"]


def test_no_state_holds_the_client_secret(applied):
    state = (applied.copy.folder / "terraform.tfstate").read_text()
    assert applied.parameters["AzureSecretKey"] not in state and applied.outputs["SecretArn"] in state


def test_roles_have_their_policies(applied, expected):
    iam = applied.client("iam")
    policies = of_kind(expected, "AWS::IAM::RolePolicy")
    assert len(policies) == 6
    for name, policy in policies.items():
        role = policy["RoleName"]
        assert iam.list_role_policies(RoleName=role)["PolicyNames"] == [name]
        assert not iam.list_attached_role_policies(RoleName=role)["AttachedPolicies"]
        document = iam.get_role_policy(RoleName=role, PolicyName=name)["PolicyDocument"]
        assert resources.policy(document) == policy["PolicyDocument"]


def test_topics_feed_their_queues(applied, expected):
    sns, sqs = applied.client("sns"), applied.client("sqs")
    subscriptions = of_kind(expected, "AWS::SNS::Subscription")
    assert len(subscriptions) == 5
    for topic, wanted in subscriptions.items():
        (made,) = sns.list_subscriptions_by_topic(TopicArn=topic)["Subscriptions"]
        attributes = sns.get_subscription_attributes(SubscriptionArn=made["SubscriptionArn"])["Attributes"]
        assert (made["Protocol"], made["Endpoint"]) == ("sqs", wanted["Endpoint"])
        assert attributes["RawMessageDelivery"] == "true"
        assert json.loads(attributes["RedrivePolicy"]) == wanted["RedrivePolicy"]
    for name, wanted in of_kind(expected, "AWS::SQS::Queue").items():
        url = sqs.get_queue_url(QueueName=name)["QueueUrl"]
        made = sqs.get_queue_attributes(QueueUrl=url, AttributeNames=["All"])["Attributes"]
        assert made["KmsMasterKeyId"] == wanted["KmsMasterKeyId"]
        assert made["MessageRetentionPeriod"] == wanted["MessageRetentionPeriod"]
        if "RedrivePolicy" in wanted:
            assert made["VisibilityTimeout"] == wanted["VisibilityTimeout"]
            assert resources.plain(json.loads(made["RedrivePolicy"])) == wanted["RedrivePolicy"]
        policies = of_kind(expected, "AWS::SQS::QueuePolicy").values()
        (policy,) = [policy for policy in policies if policy["Queues"][0].endswith(f"/{name}")]
        assert resources.policy(made["Policy"]) == policy["PolicyDocument"]


def test_a_message_goes_from_each_topic_to_its_queue(applied, expected):
    sns, sqs = applied.client("sns"), applied.client("sqs")
    for topic, subscription in of_kind(expected, "AWS::SNS::Subscription").items():
        sns.publish(TopicArn=topic, Message='{"for":"' + topic + '"}')
        url = sqs.get_queue_url(QueueName=subscription["Endpoint"].rsplit(":", 1)[1])["QueueUrl"]
        (message,) = sqs.receive_message(QueueUrl=url)["Messages"]
        assert message["Body"] == '{"for":"' + topic + '"}'
        sqs.delete_message(QueueUrl=url, ReceiptHandle=message["ReceiptHandle"])


def test_functions_are_wired(applied, expected):
    functions = applied.functions()
    assert set(functions) == set(of_kind(expected, "AWS::Lambda::Function"))
    for name, wanted in of_kind(expected, "AWS::Lambda::Function").items():
        made = functions[name]
        for key in ("Handler", "Runtime", "Architectures", "Role", "MemorySize", "Timeout", "Environment"):
            assert resources.plain(made[key]) == wanted[key], (name, key)
    mappings = of_kind(expected, "AWS::Lambda::EventSourceMapping")
    assert len(applied.mappings()) == len(mappings) == 5
    for made in applied.mappings():
        wanted = mappings[made["EventSourceArn"]]
        for key in ("BatchSize", "FunctionResponseTypes", "ScalingConfig"):
            assert resources.plain(made[key]) == wanted[key], key
        assert made["FunctionArn"] == wanted["FunctionName"]


def test_the_schedule_may_start_the_launch(applied):
    events, launch = applied.client("events"), applied.outputs["LaunchFunction"]
    (target,) = events.list_targets_by_rule(Rule="etlevrdvazs3copy")["Targets"]
    assert target["Arn"].endswith(f":function:{launch}")
    policy = json.loads(applied.client("lambda").get_policy(FunctionName=launch)["Policy"])
    rule = events.describe_rule(Name="etlevrdvazs3copy")
    assert (rule["ScheduleExpression"], rule["State"]) == ("cron(0 3 * * ? *)", "ENABLED")
    # The provider asks once more where an answer is late, and moto then has it twice.
    sources = {statement["Condition"]["ArnLike"]["AWS:SourceArn"] for statement in policy["Statement"]}
    assert sources == {rule["Arn"]}


def test_the_bucket_is_closed(applied, expected):
    s3, bucket = applied.client("s3"), applied.outputs["BucketName"]
    wanted = of_kind(expected, "AWS::S3::Bucket")[bucket]
    assert s3.get_bucket_versioning(Bucket=bucket)["Status"] == "Enabled"
    blocked = s3.get_public_access_block(Bucket=bucket)["PublicAccessBlockConfiguration"]
    assert resources.plain(blocked) == wanted["PublicAccessBlockConfiguration"]
    (rule,) = s3.get_bucket_encryption(Bucket=bucket)["ServerSideEncryptionConfiguration"]["Rules"]
    assert rule["ApplyServerSideEncryptionByDefault"] == {
        "SSEAlgorithm": "aws:kms",
        "KMSMasterKeyID": applied.outputs["KeyArn"],
    }
    policy = of_kind(expected, "AWS::S3::BucketPolicy")[bucket]["PolicyDocument"]
    assert resources.policy(s3.get_bucket_policy(Bucket=bucket)["Policy"]) == policy
    rules = s3.get_bucket_lifecycle_configuration(Bucket=bucket)["Rules"]
    assert [rule["ID"] for rule in rules] == [
        rule["Id"] for rule in wanted["LifecycleConfiguration"]["Rules"]
    ]


def test_the_rest_is_there(applied, expected):
    logs = applied.client("logs").describe_log_groups()["logGroups"]
    assert {group["logGroupName"]: str(group["retentionInDays"]) for group in logs} == {
        name: wanted["RetentionInDays"] for name, wanted in of_kind(expected, "AWS::Logs::LogGroup").items()
    }
    cloudwatch = applied.client("cloudwatch")
    alarms = cloudwatch.describe_alarms()["MetricAlarms"]
    assert {alarm["AlarmName"] for alarm in alarms} == set(of_kind(expected, "AWS::CloudWatch::Alarm"))
    assert all(alarm["AlarmActions"] == [applied.outputs["AlarmTopicArn"]] for alarm in alarms)
    name = applied.outputs["DashboardName"]
    body = json.loads(cloudwatch.get_dashboard(DashboardName=name)["DashboardBody"])
    assert resources.plain(body) == of_kind(expected, "AWS::CloudWatch::Dashboard")[name]["DashboardBody"]
    key = applied.client("kms")
    assert key.get_key_rotation_status(KeyId=applied.outputs["KeyArn"])["KeyRotationEnabled"]
    document = key.get_key_policy(KeyId=applied.outputs["KeyArn"], PolicyName="default")["Policy"]
    assert (
        resources.policy(document)
        == of_kind(expected, "AWS::KMS::Key")[applied.outputs["KeyArn"]]["KeyPolicy"]
    )


def test_each_function_can_take_its_role(applied):
    for name in applied.functions():
        credentials = applied.role_credentials(name)
        who = applied.client("sts", credentials).get_caller_identity()["Arn"]
        assert who.split("/")[1] == name.replace("lmd", "iar", 1)
