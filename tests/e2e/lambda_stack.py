"""Makes in moto what a template deploys: secret, topics, queues with their dead-letter queues, roles, the six
functions, and what joins them.

    rule --> launch-qualification
               | L1L2
             find-blobs --L2L3--> download
               | LargeFileInit
             largefile-initializer --LargeFilePart--> largefile-parter
                                                        | LargeFileRecomb
                                                      largefile-recombinator

Each arrow behind the first is a topic, and a queue between it and its function.
"""

import json

from aws import REGION

# In the order of sns_arn_l1 to l5.
TOPICS = {"find-blobs": "L1L2", "download": "L2L3", "largefile-initializer": "LargeFileInit",
          "largefile-parter": "LargeFilePart", "largefile-recombinator": "LargeFileRecomb"}
FUNCTIONS = ["launch-qualification", *TOPICS]

ONLY_LAMBDA = {"Version": "2012-10-17", "Statement": [
    {"Effect": "Allow", "Principal": {"Service": "lambda.amazonaws.com"}, "Action": "sts:AssumeRole"}]}


class LambdaStack:
    """Everything that has the prefix in its name.

    `parameters` are those of the secret besides the topics. `policy` gives the statements of a role by the
    function, and is wide where a test does not care.
    """

    def __init__(self, aws, prefix, parameters, function_seconds=30, visibility_seconds=60, receives_max=3,
                 batch_size=10, concurrency=4, policy=lambda function: [allow("*", "*")]):
        self.aws, self.prefix, self.receives_max = aws, prefix, receives_max
        self.topics, self.queues, self.dead = {}, {}, {}
        for function in TOPICS:
            self.make_topic_and_queues(function, visibility_seconds)
        self.make_secret(parameters)
        for function in FUNCTIONS:
            self.make_function(function, function_seconds, policy(function))
        for function in TOPICS:
            self.map_queue(function, batch_size, concurrency)
        self.make_schedule()

    def name(self, kind, what):
        return f"{self.prefix}{kind}dvazs3copy{what}"

    def make_topic_and_queues(self, function, visibility_seconds):
        sns, what = self.aws.client("sns"), TOPICS[function]
        self.dead[function] = self.make_queue(f"{what}DLQ")
        redrive = {"deadLetterTargetArn": self.dead[function].arn, "maxReceiveCount": self.receives_max}
        self.queues[function] = self.make_queue(what, VisibilityTimeout=str(visibility_seconds),
                                                RedrivePolicy=json.dumps(redrive))
        self.topics[function] = sns.create_topic(Name=self.name("sns", what))["TopicArn"]
        sns.subscribe(TopicArn=self.topics[function], Protocol="sqs", Endpoint=self.queues[function].arn,
                      Attributes={"RawMessageDelivery": "true"})

    def make_queue(self, what, **attributes):
        sqs = self.aws.client("sqs")
        url = sqs.create_queue(QueueName=self.name("sqs", what), Attributes=attributes)["QueueUrl"]
        return Queue(sqs, url)

    def make_secret(self, parameters):
        key = self.aws.client("kms").create_key()["KeyMetadata"]["Arn"]
        arns = {f"sns_arn_l{number}": arn for number, arn in enumerate(self.topics.values(), 1)}
        self.parameters = {**arns, **parameters}
        reply = self.aws.client("secretsmanager").create_secret(
            Name=self.name("sm", ""), KmsKeyId=key, SecretString=json.dumps(self.parameters))
        self.secret_arn = reply["ARN"]

    def change_secret(self, text=None, **parameters):
        """Other parameters (None: without it), or any text at all."""
        self.parameters |= parameters
        kept = {name: value for name, value in self.parameters.items() if value is not None}
        self.aws.client("secretsmanager").put_secret_value(
            SecretId=self.secret_arn, SecretString=json.dumps(kept) if text is None else text)

    def make_function(self, function, seconds, statements):
        iam, name = self.aws.client("iam"), self.name("lam", function)
        trust = json.dumps(ONLY_LAMBDA)
        role = iam.create_role(RoleName=name, AssumeRolePolicyDocument=trust)["Role"]["Arn"]
        iam.put_role_policy(RoleName=name, PolicyName="own", PolicyDocument=json.dumps(
            {"Version": "2012-10-17", "Statement": statements}))
        variables = {"AZS3COPY_SECRET": self.secret_arn, "AZS3COPY_RECEIVES_MAX": str(self.receives_max)}
        self.aws.client("lambda").create_function(
            FunctionName=name, Role=role, Runtime="provided.al2023", Architectures=["arm64"],
            Handler=function, Code={"ZipFile": b"the host runs its own"}, Timeout=seconds, MemorySize=256,
            Environment={"Variables": variables})

    def map_queue(self, function, batch_size, concurrency):
        self.aws.client("lambda").create_event_source_mapping(
            FunctionName=self.name("lam", function), EventSourceArn=self.queues[function].arn,
            BatchSize=batch_size, FunctionResponseTypes=["ReportBatchItemFailures"],
            ScalingConfig={"MaximumConcurrency": concurrency})

    def make_schedule(self):
        events, rule = self.aws.client("events"), self.name("evr", "")
        account = self.secret_arn.split(":")[4]
        events.put_rule(Name=rule, ScheduleExpression="cron(0 3 * * ? *)")
        events.put_targets(Rule=rule, Targets=[{"Id": "launch", "Arn": (
            f"arn:aws:lambda:{REGION}:{account}:function:{self.name('lam', FUNCTIONS[0])}")}])

    def publish(self, function, message):
        """A message to the function's topic."""
        self.aws.client("sns").publish(TopicArn=self.topics[function], Message=message)


class Queue:
    def __init__(self, sqs, url):
        self.sqs, self.url = sqs, url
        reply = sqs.get_queue_attributes(QueueUrl=url, AttributeNames=["QueueArn"])
        self.arn = reply["Attributes"]["QueueArn"]

    @property
    def name(self):
        return self.url.rsplit("/", 1)[1]

    def count(self):
        """Messages, visible or not."""
        names = ["ApproximateNumberOfMessages", "ApproximateNumberOfMessagesNotVisible"]
        counts = self.sqs.get_queue_attributes(QueueUrl=self.url, AttributeNames=names)["Attributes"]
        return sum(map(int, counts.values()))

    def purge(self):
        self.sqs.purge_queue(QueueUrl=self.url)

    def bodies(self):
        """Of all messages that are visible. They stay, and are visible again at once."""
        found = {}
        while True:
            reply = self.sqs.receive_message(QueueUrl=self.url, MaxNumberOfMessages=10, VisibilityTimeout=30)
            if not reply.get("Messages"):
                break
            found |= {message["ReceiptHandle"]: message["Body"] for message in reply["Messages"]}
        for handle in found:
            self.sqs.change_message_visibility(QueueUrl=self.url, ReceiptHandle=handle, VisibilityTimeout=0)
        return list(found.values())


def allow(actions, resources):
    return {"Effect": "Allow", "Action": actions, "Resource": resources}
