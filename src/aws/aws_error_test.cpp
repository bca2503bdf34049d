// aws_error_test.cpp: every row of the table, and what is read from a reply besides.
#include "aws/aws_error.hpp"

#include <fmt/format.h>
#include <gtest/gtest.h>

namespace azs3copy {
namespace {

using enum ErrorKind;
using enum RetryVerdict;

constexpr UtcTime now{seconds{1'795'419'730}};  // 2026-11-23T07:42:10Z
const AwsReplyContext context{.bucket = "photos", .region = "us-east-1", .now = now};

AwsFailure judge(int status, std::string_view code, std::string_view message = "text",
                 std::vector<Headers::Field> fields = {}) {
  ResponseHead head{.status = status};
  for (const auto& [name, value] : fields) head.headers.add(name, value);
  const std::string body =
      code.empty() ? "" : fmt::format("<Error><Code>{}</Code><Message>{}</Message></Error>", code, message);
  return aws_failure(head, body, context);
}

struct Row {
  int status;
  std::string_view code;
  ErrorKind kind;
  RetryVerdict retry;
};
const std::vector<Row> table = {
    {503, "SlowDown", throttled, later},
    {503, "SlowDownRead", throttled, later},
    {503, "SlowDownWrite", throttled, later},
    {503, "ServiceUnavailable", throttled, later},
    {400, "Throttling", throttled, later},
    {400, "ThrottlingException", throttled, later},
    {400, "ThrottledException", throttled, later},
    {400, "RequestThrottled", throttled, later},
    {400, "RequestThrottledException", throttled, later},
    {503, "RequestLimitExceeded", throttled, later},
    {429, "TooManyRequests", throttled, later},
    {429, "TooManyRequestsException", throttled, later},
    {509, "BandwidthLimitExceeded", throttled, later},
    {400, "Throttled", throttled, later},
    {400, "PriorRequestNotComplete", throttled, later},
    {400, "KMSThrottling", throttled, later},
    {400, "KmsThrottled", throttled, later},
    {403, "OverLimit", throttled, later},
    {503, "KMS.ThrottlingException", throttled, later},
    {500, "InternalError", unavailable, later},
    {500, "InternalFailure", unavailable, later},
    {500, "InternalServerError", unavailable, later},
    {500, "InternalServiceError", unavailable, later},
    {503, "ServiceUnavailableException", unavailable, later},
    {400, "RequestTimeout", unavailable, later},
    {408, "RequestTimeoutException", unavailable, later},
    {400, "IncompleteBody", unavailable, later},
    {400, "IDPCommunicationError", unavailable, later},
    {503, "Busy", unavailable, later},
    {409, "OperationAborted", conflict, later},
    {409, "ConditionalRequestConflict", conflict, later},
    {400, "ExpiredToken", credentials, fresh_login},
    {403, "ExpiredTokenException", credentials, fresh_login},
    {400, "TokenRefreshRequired", credentials, fresh_login},
    {400, "InvalidToken", credentials, fresh_login},
    {403, "InvalidAccessKeyId", credentials, fresh_login},
    {404, "XAdminUserNotFound", credentials, never},
    {403, "InvalidClientTokenId", credentials, fresh_login},
    {403, "UnrecognizedClientException", credentials, fresh_login},
    {400, "InvalidIdentityToken", credentials, fresh_login},
    {403, "IDPRejectedClaim", credentials, fresh_login},
    {403, "SignatureDoesNotMatch", credentials, fresh_login},
    {403, "SessionDurationEscalationException", credentials, fresh_login},
    {403, "InvalidSignatureException", credentials, fresh_login},
    {403, "IncompleteSignatureException", credentials, fresh_login},
    {403, "MissingAuthenticationTokenException", credentials, never},
    {403, "InvalidSignature", credentials, fresh_login},
    {400, "IncompleteSignature", credentials, fresh_login},
    {403, "AuthFailure", credentials, fresh_login},
    {403, "MissingAuthenticationToken", credentials, never},
    {400, "MissingSecurityHeader", credentials, never},
    {400, "CredentialsNotSupported", credentials, never},
    {403, "NotSignedUp", credentials, never},
    {403, "OptInRequired", credentials, never},
    {403, "RequestTimeTooSkewed", credentials, fresh_login},
    {403, "RequestExpired", credentials, fresh_login},
    {403, "AccessDenied", permission, never},
    {400, "AccessDeniedException", permission, never},
    {403, "AuthorizationError", permission, never},
    {403, "NotAuthorized", permission, never},
    {403, "OutboundWebIdentityFederationDisabledException", permission, never},
    {400, "KMSAccessDenied", permission, never},
    {400, "KMSDisabled", permission, never},
    {400, "KMSInvalidState", permission, never},
    {403, "KMSOptInRequired", permission, never},
    {400, "KmsAccessDenied", permission, never},
    {400, "KmsDisabled", permission, never},
    {400, "KmsInvalidState", permission, never},
    {400, "KmsInvalidKeyUsage", permission, never},
    {403, "KmsOptInRequired", permission, never},
    {400, "DecryptionFailure", permission, never},
    {403, "AllAccessDisabled", permission, never},
    {403, "AccountProblem", permission, never},
    {401, "UnauthorizedAccess", permission, never},
    {401, "UnauthorizedAccessError", permission, never},
    {403, "InvalidPayer", permission, never},
    {405, "MethodNotAllowed", permission, never},
    {403, "UserSuspended", permission, never},
    {400, "KMS.AccessDeniedException", permission, never},
    {400, "KMS.DisabledException", permission, never},
    {400, "KMS.KMSInvalidStateException", permission, never},
    {400, "KMS.InvalidStateException", permission, never},
    {400, "KMS.SomethingNew", permission, never},
    {404, "NoSuchBucket", not_found, never},
    {404, "NoSuchKey", not_found, never},
    {404, "NoSuchVersion", not_found, never},
    {404, "NoSuchUpload", not_found, never},
    {404, "NotFound", not_found, never},
    {404, "NotFoundException", not_found, never},
    {404, "ResourceNotFound", not_found, never},
    {400, "ResourceNotFoundException", not_found, never},
    {400, "QueueDoesNotExist", not_found, never},
    {400, "AWS.SimpleQueueService.NonExistentQueue", not_found, never},
    {400, "KMSNotFound", not_found, never},
    {400, "KmsNotFound", not_found, never},
    {400, "KMS.NotFoundException", not_found, never},
    {412, "PreconditionFailed", changed, never},
    {400, "MessageNotInflight", changed, never},
    {400, "ReceiptHandleIsInvalid", changed, never},
    {403, "InvalidObjectState", archived, never},
    {409, "RestoreAlreadyInProgress", archived, never},
    {400, "BadDigest", corrupt, later},
    {400, "XAmzContentSHA256Mismatch", corrupt, later},
    {400, "XAmzContentChecksumMismatch", corrupt, later},
    {400, "InvalidPart", conflict, never},
    {301, "PermanentRedirect", invalid, never},
    {307, "TemporaryRedirect", unavailable, later},
    {307, "Redirect", unavailable, later},
    {400, "AuthorizationHeaderMalformed", invalid, never},
    {400, "IllegalLocationConstraintException", invalid, never},
    {400, "IncorrectEndpoint", invalid, never},
    {400, "EntityTooLarge", invalid, never},
    {400, "EntityTooSmall", invalid, never},
    {400, "KeyTooLongError", invalid, never},
    {400, "KeyTooLong", invalid, never},
    {400, "MetadataTooLarge", invalid, never},
    {400, "RequestHeaderSectionTooLarge", invalid, never},
    {400, "InvalidStorageClass", invalid, never},
    {400, "InvalidTag", invalid, never},
    {400, "AccessControlListNotSupported", invalid, never},
    {400, "InvalidBucketAclWithObjectOwnership", invalid, never},
    {400, "InvalidBucketName", not_found, never},
    {400, "InvalidURI", invalid, never},
    {400, "InvalidArgument", invalid, never},
    {400, "InvalidRequest", invalid, never},
    {400, "InvalidDigest", corrupt, later},
    {400, "InvalidEncryptionAlgorithmError", invalid, never},
    {409, "InvalidBucketState", invalid, never},
    {400, "MalformedPolicyDocument", invalid, never},
    {400, "PackedPolicyTooLarge", invalid, never},
    {400, "ValidationError", invalid, never},
    {400, "ValidationException", invalid, never},
    {400, "InvalidParameter", invalid, never},
    {400, "InvalidParameterException", invalid, never},
    {400, "InvalidParameterValue", invalid, never},
    {400, "InvalidParameterValueException", invalid, never},
    {400, "ParameterValueInvalid", invalid, never},
    {400, "InvalidRequestException", invalid, never},
    {400, "InvalidAddress", invalid, never},
    {400, "InvalidAttributeName", invalid, never},
    {400, "InvalidMessageContents", invalid, never},
    {400, "InvalidSecurity", invalid, never},
    {400, "BatchRequestTooLong", invalid, never},
    {400, "JWTPayloadSizeExceededException", invalid, never},
    {403, "RegionDisabledException", invalid, never},
    {400, "InvalidPartNumber", invalid, never},
    {501, "NotImplemented", unsupported, never},
    {400, "UnsupportedOperation", unsupported, never},
    {404, "UnknownOperationException", unsupported, never},
    {507, "XMinioStorageFull", unavailable, never},
    {400, "XMinioAdminBucketQuotaExceeded", unavailable, never},
    {403, "QuotaExceeded", unavailable, never},
    {400, "InvalidPartOrder", internal, never},
    {400, "MalformedXML", internal, never},
    {411, "MissingContentLength", internal, never},
    {400, "MissingRequestBodyError", internal, never},
    {400, "SerializationException", internal, never},
    {400, "MissingParameter", internal, never},
    {400, "TooManyEntriesInBatchRequest", internal, never},
    {400, "EmptyBatchRequest", internal, never},
    {400, "BatchEntryIdsNotDistinct", internal, never},
    {400, "InvalidBatchEntryId", internal, never},
    // Codes of which we never heard: the status decides.
    {500, "Surprise", unavailable, later},
    {599, "Surprise", unavailable, later},
    {503, "Surprise", throttled, later},
    {400, "Surprise", invalid, never},
    {409, "Surprise", conflict, never},
    {409, "ExistingObjectIsDirectory", conflict, never},
    {418, "Surprise", invalid, never},
    {200, "Surprise", unavailable, later},
    // No body: HEAD, or a proxy.
    {301, "", invalid, never},
    {307, "", unavailable, later},
    {400, "", invalid, fresh_login},
    {401, "", credentials, fresh_login},
    {403, "", permission, never},
    {404, "", not_found, never},
    {405, "", permission, never},
    {407, "", connection, never},
    {408, "", unavailable, later},
    {409, "", conflict, later},
    {411, "", internal, never},
    {412, "", changed, never},
    {413, "", invalid, never},
    {416, "", changed, never},
    {429, "", throttled, later},
    {500, "", unavailable, later},
    {501, "", unsupported, never},
    {502, "", unavailable, later},
    {503, "", throttled, later},
    {504, "", unavailable, later},
    {507, "", unavailable, never},
    {302, "", protocol, never},
};

TEST(AwsError, EveryRowOfTheTable) {
  for (const Row& row : table) {
    const Error error = judge(row.status, row.code).error;
    EXPECT_EQ(to_string(error.kind), to_string(row.kind)) << row.status << ' ' << row.code;
    EXPECT_EQ(static_cast<int>(error.retry), static_cast<int>(row.retry)) << row.status << ' ' << row.code;
    EXPECT_EQ(error.http_status, row.status);
    EXPECT_EQ(error.advice.find('{'), std::string::npos) << error.advice;
    if (!row.code.empty()) {
      EXPECT_EQ(error.service_code, row.code);
      EXPECT_EQ(error.message.substr(0, 4), "text");
    }
    EXPECT_FALSE(error.message.empty());
  }
}

TEST(AwsError, ShortPlainRefusalsAreShown) {
  const auto message = [](std::string_view body) {
    return aws_failure({.status = 418}, body, context).error.message;
  };
  EXPECT_EQ(message(" aws-chunked is not supported\nat line 3\n"),
            "the service answered with status 418: aws-chunked is not supported");
  EXPECT_EQ(message("<html>no</html>"), "the service answered with status 418");
  EXPECT_EQ(message(""), "the service answered with status 418");
  EXPECT_LT(message(std::string(100'000, 'x')).size(), 300U);
  EXPECT_EQ(message("no access for ?sig=s3cret"),
            "the service answered with status 418: no access for ?sig=***");
}

// Support desks ask for both ids; a HEAD has them in headers only, a proxy may cut the headers.
TEST(AwsError, KeepsBothRequestIds) {
  ResponseHead head{.status = 403};
  head.headers.add("x-amz-request-id", "REQ1");
  head.headers.add("x-amz-id-2", "HOST2");
  EXPECT_EQ(aws_failure(head, {}, context).error.request_id, "REQ1, x-amz-id-2 HOST2");
  const Error from_body =
      aws_failure({.status = 404},
                  "<Error><Code>NoSuchKey</Code><RequestId>R</RequestId><HostId>H</HostId></Error>", context)
          .error;
  EXPECT_EQ(from_body.request_id, "R, x-amz-id-2 H");
}

TEST(AwsError, ReadsQueryServicesErrors) {
  const Error error =
      aws_failure({.status = 403},
                  "<ErrorResponse xmlns=\"https://sts.amazonaws.com/doc/2011-06-15/\"><Error><Type>Sender"
                  "</Type><Code>AccessDenied</Code><Message>not authorized</Message></Error>"
                  "<RequestId>abc</RequestId></ErrorResponse>",
                  {.region = "us-east-1", .now = now})
          .error;
  EXPECT_EQ(error.service_code, "AccessDenied");
  EXPECT_EQ(error.message, "not authorized");
  EXPECT_EQ(error.request_id, "abc");
}

Error judge_json(int status, std::string_view body, std::vector<Headers::Field> fields = {}) {
  ResponseHead head{.status = status};
  for (const auto& [name, value] : fields) head.headers.add(name, value);
  return aws_failure(head, body, {.region = "us-east-1", .now = now}).error;
}

TEST(AwsError, ReadsTheErrorsOfJsonServices) {
  const Error queue = judge_json(
      400, R"({"__type":"com.amazonaws.sqs#QueueDoesNotExist","message":"The queue does not exist."})",
      {{"x-amzn-RequestId", "R1"}, {"x-amzn-query-error", "AWS.SimpleQueueService.NonExistentQueue;Sender"}});
  EXPECT_EQ(queue.kind, not_found);
  EXPECT_EQ(queue.service_code, "QueueDoesNotExist");
  EXPECT_EQ(queue.message, "The queue does not exist.");
  EXPECT_EQ(queue.request_id, "R1");
  EXPECT_NE(queue.advice.find("us-east-1"), std::string::npos);
  const Error secret = judge_json(400, R"({"__type":"AccessDeniedException","Message":"no"})");
  EXPECT_EQ(secret.kind, permission);
  EXPECT_EQ(secret.message, "no");
  EXPECT_EQ(judge_json(400, "", {{"x-amzn-errortype", "ThrottlingException:http://x/"}}).kind, throttled);
  EXPECT_EQ(judge_json(400, R"({"code":"a.b#ExpiredTokenException"})").retry, fresh_login);
}

// A name of the new protocol that we never met, but whose old one we know.
TEST(AwsError, FallsBackToTheCodeOfTheQueryProtocol) {
  const Error error = judge_json(400, R"({"__type":"com.amazonaws.sqs#Unheard"})",
                                 {{"x-amzn-query-error", "KMS.ThrottlingException;Sender"}});
  EXPECT_EQ(error.kind, throttled);
  EXPECT_EQ(judge_json(400, R"({"__type":"x#Unheard"})").service_code, "Unheard");
}

TEST(AwsError, JudgesBrokenJsonByItsStatus) {
  for (const char* body : {"{\"__type\":\"Thr", "[]", "{}", "7", R"({"__type":7,"message":[]})"}) {
    EXPECT_EQ(judge_json(500, body).kind, unavailable) << body;
  }
}

// What other services refuse is not mended by rights on a bucket.
TEST(AwsError, GivesAdviceOnS3OnlyWhereABucketIsMeant) {
  EXPECT_EQ(judge_json(403, "<ErrorResponse><Error><Code>AccessDenied</Code></Error></ErrorResponse>").advice,
            "");
  EXPECT_EQ(judge_json(403, "").advice, "");
  EXPECT_EQ(aws_entry_error({.code = "AccessDenied"}, {}).advice, "");
}

TEST(AwsError, SaysHowWrongTheClockIsToOtherServicesToo) {
  const Error error =
      judge_json(403,
                 R"({"__type":"InvalidSignatureException","message":"Signature expired: a is )"
                 R"(now earlier than b"})",
                 {{"Date", "Mon, 23 Nov 2026 07:59:10 GMT"}});
  EXPECT_NE(error.message.find("17 minutes behind"), std::string::npos) << error.message;
  EXPECT_NE(error.advice.find("clock"), std::string::npos);
}

struct EntryRow {
  std::string_view code;
  bool sender_fault;
  ErrorKind kind;
  RetryVerdict retry;
};
TEST(AwsError, JudgesTheEntriesOfABatch) {
  const std::vector<EntryRow> entries = {
      {"InternalError", false, unavailable, later},
      {"Surprise", false, unavailable, later},
      {"Surprise", true, invalid, never},
      {"KMSThrottling", true, throttled, later},
      {"KMSAccessDenied", true, permission, never},
      {"InvalidParameter", true, invalid, never},
      {"KmsAccessDenied", false, permission, later},
      {"ExpiredToken", true, credentials, never},
  };
  for (const EntryRow& row : entries) {
    const Error error =
        aws_entry_error({.code = row.code, .message = "text", .sender_fault = row.sender_fault}, {});
    EXPECT_EQ(to_string(error.kind), to_string(row.kind)) << row.code;
    EXPECT_EQ(static_cast<int>(error.retry), static_cast<int>(row.retry)) << row.code;
    EXPECT_EQ(error.service_code, row.code);
    EXPECT_EQ(error.message, "text");
  }
}

// White space and a declaration in front, a proxy's page, a cut-off body: the status still decides.
TEST(AwsError, JudgesBodiesThatAreNotS3sByTheirStatus) {
  for (const char* body :
       {"<html><body>Bad Gateway</body></html>", "<Error><Code>Slow", "no XML", "", "<", "\0"}) {
    EXPECT_EQ(aws_failure({.status = 502}, body, context).error.kind, unavailable) << body;
  }
  const char* spaced = " \r\n<?xml version=\"1.0\"?>\n<Error><Code>SlowDown</Code></Error>";
  EXPECT_EQ(aws_failure({.status = 200}, spaced, context).error.kind, throttled);
}

TEST(AwsError, SaysHowWrongTheClockIs) {
  const AwsFailure behind = judge(403, "RequestTimeTooSkewed", "The difference is too large.",
                                  {{"Date", "Mon, 23 Nov 2026 07:59:10 GMT"}});
  EXPECT_NE(behind.error.message.find(
                "this machine's clock is 17 minutes behind (the service says 2026-11-23T07:59:10Z)"),
            std::string::npos)
      << behind.error.message;
  const AwsFailure ahead =
      judge(403, "RequestTimeTooSkewed", "x", {{"Date", "Mon, 23 Nov 2026 03:42:10 GMT"}});
  EXPECT_NE(ahead.error.message.find("4 hours ahead"), std::string::npos) << ahead.error.message;
  EXPECT_NE(ahead.error.advice.find("clock"), std::string::npos);
}

TEST(AwsError, NamesTheBucketsRegion) {
  const AwsFailure redirect =
      judge(301, "PermanentRedirect", "use the endpoint", {{"x-amz-bucket-region", "eu-west-1"}});
  EXPECT_TRUE(redirect.wrong_region);
  EXPECT_EQ(redirect.bucket_region, "eu-west-1");
  EXPECT_EQ(redirect.error.advice, "use --region eu-west-1");
  const AwsFailure malformed = aws_failure(
      {.status = 400}, "<Error><Code>AuthorizationHeaderMalformed</Code><Region>eu-west-3</Region></Error>",
      context);
  EXPECT_TRUE(malformed.wrong_region);
  EXPECT_EQ(malformed.bucket_region, "eu-west-3");
  const AwsFailure head = judge(400, "", "", {{"x-amz-bucket-region", "eu-west-1"}});  // HEAD has no code
  EXPECT_TRUE(head.wrong_region);
}

// The region stands on refusals of the right region too: moving there again would loop.
TEST(AwsError, ARefusalInTheRightRegionIsNoRedirect) {
  EXPECT_FALSE(judge(403, "AccessDenied", "x", {{"x-amz-bucket-region", "us-east-1"}}).wrong_region);
  EXPECT_FALSE(judge(403, "AccessDenied", "x", {{"x-amz-bucket-region", "eu-west-1"}}).wrong_region);
  EXPECT_FALSE(judge(301, "PermanentRedirect", "x", {{"x-amz-bucket-region", "us-east-1"}}).wrong_region);
  EXPECT_FALSE(judge(400, "ExpiredToken", "x", {{"x-amz-bucket-region", "eu-west-1"}}).wrong_region);
}

TEST(AwsError, AdviceNamesWhatIsMissing) {
  EXPECT_NE(judge(403, "AccessDenied").error.advice.find("s3:PutObject"), std::string::npos);
  EXPECT_NE(judge(403, "AccessDenied").error.advice.find("photos/*"), std::string::npos);
  EXPECT_NE(judge(403, "AccessDenied", "User is not authorized to perform: kms:GenerateDataKey")
                .error.advice.find("kms:Decrypt"),
            std::string::npos);
  EXPECT_NE(judge(404, "NoSuchBucket").error.advice.find("photos"), std::string::npos);
}

TEST(AwsError, HonoursRetryAfter) {
  EXPECT_EQ(judge(503, "SlowDown", "x", {{"Retry-After", "7"}}).error.retry_after, seconds(7));
  EXPECT_EQ(judge(503, "SlowDown", "x", {{"Retry-After", "Mon, 23 Nov 2026 07:42:40 GMT"}}).error.retry_after,
            seconds(30));
}

}  // namespace
}  // namespace azs3copy
