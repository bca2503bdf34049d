# topic --raw--> queue --> function. After receives_max failed deliveries a message goes to the dead-letter queue, and
# so does a message that SNS cannot deliver to the queue.

resource "aws_sns_topic" "work" {
  for_each = local.channels

  name              = "${local.topic_stem}${each.value.name}"
  kms_master_key_id = aws_kms_key.copy.arn

  tags = merge(local.tags, { Rtype = "code", Name = "${local.topic_stem}${each.value.name}" })
}

# Whoever publishes or subscribes is allowed to by a policy of his own role; these only forbid.
resource "aws_sns_topic_policy" "work" {
  for_each = local.channels

  arn = aws_sns_topic.work[each.key].arn

  policy = jsonencode({
    Version = "2012-10-17"
    Statement = [
      {
        Sid       = "TlsOnly"
        Effect    = "Deny"
        Principal = "*"
        Action    = "sns:Publish"
        Resource  = aws_sns_topic.work[each.key].arn
        Condition = { Bool = { "aws:SecureTransport" = "false" } }
      },
    ]
  })
}

resource "aws_sqs_queue" "work" {
  for_each = local.channels

  name                       = "${local.queue_stem}${each.value.name}"
  kms_master_key_id          = aws_kms_key.copy.arn
  visibility_timeout_seconds = 6 * local.functions[each.value.function].timeout
  message_retention_seconds  = local.retention_seconds

  redrive_policy = jsonencode({
    deadLetterTargetArn = aws_sqs_queue.dead_letters[each.key].arn
    maxReceiveCount     = local.receives_max
  })

  tags = merge(local.tags, { Rtype = "code", Name = "${local.queue_stem}${each.value.name}" })
}

resource "aws_sqs_queue_policy" "work" {
  for_each = local.channels

  queue_url = aws_sqs_queue.work[each.key].id

  policy = jsonencode({
    Version = "2012-10-17"
    Statement = [
      {
        Sid       = "FromItsTopic"
        Effect    = "Allow"
        Principal = { Service = "sns.amazonaws.com" }
        Action    = "sqs:SendMessage"
        Resource  = aws_sqs_queue.work[each.key].arn
        Condition = { ArnEquals = { "aws:SourceArn" = aws_sns_topic.work[each.key].arn } }
      },
      {
        Sid       = "TlsOnly"
        Effect    = "Deny"
        Principal = "*"
        Action    = "sqs:*"
        Resource  = aws_sqs_queue.work[each.key].arn
        Condition = { Bool = { "aws:SecureTransport" = "false" } }
      },
    ]
  })
}

resource "aws_sns_topic_subscription" "work" {
  for_each = local.channels

  topic_arn            = aws_sns_topic.work[each.key].arn
  protocol             = "sqs"
  endpoint             = aws_sqs_queue.work[each.key].arn
  raw_message_delivery = true

  # SNS discards messages that the queue or its key refuses, unless they have a dead-letter queue.
  redrive_policy = jsonencode({ deadLetterTargetArn = aws_sqs_queue.dead_letters[each.key].arn })

  # Without these policies SNS may not deliver.
  depends_on = [aws_sqs_queue_policy.work, aws_sqs_queue_policy.dead_letters]
}

resource "aws_sqs_queue" "dead_letters" {
  for_each = local.channels

  name                      = "${local.queue_stem}${each.value.name}DLQ"
  kms_master_key_id         = aws_kms_key.copy.arn
  message_retention_seconds = local.retention_seconds

  tags = merge(local.tags, { Rtype = "code", Name = "${local.queue_stem}${each.value.name}DLQ" })
}

resource "aws_sqs_queue_redrive_allow_policy" "dead_letters" {
  for_each = local.channels

  queue_url = aws_sqs_queue.dead_letters[each.key].id

  redrive_allow_policy = jsonencode({
    redrivePermission = "byQueue"
    sourceQueueArns   = [aws_sqs_queue.work[each.key].arn]
  })
}

resource "aws_sqs_queue_policy" "dead_letters" {
  for_each = local.channels

  queue_url = aws_sqs_queue.dead_letters[each.key].id

  policy = jsonencode({
    Version = "2012-10-17"
    Statement = [
      {
        Sid       = "UndeliveredFromItsTopic"
        Effect    = "Allow"
        Principal = { Service = "sns.amazonaws.com" }
        Action    = "sqs:SendMessage"
        Resource  = aws_sqs_queue.dead_letters[each.key].arn
        Condition = { ArnEquals = { "aws:SourceArn" = aws_sns_topic.work[each.key].arn } }
      },
      {
        Sid       = "TlsOnly"
        Effect    = "Deny"
        Principal = "*"
        Action    = "sqs:*"
        Resource  = aws_sqs_queue.dead_letters[each.key].arn
        Condition = { Bool = { "aws:SecureTransport" = "false" } }
      },
    ]
  })
}

# The article's dead-letter topic: alarms go here, and by e-mail to whoever is named.
resource "aws_sns_topic" "alarms" {
  name              = "${local.topic_stem}DLQ"
  kms_master_key_id = aws_kms_key.copy.arn

  tags = merge(local.tags, { Rtype = "code", Name = "${local.topic_stem}DLQ" })
}

resource "aws_sns_topic_policy" "alarms" {
  arn = aws_sns_topic.alarms.arn

  policy = jsonencode({
    Version = "2012-10-17"
    Statement = [
      {
        Sid       = "FromAlarms"
        Effect    = "Allow"
        Principal = { Service = "cloudwatch.amazonaws.com" }
        Action    = "sns:Publish"
        Resource  = aws_sns_topic.alarms.arn
        Condition = {
          ArnLike = { "aws:SourceArn" = "arn:${local.partition}:cloudwatch:${var.Region}:${local.account}:alarm:${local.alarm_stem}*" }
        }
      },
      {
        Sid       = "TlsOnly"
        Effect    = "Deny"
        Principal = "*"
        Action    = "sns:Publish"
        Resource  = aws_sns_topic.alarms.arn
        Condition = { Bool = { "aws:SecureTransport" = "false" } }
      },
    ]
  })
}

resource "aws_sns_topic_subscription" "alarms" {
  count = var.AlarmEmail == "" ? 0 : 1

  topic_arn = aws_sns_topic.alarms.arn
  protocol  = "email"
  endpoint  = var.AlarmEmail
}
