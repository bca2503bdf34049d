# The names and defaults that users of the article's template know; below the line, ours.

variable "Region" {
  description = "AWS region to deploy to: the bucket's own, when ExistingBucketName is given."
  type        = string
}

variable "SourceBucket" {
  description = "S3 bucket that holds azs3copy-lambda01.zip to 06.zip."
  type        = string
}

variable "PrefixCode" {
  description = "First part of every resource's name: a department, business unit or project. Not 'aws'."
  type        = string
  default     = "etl"

  validation {
    condition     = can(regex("^[a-z][a-z0-9]{0,11}$", var.PrefixCode)) && !startswith(var.PrefixCode, "aws")
    error_message = "PrefixCode takes 1 to 12 lower-case letters and digits, begins with a letter and not with 'aws'."
  }
}

variable "EnvironmentCode" {
  description = "Code of the environment in every resource's name, such as 'pd' for production."
  type        = string
  default     = "dv"

  validation {
    condition     = can(regex("^[a-z0-9]{1,8}$", var.EnvironmentCode))
    error_message = "EnvironmentCode takes 1 to 8 lower-case letters and digits."
  }
}

variable "OwnerTag" {
  description = "Value of the tag Owner on every resource."
  type        = string
  default     = "Amazon Web Services"
}

variable "EnvironmentTag" {
  description = "Value of the tag Environment on every resource."
  type        = string
  default     = "Development"
}

variable "AzureBlobURL" {
  description = "Primary blob endpoint of the storage account, such as https://acme.blob.core.windows.net/ (a container and a prefix may follow)."
  type        = string

  validation {
    condition     = can(regex("^https://[^\"\\\\<> ?]+$", var.AzureBlobURL))
    error_message = "AzureBlobURL begins with https:// and has no quotes, blanks, <placeholders> or SAS. A SAS belongs into the secret, as bloburl."
  }
}

variable "AzureApplicationID" {
  description = "Application (client) ID of the app registration."
  type        = string

  validation {
    condition     = can(regex("^[0-9A-Fa-f-]{36}$", var.AzureApplicationID))
    error_message = "AzureApplicationID is a GUID."
  }
}

variable "AzureTenantID" {
  description = "Directory (tenant) ID."
  type        = string

  validation {
    condition     = can(regex("^[0-9A-Fa-f-]{36}$", var.AzureTenantID))
    error_message = "AzureTenantID is a GUID."
  }
}

variable "AzureSecretKey" {
  description = "Client secret of the app registration. Empty with AzureSecretless. appsecret in the secret, unless empty, is used instead."
  type        = string
  default     = ""
  sensitive   = true
}

variable "AzureCopySchedule" {
  description = "When a copy starts, in UTC: an EventBridge cron(...) or rate(...) expression. The default is 3 a.m. every day."
  type        = string
  default     = "cron(0 3 * * ? *)"

  validation {
    condition     = can(regex("^(cron|rate)\\(.+\\)$", var.AzureCopySchedule))
    error_message = "AzureCopySchedule is cron(minutes hours day-of-month month day-of-week year) or rate(value unit)."
  }
}

variable "BlobToS3SyncStartDate" {
  description = "Only blobs modified after this date are copied: 20220820, 2022-08-20 00:00:00, 08/20/2022, 20-Aug-22 or ISO 8601. begindate in the secret, unless empty, is used instead."
  type        = string
  default     = "20220820"

  validation {
    condition     = can(regex("^[0-9A-Za-z/:+. -]+$", var.BlobToS3SyncStartDate))
    error_message = "BlobToS3SyncStartDate is a date, such as 20220820."
  }
}

variable "PartitionSize" {
  description = "Bytes of a part of a multipart upload, 5 MiB to 5 GiB. Blobs above this size are copied in parts. Raised by itself where a blob would need more than 10,000 parts."
  type        = number
  default     = 104857600

  validation {
    condition     = var.PartitionSize >= 5242880 && var.PartitionSize <= 5368709120 && floor(var.PartitionSize) == var.PartitionSize
    error_message = "PartitionSize takes 5242880 (5 MiB) to 5368709120 (5 GiB)."
  }
}

variable "MaxPartitionsPerFile" {
  description = "Without effect, so that parameter files of the article's template stay valid: the number of parts follows from the size of the blob."
  type        = number
  default     = 100
}

variable "UseFullFilePath" {
  description = "Keep the whole name of a blob in its key; false: what follows the last slash."
  type        = bool
  default     = true
}

# ---------------------------------------------------------------------------------------- ours, beyond the article's

variable "SourcePrefix" {
  description = "Folder of the zips in SourceBucket, such as 0.2.0/. A new folder is what makes an update take new zips."
  type        = string
  default     = ""

  validation {
    condition     = can(regex("^([A-Za-z0-9!_.*'()=+@,:-]+/)*$", var.SourcePrefix))
    error_message = "SourcePrefix ends with '/' and does not begin with it, such as 0.2.0/."
  }
}

variable "Containers" {
  description = "Containers to copy, with commas. Empty: all of the account. A longer list belongs into the secret, as containers."
  type        = string
  default     = ""

  validation {
    condition     = can(regex("^[a-z0-9$, -]*$", var.Containers)) && length(var.Containers) <= 1000
    error_message = "Containers takes names of containers, with commas between them, up to 1,000 characters."
  }
}

variable "KeyPrefix" {
  description = "What every S3 key begins with."
  type        = string
  default     = ""

  validation {
    condition     = can(regex("^[^\"\\\\]*$", var.KeyPrefix))
    error_message = "KeyPrefix holds no quotes and no backslash."
  }
}

variable "StorageClass" {
  description = "Storage class of the objects."
  type        = string
  default     = "STANDARD"

  validation {
    condition = contains(["STANDARD", "INTELLIGENT_TIERING", "STANDARD_IA", "ONEZONE_IA", "GLACIER_IR", "GLACIER",
    "DEEP_ARCHIVE"], var.StorageClass)
    error_message = "StorageClass is one of STANDARD, INTELLIGENT_TIERING, STANDARD_IA, ONEZONE_IA, GLACIER_IR, GLACIER, DEEP_ARCHIVE."
  }
}

variable "StatePrefix" {
  description = "What the keys of the runs' state begin with: another for each deployment into one bucket. Ends with a slash; nothing that is copied may lie below it."
  type        = string
  default     = ".azs3copy/"

  validation {
    condition     = can(regex("^([._-]*[A-Za-z0-9][A-Za-z0-9._-]*/)+$", var.StatePrefix)) && length(var.StatePrefix) <= 100
    error_message = "StatePrefix ends with '/' and does not begin with it; in between, up to 100 letters, digits, '.', '_', '-' and single '/'."
  }
}

variable "IsActive" {
  description = "Whether the schedule copies. isactive in the secret, which pauses without a deployment, must be true as well."
  type        = bool
  default     = true
}

variable "ExistingBucketName" {
  description = "Bucket to copy into, as it is. Empty: one is made."
  type        = string
  default     = ""

  validation {
    condition     = can(regex("^([a-z0-9][a-z0-9.-]{1,61}[a-z0-9])?$", var.ExistingBucketName))
    error_message = "ExistingBucketName is the name of a bucket alone: 3 to 63 lower-case letters, digits, '.' and '-'; no s3:// and no ARN."
  }
}

variable "ExistingBucketOwner" {
  description = "Account that owns the existing bucket: requests to a bucket of any other account fail. Empty: the account of the deployment."
  type        = string
  default     = ""

  validation {
    condition     = can(regex("^([0-9]{12})?$", var.ExistingBucketOwner))
    error_message = "ExistingBucketOwner is an account ID of 12 digits."
  }
}

variable "ExistingBucketKmsKeyArn" {
  description = "ARN of the KMS key (not of an alias) with which the existing bucket encrypts, if it does."
  type        = string
  default     = ""

  validation {
    condition     = can(regex("^(arn:aws[a-z-]*:kms:[a-z0-9-]+:[0-9]{12}:key/(mrk-[0-9a-f]{32}|[0-9a-f]{8}(-[0-9a-f]{4}){3}-[0-9a-f]{12}))?$", var.ExistingBucketKmsKeyArn))
    error_message = "ExistingBucketKmsKeyArn is the ARN of a key, such as arn:aws:kms:eu-west-1:123456789012:key/11111111-2222-3333-4444-555555555555; not of an alias, with which the roles' policies would allow nothing."
  }

  validation {
    condition     = var.ExistingBucketKmsKeyArn == "" || var.ExistingBucketName != ""
    error_message = "ExistingBucketKmsKeyArn is the key of an existing bucket: give ExistingBucketName, too."
  }
}

variable "DeleteBucketWithObjects" {
  description = "Whether destroying may delete the made bucket with all that was copied. False: a bucket with objects stays and destroy stops there."
  type        = bool
  default     = false
}

variable "NoncurrentVersionDays" {
  description = "Days that the made bucket keeps versions of objects that were overwritten or deleted. 0: for ever."
  type        = number
  default     = 0

  validation {
    condition     = var.NoncurrentVersionDays >= 0 && var.NoncurrentVersionDays <= 36500 && floor(var.NoncurrentVersionDays) == var.NoncurrentVersionDays
    error_message = "NoncurrentVersionDays takes 0 to 36500 days."
  }
}

variable "AzureSecretless" {
  description = "Log in to Azure with a federated credential in place of AzureSecretKey. The account needs outbound web identity federation enabled."
  type        = bool
  default     = false
}

variable "Architecture" {
  description = "Processor of the functions, for which the zips were built: tools/package.sh ARCHITECTURE."
  type        = string
  default     = "arm64"

  validation {
    condition     = contains(["arm64", "x86_64"], var.Architecture)
    error_message = "Architecture is arm64 or x86_64."
  }
}

variable "VpcSubnetIds" {
  description = "Subnets of the functions, which need a way to Azure. Empty: no VPC."
  type        = list(string)
  default     = []
}

variable "VpcSecurityGroupIds" {
  description = "Security groups of the functions in the VPC."
  type        = list(string)
  default     = []

  validation {
    condition     = (length(var.VpcSubnetIds) == 0) == (length(var.VpcSecurityGroupIds) == 0)
    error_message = "VpcSubnetIds and VpcSecurityGroupIds go together: give both or none."
  }
}

variable "AlarmEmail" {
  description = "Address that alarms are sent to. Empty: none."
  type        = string
  default     = ""
}

variable "RunHoursMax" {
  description = "Whole hours of uninterrupted work after which the alarm about a run that does not end goes off."
  type        = number
  default     = 24

  validation {
    condition     = var.RunHoursMax >= 1 && var.RunHoursMax <= 168 && floor(var.RunHoursMax) == var.RunHoursMax
    error_message = "RunHoursMax takes 1 to 168 whole hours."
  }
}

variable "LaunchHoursMax" {
  description = "Hours without a launch after which an alarm goes off: longer than the schedule's interval. 0: no such alarm."
  type        = number
  default     = 26

  validation {
    condition     = var.LaunchHoursMax >= 0 && var.LaunchHoursMax <= 168 && floor(var.LaunchHoursMax) == var.LaunchHoursMax
    error_message = "LaunchHoursMax takes 0 to 168 whole hours."
  }
}

variable "MessageAgeMaxSeconds" {
  description = "Age of the oldest message in a queue at which an alarm goes off."
  type        = number
  default     = 43200

  validation {
    condition     = var.MessageAgeMaxSeconds >= 60 && var.MessageAgeMaxSeconds <= 1209600 && floor(var.MessageAgeMaxSeconds) == var.MessageAgeMaxSeconds
    error_message = "MessageAgeMaxSeconds takes 60 to 1209600 (14 days)."
  }
}

variable "LogRetentionDays" {
  description = "Days that log lines are kept."
  type        = number
  default     = 30

  validation {
    condition = contains([1, 3, 5, 7, 14, 30, 60, 90, 120, 150, 180, 365, 400, 545, 731, 1096, 1827, 2192, 2557, 2922, 3288, 3653],
    var.LogRetentionDays)
    error_message = "LogRetentionDays is one of CloudWatch's: 1, 3, 5, 7, 14, 30, 60, 90, 120, 150, 180, 365, 400, 545, 731, 1096, 1827, 2192, 2557, 2922, 3288, 3653."
  }
}

variable "LogLevel" {
  description = "The least level that is logged."
  type        = string
  default     = "info"

  validation {
    condition     = contains(["debug", "info", "error"], var.LogLevel)
    error_message = "LogLevel is debug, info or error."
  }
}

variable "RunRetentionDays" {
  description = "Days that the records of runs are kept, below StatePrefix in the bucket."
  type        = number
  default     = 90

  validation {
    condition     = var.RunRetentionDays >= 1 && var.RunRetentionDays <= 36500 && floor(var.RunRetentionDays) == var.RunRetentionDays
    error_message = "RunRetentionDays takes 1 to 36500 days."
  }
}

variable "ReserveLaunchConcurrency" {
  description = "Reserve a concurrency of 1 for launch-qualification, so that it never runs twice at once. Needs a concurrency limit of the account of at least 101."
  type        = bool
  default     = false
}

# How many instances of each function the queues may drive at a time (2 to 1000).
variable "FindBlobsConcurrency" {
  type    = number
  default = 5

  validation {
    condition     = var.FindBlobsConcurrency >= 2 && var.FindBlobsConcurrency <= 1000 && floor(var.FindBlobsConcurrency) == var.FindBlobsConcurrency
    error_message = "FindBlobsConcurrency takes 2 to 1000."
  }
}

variable "DownloadConcurrency" {
  type    = number
  default = 50

  validation {
    condition     = var.DownloadConcurrency >= 2 && var.DownloadConcurrency <= 1000 && floor(var.DownloadConcurrency) == var.DownloadConcurrency
    error_message = "DownloadConcurrency takes 2 to 1000."
  }
}

variable "LargeFileInitConcurrency" {
  type    = number
  default = 10

  validation {
    condition     = var.LargeFileInitConcurrency >= 2 && var.LargeFileInitConcurrency <= 1000 && floor(var.LargeFileInitConcurrency) == var.LargeFileInitConcurrency
    error_message = "LargeFileInitConcurrency takes 2 to 1000."
  }
}

variable "LargeFilePartConcurrency" {
  type    = number
  default = 50

  validation {
    condition     = var.LargeFilePartConcurrency >= 2 && var.LargeFilePartConcurrency <= 1000 && floor(var.LargeFilePartConcurrency) == var.LargeFilePartConcurrency
    error_message = "LargeFilePartConcurrency takes 2 to 1000."
  }
}

variable "LargeFileRecombConcurrency" {
  type    = number
  default = 10

  validation {
    condition     = var.LargeFileRecombConcurrency >= 2 && var.LargeFileRecombConcurrency <= 1000 && floor(var.LargeFileRecombConcurrency) == var.LargeFileRecombConcurrency
    error_message = "LargeFileRecombConcurrency takes 2 to 1000."
  }
}
