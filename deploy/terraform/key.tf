# One key for the secret, the bucket, the topics, the queues and the logs.

resource "aws_kms_key" "copy" {
  description             = "azs3copy: secret, bucket, topics, queues and logs"
  enable_key_rotation     = true
  deletion_window_in_days = 30

  policy = jsonencode({
    Version = "2012-10-17"
    Statement = [
      {
        # IAM policies of this account may allow to administer the key, not to use it.
        Sid       = "Administration"
        Effect    = "Allow"
        Principal = { AWS = "arn:${local.partition}:iam::${local.account}:root" }
        Action = ["kms:CancelKeyDeletion", "kms:CreateAlias", "kms:DeleteAlias", "kms:DescribeKey", "kms:DisableKey",
          "kms:DisableKeyRotation", "kms:EnableKey", "kms:EnableKeyRotation", "kms:GetKeyPolicy",
          "kms:GetKeyRotationStatus", "kms:ListGrants", "kms:ListKeyPolicies", "kms:ListKeyRotations",
          "kms:ListResourceTags", "kms:PutKeyPolicy", "kms:RevokeGrant", "kms:RotateKeyOnDemand",
          "kms:ScheduleKeyDeletion", "kms:TagResource", "kms:UntagResource", "kms:UpdateAlias",
        "kms:UpdateKeyDescription"]
        Resource = "*"
      },
      {
        # IAM policies may allow use of the key only through these services: by the functions' roles, and by readers
        # of the bucket.
        Sid       = "UseThroughServices"
        Effect    = "Allow"
        Principal = { AWS = "arn:${local.partition}:iam::${local.account}:root" }
        Action    = ["kms:Decrypt", "kms:GenerateDataKey"]
        Resource  = "*"
        Condition = {
          StringEquals = {
            "kms:ViaService" = [for service in ["s3", "secretsmanager", "sns", "sqs"] : local.via_service[service]]
          }
        }
      },
      {
        # SNS delivers messages of these topics to the encrypted queues and dead-letter queues.
        Sid       = "TopicsToQueues"
        Effect    = "Allow"
        Principal = { Service = "sns.amazonaws.com" }
        Action    = ["kms:Decrypt", "kms:GenerateDataKey"]
        Resource  = "*"
        Condition = {
          ArnLike      = { "aws:SourceArn" = "arn:${local.partition}:sns:${var.Region}:${local.account}:${local.topic_stem}*" }
          StringEquals = { "aws:SourceAccount" = local.account }
        }
      },
      {
        # Alarms are published to the encrypted dead-letter topic.
        Sid       = "AlarmsToTopic"
        Effect    = "Allow"
        Principal = { Service = "cloudwatch.amazonaws.com" }
        Action    = ["kms:Decrypt", "kms:GenerateDataKey"]
        Resource  = "*"
        Condition = { StringEquals = { "kms:EncryptionContext:aws:sns:topicArn" = local.alarm_topic_arn } }
      },
      {
        Sid       = "Logs"
        Effect    = "Allow"
        Principal = { Service = "logs.${var.Region}.${local.suffix}" }
        Action = ["kms:Decrypt", "kms:DescribeKey", "kms:Encrypt", "kms:GenerateDataKey",
        "kms:GenerateDataKeyWithoutPlaintext", "kms:ReEncryptFrom", "kms:ReEncryptTo"]
        Resource = "*"
        Condition = {
          ArnLike = {
            "kms:EncryptionContext:aws:logs:arn" = "arn:${local.partition}:logs:${var.Region}:${local.account}:log-group:/aws/lambda/${local.function_stem}*"
          }
        }
      },
    ]
  })

  tags = merge(local.tags, { Rtype = "security", Name = local.key_name })
}

resource "aws_kms_alias" "copy" {
  name          = "alias/${local.key_name}"
  target_key_id = aws_kms_key.copy.key_id
}
