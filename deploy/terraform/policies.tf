# One role per function, with what it calls and no more: the one place of all permissions.

locals {
  # Topics that a function publishes to: its next stages, and its own for the rest of its work.
  publishes = {
    "01" = ["L1L2"]
    "02" = ["L1L2", "L2L3", "LargeFileInit"]
    "03" = ["L2L3", "LargeFileInit"]
    "04" = ["LargeFileInit", "LargeFilePart", "LargeFileRecomb", "L2L3"]
    "05" = ["LargeFilePart", "LargeFileRecomb", "LargeFileInit"]
    "06" = ["LargeFileInit"]
  }

  # Actions on the bucket itself, on every object, and on the state of runs alone. With s3:ListBucket a missing key
  # is answered by 404, else by 403.
  bucket_actions = {
    "01" = ["s3:ListBucket"]
    "02" = ["s3:ListBucket"]
    "03" = ["s3:ListBucket"]
    "04" = ["s3:ListBucket"]
    "05" = ["s3:ListBucket"]
    "06" = ["s3:ListBucket"]
  }
  object_actions = {
    "01" = []
    "02" = ["s3:GetObject"]
    "03" = ["s3:DeleteObject", "s3:GetObject", "s3:PutObject"]
    "04" = ["s3:AbortMultipartUpload", "s3:ListMultipartUploadParts", "s3:PutObject"]
    "05" = ["s3:AbortMultipartUpload", "s3:GetObject", "s3:ListMultipartUploadParts", "s3:PutObject"]
    "06" = ["s3:AbortMultipartUpload", "s3:DeleteObject", "s3:GetObject", "s3:ListMultipartUploadParts", "s3:PutObject"]
  }
  state_actions = {
    "01" = ["s3:GetObject", "s3:PutObject"]
    "02" = ["s3:PutObject"]
    "03" = []
    "04" = ["s3:DeleteObject", "s3:GetObject"]
    "05" = ["s3:DeleteObject"]
    "06" = []
  }

  # Function -> the channel whose queue it reads; 01 reads none.
  queue_of = { for key, channel in local.channels : channel.function => key }

  statements = {
    for key, function in local.functions : key => [for statement in [
      {
        wanted   = true
        Sid      = "Secret"
        Action   = ["secretsmanager:GetSecretValue"]
        Resource = concat([aws_secretsmanager_secret.copy.arn], aws_secretsmanager_secret.login[*].arn)
      },
      {
        wanted   = true
        Sid      = "Publish"
        Action   = ["sns:Publish"]
        Resource = [for channel in local.publishes[key] : aws_sns_topic.work[channel].arn]
      },
      {
        wanted   = contains(keys(local.queue_of), key)
        Sid      = "Receive"
        Action   = ["sqs:ChangeMessageVisibility", "sqs:DeleteMessage", "sqs:GetQueueAttributes", "sqs:ReceiveMessage"]
        Resource = [for function, channel in local.queue_of : aws_sqs_queue.work[channel].arn if function == key]
      },
      {
        wanted   = length(local.bucket_actions[key]) > 0
        Sid      = "Bucket"
        Action   = local.bucket_actions[key]
        Resource = [local.bucket_arn]
      },
      {
        wanted   = length(local.object_actions[key]) > 0
        Sid      = "Objects"
        Action   = local.object_actions[key]
        Resource = ["${local.bucket_arn}/*"]
      },
      {
        wanted   = length(local.state_actions[key]) > 0
        Sid      = "State"
        Action   = local.state_actions[key]
        Resource = ["${local.bucket_arn}/${var.StatePrefix}*"]
      },
      {
        # The secret, what comes from the queue, and what SNS encrypts for us.
        wanted   = true
        Sid      = "DecryptByServices"
        Action   = ["kms:Decrypt"]
        Resource = [aws_kms_key.copy.arn]
        Condition = { StringEquals = { "kms:ViaService" = [
          for service in concat(["secretsmanager", "sns"], contains(keys(local.queue_of), key) ? ["sqs"] : []) :
        local.via_service[service]] } }
      },
      {
        wanted    = true
        Sid       = "EncryptMessages"
        Action    = ["kms:GenerateDataKey"]
        Resource  = [aws_kms_key.copy.arn]
        Condition = { StringEquals = { "kms:ViaService" = [local.via_service.sns] } }
      },
      {
        wanted    = local.makes_bucket || var.ExistingBucketKmsKeyArn != ""
        Sid       = "BucketKey"
        Action    = ["kms:Decrypt", "kms:GenerateDataKey"]
        Resource  = [local.bucket_key_arn]
        Condition = { StringEquals = { "kms:ViaService" = [local.via_service.s3] } }
      },
      {
        wanted   = true
        Sid      = "Log"
        Action   = ["logs:CreateLogStream", "logs:PutLogEvents"]
        Resource = ["${aws_cloudwatch_log_group.function[key].arn}:*"]
      },
      {
        # The token that Entra ID takes in place of a client secret. No resource can be named for it.
        wanted   = var.AzureSecretless
        Sid      = "AzureToken"
        Action   = ["sts:GetWebIdentityToken"]
        Resource = ["*"]
        Condition = {
          "ForAllValues:StringEquals" = { "sts:IdentityTokenAudience" = ["api://AzureADTokenExchange"] }
          Null                        = { "sts:IdentityTokenAudience" = "false" }
          StringEquals                = { "sts:SigningAlgorithm" = "RS256" }
        }
      },
      {
        # What Lambda itself does for a function in a VPC. Not AWS's managed policy: that allows logs everywhere too.
        # Lambda wants all of them on all resources.
        wanted = local.in_vpc
        Sid    = "NetworkInterfaces"
        Action = ["ec2:AssignPrivateIpAddresses", "ec2:CreateNetworkInterface", "ec2:DeleteNetworkInterface",
        "ec2:DescribeNetworkInterfaces", "ec2:DescribeSubnets", "ec2:UnassignPrivateIpAddresses"]
        Resource = ["*"]
      },
      {
        # Our code may not do the same.
        wanted = local.in_vpc
        Sid    = "NotFromCode"
        Effect = "Deny"
        Action = ["ec2:AssignPrivateIpAddresses", "ec2:CreateNetworkInterface", "ec2:DeleteNetworkInterface",
        "ec2:DescribeNetworkInterfaces", "ec2:DescribeSubnets", "ec2:UnassignPrivateIpAddresses"]
        Resource = ["*"]
        Condition = { ArnEquals = { "lambda:SourceFunctionArn" = [
        "arn:${local.partition}:lambda:${var.Region}:${local.account}:function:${local.function_stem}${key}"] } }
      },
    ] : merge({ Effect = "Allow" }, { for field, value in statement : field => value if field != "wanted" }) if statement.wanted]
  }
}

resource "aws_iam_role" "function" {
  for_each = local.functions

  name        = "${local.role_stem}${each.key}"
  description = "azs3copy Lambda${each.key} (${each.value.handler})"

  assume_role_policy = jsonencode({
    Version = "2012-10-17"
    Statement = [
      {
        Effect    = "Allow"
        Principal = { Service = "lambda.amazonaws.com" }
        Action    = "sts:AssumeRole"
      },
    ]
  })

  tags = merge(local.tags, { Rtype = "security", Name = "${local.role_stem}${each.key}" })
}

resource "aws_iam_role_policy" "function" {
  for_each = local.functions

  name   = "${local.policy_stem}${each.key}"
  role   = aws_iam_role.function[each.key].name
  policy = jsonencode({ Version = "2012-10-17", Statement = local.statements[each.key] })
}
