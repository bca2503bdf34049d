"""The real Terraform module, applied to moto, and read back as the chain of the functions needs it."""

import io
import json
import os
import zipfile
from pathlib import Path

import boto3

import terraform
from aws import REGION, Aws
from lambda_stack import LambdaStack, Queue
from scenarios import SCENARIOS

HERE = Path(__file__).resolve().parent
ZIPS = [f"azs3copy-lambda0{number}.zip" for number in range(1, 7)]
CONTAINER = "source"
# moto is slow to show what it was given and the provider waits for it: side by side.
SIDE_BY_SIDE = "-parallelism=40"


def some_zip():
    """Stands in for tools/package.sh's: moto looks only whether it is a zip."""
    file = io.BytesIO()
    with zipfile.ZipFile(file, "w") as archive:
        archive.writestr("bootstrap", "#!/bin/true\n")
    return file.getvalue()


def parameters():
    """As they come, but for a source that is there: Azurite, and a login that the stand-in of Entra knows."""
    live = {
        "AzureBlobURL": "AZURITE_TLS_URL",
        "AzureTenantID": "ENTRA_TENANT",
        "AzureApplicationID": "ENTRA_CLIENT",
        "AzureSecretKey": "ENTRA_SECRET",
    }
    values = {name: os.environ.get(f"AZS3COPY_TEST_{variable}") for name, variable in live.items()}
    given = {name: value for name, value in values.items() if value}
    return {**SCENARIOS["as_it_comes"], **given, "Containers": CONTAINER, "PartitionSize": 5 << 20}


class Applied:
    """An applied stack: outputs, clients of moto's services, the wiring of the functions, their roles."""

    def __init__(self, folder, aws):
        self.aws = aws
        self.parameters = parameters()
        aws.check_logins_after("inf")
        artifacts = self.client("s3")
        bucket = self.parameters["SourceBucket"]
        artifacts.create_bucket(Bucket=bucket)
        zips = os.environ.get("AZS3COPY_TEST_ZIPS")  # the folder that tools/package.sh wrote into
        for name in ZIPS:
            artifacts.put_object(
                Bucket=bucket, Key=name, Body=(Path(zips) / name).read_bytes() if zips else some_zip()
            )
        files = {name: (HERE / name).read_text() for name in ("moto_override.tf", "moto_url.tf")}
        variables = {**self.parameters, "Region": REGION, "moto_url": aws.url}
        files["test.auto.tfvars.json"] = json.dumps(variables)
        self.copy = terraform.Copy(folder, extra=files)
        self.apply(SIDE_BY_SIDE)
        output = json.loads(self.copy.run("output", "-json").stdout)
        self.outputs = {name: value["value"] for name, value in output.items()}

    def apply(self, *options):
        self.copy.run("apply", "-auto-approve", "-no-color", *options)

    def destroy(self, check=True):
        # What is there is known: moto is slow to look at again.
        options = ["-auto-approve", "-no-color", "-refresh=false", SIDE_BY_SIDE]
        return self.copy.run("destroy", *options, check=check)

    def client(self, service, credentials=None):
        if not credentials:
            return self.aws.client(service)
        return boto3.client(service, endpoint_url=self.aws.url, region_name=REGION, **credentials)

    def secret(self, name=None):
        """The one that people edit, or another."""
        client = self.client("secretsmanager")
        reply = client.get_secret_value(SecretId=name or self.outputs["SecretArn"])
        return json.loads(reply["SecretString"])

    def login_arn(self):
        return self.client("secretsmanager").describe_secret(SecretId="etlsmsdvazs3copylogin")["ARN"]

    def open_bucket(self):
        """Takes the bucket's policy away: moto judges no conditions, so "not without TLS" is "never"."""
        self.client("s3").delete_bucket_policy(Bucket=self.outputs["BucketName"])

    def functions(self):
        """Name -> configuration, as Lambda's control plane has it: handler, environment, role, memory."""
        rows = self.aws.rows("lambda", "list_functions", "Functions")
        return {function["FunctionName"]: function for function in rows}

    def mappings(self):
        return self.client("lambda").list_event_source_mappings()["EventSourceMappings"]

    def role_credentials(self, function):
        """Credentials of the function's own role, as Lambda gives them to it."""
        role = self.functions()[function]["Role"]
        answer = self.client("sts").assume_role(RoleArn=role, RoleSessionName=function)["Credentials"]
        return {
            "aws_access_key_id": answer["AccessKeyId"],
            "aws_secret_access_key": answer["SecretAccessKey"],
            "aws_session_token": answer["SessionToken"],
        }


class AppliedStack(LambdaStack):
    """The applied stack as the chain (tests/e2e/lambda_chain.py) takes it: all of it read back from moto."""

    def __init__(self, applied):
        self.aws, self.secret_arn = applied.aws, applied.outputs["SecretArn"]
        self.parameters = applied.secret()
        sns, sqs = self.aws.client("sns"), self.aws.client("sqs")
        handlers = {row["FunctionArn"]: row["Handler"] for row in applied.functions().values()}
        subscribed = {row["Endpoint"]: row["TopicArn"] for row in sns.list_subscriptions()["Subscriptions"]}

        def queue(arn):
            return Queue(sqs, sqs.get_queue_url(QueueName=arn.rsplit(":", 1)[1])["QueueUrl"])

        self.topics, self.queues, self.dead = {}, {}, {}
        for mapping in applied.mappings():
            handler, arn = handlers[mapping["FunctionArn"]], mapping["EventSourceArn"]
            work = self.queues[handler] = queue(arn)
            attributes = sqs.get_queue_attributes(QueueUrl=work.url, AttributeNames=["RedrivePolicy"])
            redrive = json.loads(attributes["Attributes"]["RedrivePolicy"])
            self.dead[handler] = queue(redrive["deadLetterTargetArn"])
            self.topics[handler] = subscribed[arn]

    def show_messages_again_after(self, seconds):
        """In seconds, in place of six time-outs: no test can wait for those."""
        for queue in self.queues.values():
            queue.sqs.set_queue_attributes(
                QueueUrl=queue.url, Attributes={"VisibilityTimeout": str(seconds)}
            )


def applied_to(folder):
    """On moto with authentication, which is off until the chain runs."""
    server = [os.environ[f"AZS3COPY_TEST_MOTO_AUTH_{name}"] for name in ("URL", "ACCESS_KEY", "SECRET_KEY")]
    return Applied(folder, Aws(*server, checks_logins=True))
