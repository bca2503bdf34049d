# Six functions of one program: the handler's name says which it is.

resource "aws_cloudwatch_log_group" "function" {
  for_each = local.functions

  name              = "/aws/lambda/${local.function_stem}${each.key}"
  retention_in_days = var.LogRetentionDays
  kms_key_id        = aws_kms_key.copy.arn

  tags = merge(local.tags, { Rtype = "code", Name = "/aws/lambda/${local.function_stem}${each.key}" })
}

resource "aws_lambda_function" "function" {
  for_each = local.functions

  function_name = "${local.function_stem}${each.key}"
  description   = "azs3copy Lambda${each.key} (${each.value.handler})"
  runtime       = "provided.al2023"
  architectures = ["arm64"]
  handler       = each.value.handler
  s3_bucket     = var.SourceBucket
  s3_key        = "${var.SourcePrefix}azs3copy-lambda${each.key}.zip"
  role          = aws_iam_role.function[each.key].arn
  memory_size   = each.value.memory
  timeout       = each.value.timeout

  # -1: no reservation. The others are held back by their queues' maximum_concurrency.
  reserved_concurrent_executions = each.key == "01" && var.ReserveLaunchConcurrency ? 1 : -1

  # Nothing here is worth a key of its own: Lambda encrypts it with its own.
  environment {
    variables = {
      AZS3COPY_SECRET       = aws_secretsmanager_secret.copy.arn
      AZS3COPY_RECEIVES_MAX = tostring(local.receives_max)
      AZS3COPY_LOG_LEVEL    = var.LogLevel
    }
  }

  logging_config {
    log_format = "Text" # the program writes JSON lines itself
    log_group  = aws_cloudwatch_log_group.function[each.key].name
  }

  dynamic "vpc_config" {
    for_each = local.in_vpc ? [1] : []

    content {
      subnet_ids         = var.VpcSubnetIds
      security_group_ids = var.VpcSecurityGroupIds
    }
  }

  tags = merge(local.tags, { Rtype = "code", Name = "${local.function_stem}${each.key}" })

  # Lambda tries at once whether the role may receive, or make network interfaces.
  depends_on = [aws_iam_role_policy.function]
}

resource "aws_lambda_event_source_mapping" "work" {
  for_each = local.channels

  event_source_arn        = aws_sqs_queue.work[each.key].arn
  function_name           = aws_lambda_function.function[each.value.function].arn
  batch_size              = each.value.batch
  function_response_types = ["ReportBatchItemFailures"]

  scaling_config {
    maximum_concurrency = each.value.concurrency
  }

  tags = merge(local.tags, { Rtype = "code", Name = "${local.queue_stem}${each.value.name}" })
}

# The schedule starts launch-qualification, as the console's Test button does.
resource "aws_cloudwatch_event_rule" "schedule" {
  name                = local.rule_name
  description         = "azs3copy: starts the copy"
  schedule_expression = var.AzureCopySchedule
  state               = "ENABLED"

  tags = merge(local.tags, { Rtype = "code", Name = local.rule_name })
}

resource "aws_cloudwatch_event_target" "schedule" {
  rule      = aws_cloudwatch_event_rule.schedule.name
  target_id = "InvokeLaunchQualification"
  arn       = aws_lambda_function.function["01"].arn
}

resource "aws_lambda_permission" "schedule" {
  function_name = aws_lambda_function.function["01"].function_name
  action        = "lambda:InvokeFunction"
  principal     = "events.amazonaws.com"
  source_arn    = aws_cloudwatch_event_rule.schedule.arn
}

# All of it, as the console's resource groups show it.
resource "aws_resourcegroups_group" "copy" {
  name        = local.group_name
  description = "azs3copy - Azure Blob Storage to Amazon S3"

  resource_query {
    type = "TAG_FILTERS_1_0"
    query = jsonencode({
      ResourceTypeFilters = ["AWS::AllSupported"]
      TagFilters = [for key in ["Owner", "Environment", "Provisioner", "Solution"] :
      { Key = key, Values = [local.tags[key]] }]
    })
  }

  tags = merge(local.tags, { Rtype = "scaffold", Name = local.group_name })
}
