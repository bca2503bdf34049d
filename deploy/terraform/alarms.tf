# What a person has to look at. All go to the dead-letter topic; AlarmEmail subscribes to it.

locals {
  work_queues = [for channel in local.channel_of : "${local.queue_stem}${local.channels[channel].name}"]

  # A series is namespace, metric, and one dimension with its value. CloudWatch takes at most ten an alarm.
  alarms = {
    for name, alarm in {
      deadletters = {
        text      = "Messages that failed ${local.receives_max} times, or that SNS could not deliver, wait in a dead-letter queue: see docs/deploy.md, then redrive."
        reduce    = "SUM(METRICS())"
        label     = "Dead letters"
        series    = [for queue in local.work_queues : ["AWS/SQS", "ApproximateNumberOfMessagesVisible", "QueueName", "${queue}DLQ"]]
        stat      = "Maximum"
        period    = 300
        periods   = 1
        threshold = 1
      }
      errors = {
        text      = "A function ended with an error; SQS tries its messages again."
        reduce    = "SUM(METRICS())"
        label     = "Errors"
        series    = [for name in local.names : ["AWS/Lambda", "Errors", "FunctionName", name]]
        stat      = "Sum"
        period    = 300
        periods   = 1
        threshold = 1
      }
      failed = {
        text   = "Blobs could not be copied, a container not be listed, or a run did not finish and was given up: azs3copy status and the log report which and why."
        reduce = "SUM(METRICS())"
        label  = "Failed blobs and runs"
        series = concat([for name in slice(local.names, 1, 6) : ["azs3copy", "Failed", "FunctionName", name]],
        [["azs3copy", "RunsGivenUp", "FunctionName", local.names[0]]])
        stat      = "Sum"
        period    = 300
        periods   = 1
        threshold = 1
      }
      undelivered = {
        text   = "SNS could not deliver messages to a queue (they wait in its dead-letter queue), or the schedule could not start the launch function: check the policies of the key, the queues and the function."
        reduce = "SUM(METRICS())"
        label  = "Failed deliveries"
        series = concat(
          [for channel in local.channel_of : ["AWS/SNS", "NumberOfNotificationsFailed", "TopicName", "${local.topic_stem}${local.channels[channel].name}"]],
          [["AWS/Events", "FailedInvocations", "RuleName", local.rule_name],
        ["AWS/Lambda", "AsyncEventsDropped", "FunctionName", local.names[0]]])
        stat      = "Sum"
        period    = 300
        periods   = 1
        threshold = 1
      }
      age = {
        text      = "A message has waited for long: is a concurrency too low, or is something throttled?"
        reduce    = "MAX(METRICS())"
        label     = "Age of the oldest message"
        series    = [for queue in local.work_queues : ["AWS/SQS", "ApproximateAgeOfOldestMessage", "QueueName", queue]]
        stat      = "Maximum"
        period    = 300
        periods   = 1
        threshold = var.MessageAgeMaxSeconds
      }
      # The least of each hour: a run that starts every hour and finishes leaves the queues empty in between.
      run = {
        text   = "In each of the last ${var.RunHoursMax} hours the queues were never empty: a run that does not end."
        reduce = "SUM(METRICS())"
        label  = "Messages waiting or in flight, at the least"
        series = [for pair in setproduct(["ApproximateNumberOfMessagesVisible", "ApproximateNumberOfMessagesNotVisible"], local.work_queues) :
        ["AWS/SQS", pair[0], "QueueName", pair[1]]]
        stat      = "Minimum"
        period    = 3600
        periods   = var.RunHoursMax
        threshold = 1
      }
      # No data means no launch.
      launch = {
        text      = "The launch function was not started within ${var.LaunchHoursMax} hours: is the schedule enabled, and LaunchHoursMax longer than its interval?"
        reduce    = "SUM(METRICS())"
        label     = "Launches"
        series    = [["AWS/Lambda", "Invocations", "FunctionName", local.names[0]]]
        stat      = "Sum"
        period    = 3600
        periods   = var.LaunchHoursMax
        threshold = 1
      }
    } : name => alarm if name != "launch" || var.LaunchHoursMax > 0
  }
}

resource "aws_cloudwatch_metric_alarm" "copy" {
  for_each = local.alarms

  alarm_name          = "${local.alarm_stem}${each.key}"
  alarm_description   = each.value.text
  comparison_operator = each.key == "launch" ? "LessThanThreshold" : "GreaterThanOrEqualToThreshold"
  threshold           = each.value.threshold
  evaluation_periods  = each.value.periods
  treat_missing_data  = each.key == "launch" ? "breaching" : "notBreaching"
  alarm_actions       = [aws_sns_topic.alarms.arn]

  metric_query {
    id          = "all"
    expression  = each.value.reduce
    label       = each.value.label
    return_data = true
  }

  dynamic "metric_query" {
    for_each = { for index, one in each.value.series : index => one }

    content {
      id = "m${metric_query.key}"

      metric {
        namespace   = metric_query.value[0]
        metric_name = metric_query.value[1]
        dimensions  = { (metric_query.value[2]) = metric_query.value[3] }
        stat        = each.value.stat
        period      = each.value.period
      }
    }
  }

  tags = merge(local.tags, { Rtype = "code", Name = "${local.alarm_stem}${each.key}" })
}
