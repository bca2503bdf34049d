# The destination, unless there is one already (ExistingBucketName), which is left as it is.

resource "aws_s3_bucket" "copy" {
  count = local.makes_bucket ? 1 : 0

  bucket_prefix = "${local.bucket_tag}-"
  force_destroy = var.DeleteBucketWithObjects

  tags = merge(local.tags, { Rtype = "storage", Name = local.bucket_tag })

  # Destroying stops at a bucket with objects, and must not have taken the key that they are encrypted with.
  depends_on = [aws_kms_key.copy]

  lifecycle {
    # Another PrefixCode or EnvironmentCode renames the rest; a bucket could only be replaced.
    ignore_changes = [bucket_prefix]
  }
}

resource "aws_s3_bucket_server_side_encryption_configuration" "copy" {
  count = local.makes_bucket ? 1 : 0

  bucket = aws_s3_bucket.copy[0].bucket

  rule {
    bucket_key_enabled = true

    apply_server_side_encryption_by_default {
      sse_algorithm     = "aws:kms"
      kms_master_key_id = aws_kms_key.copy.arn
    }
  }
}

resource "aws_s3_bucket_versioning" "copy" {
  count = local.makes_bucket ? 1 : 0

  bucket = aws_s3_bucket.copy[0].bucket

  versioning_configuration {
    status = "Enabled"
  }
}

resource "aws_s3_bucket_ownership_controls" "copy" {
  count = local.makes_bucket ? 1 : 0

  bucket = aws_s3_bucket.copy[0].bucket

  rule {
    object_ownership = "BucketOwnerEnforced"
  }
}

resource "aws_s3_bucket_public_access_block" "copy" {
  count = local.makes_bucket ? 1 : 0

  bucket                  = aws_s3_bucket.copy[0].bucket
  block_public_acls       = true
  block_public_policy     = true
  ignore_public_acls      = true
  restrict_public_buckets = true
}

resource "aws_s3_bucket_lifecycle_configuration" "copy" {
  count = local.makes_bucket ? 1 : 0

  # Rules about old versions need versioning.
  bucket = aws_s3_bucket_versioning.copy[0].bucket

  rule {
    id     = "AbortIncompleteUploads"
    status = "Enabled"
    filter {
      prefix = ""
    }
    abort_incomplete_multipart_upload {
      days_after_initiation = 7
    }
  }

  rule {
    id     = "ExpireRuns"
    status = "Enabled"
    filter {
      prefix = "${var.StatePrefix}runs/"
    }
    expiration {
      days = var.RunRetentionDays
    }
  }

  # A manifest is of no use once its upload was aborted.
  rule {
    id     = "ExpireUploads"
    status = "Enabled"
    filter {
      prefix = "${var.StatePrefix}uploads/"
    }
    expiration {
      days = 14
    }
  }

  rule {
    id     = "ExpireOldState"
    status = "Enabled"
    filter {
      prefix = var.StatePrefix
    }
    noncurrent_version_expiration {
      noncurrent_days = 1
    }
    expiration {
      expired_object_delete_marker = true
    }
  }

  dynamic "rule" {
    for_each = var.NoncurrentVersionDays > 0 ? [var.NoncurrentVersionDays] : []

    content {
      id     = "ExpireOldVersions"
      status = "Enabled"
      filter {
        prefix = ""
      }
      noncurrent_version_expiration {
        noncurrent_days = rule.value
      }
    }
  }
}

resource "aws_s3_bucket_policy" "copy" {
  count = local.makes_bucket ? 1 : 0

  bucket = aws_s3_bucket.copy[0].bucket

  policy = jsonencode({
    Version = "2012-10-17"
    Statement = [
      {
        Sid       = "TlsOnly"
        Effect    = "Deny"
        Principal = "*"
        Action    = "s3:*"
        Resource  = [local.bucket_arn, "${local.bucket_arn}/*"]
        Condition = { Bool = { "aws:SecureTransport" = "false" } }
      },
      {
        Sid       = "Tls12OrLater"
        Effect    = "Deny"
        Principal = "*"
        Action    = "s3:*"
        Resource  = [local.bucket_arn, "${local.bucket_arn}/*"]
        Condition = { NumericLessThan = { "s3:TlsVersion" = "1.2" } }
      },
    ]
  })

  # S3 refuses two changes of a bucket's access at once.
  depends_on = [aws_s3_bucket_public_access_block.copy]
}
