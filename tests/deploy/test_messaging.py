"""Messages between the functions: no message is lost without a sign, whichever service refuses it."""

import pytest

from scenarios import SCENARIOS

TWO_WEEKS = 14 * 24 * 3600


def of_type(stack, kind):
    template = stack.template["Resources"]
    return [stack.properties(name) for name in stack.resources() if template[name]["Type"] == kind]


def by_arn(stack):
    return {stack.place.arn("sqs", queue["QueueName"]): queue for queue in of_type(stack, "AWS::SQS::Queue")}


def senders(stack, queue):
    """Conditions under which SNS may send to a queue."""
    url = stack.place.queue_url(queue["QueueName"])
    (policy,) = [each for each in of_type(stack, "AWS::SQS::QueuePolicy") if each["Queues"] == [url]]
    allowed = [each for each in policy["PolicyDocument"]["Statement"] if each["Effect"] == "Allow"]
    assert {each["Principal"]["Service"] for each in allowed} == {"sns.amazonaws.com"}
    assert {each["Action"] for each in allowed} == {"sqs:SendMessage"}
    return [each["Condition"] for each in allowed]


@pytest.mark.parametrize("scenario", SCENARIOS)
def test_undeliverable_messages_go_to_the_dead_letters(stacks, scenario):
    """SNS discards what a queue or its key refuses, unless the subscription has a dead-letter queue."""
    stack = stacks[scenario]
    queues = by_arn(stack)
    subscriptions = [each for each in of_type(stack, "AWS::SNS::Subscription") if each["Protocol"] == "sqs"]
    assert len(subscriptions) == 5
    for subscription in subscriptions:
        work = queues[subscription["Endpoint"]]
        letters = subscription["RedrivePolicy"]["deadLetterTargetArn"]
        assert letters == work["RedrivePolicy"]["deadLetterTargetArn"]
        from_its_topic = [{"ArnEquals": {"aws:SourceArn": subscription["TopicArn"]}}]
        assert senders(stack, work) == senders(stack, queues[letters]) == from_its_topic


@pytest.mark.parametrize("scenario", SCENARIOS)
def test_subscriptions_wait_for_both_queue_policies(stacks, scenario):
    template = stacks[scenario].template["Resources"]
    for name, resource in template.items():
        if resource["Type"] == "AWS::SNS::Subscription" and resource["Properties"]["Protocol"] == "sqs":
            channel = name.removeprefix("SNSSubscription")
            needed = {f"SQSQueuePolicy{channel}", f"SQSDeadLettersPolicy{channel}"}
            assert set(resource["DependsOn"]) == needed


def test_queues_keep_messages_for_two_weeks(stacks):
    """A message that is redelivered, or moved to the dead letters, keeps the age that it has."""
    for stack in stacks.values():
        kept = {queue["MessageRetentionPeriod"] for queue in of_type(stack, "AWS::SQS::Queue")}
        assert kept == {TWO_WEEKS}
