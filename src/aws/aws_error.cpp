// aws_error.cpp: the table of AWS's error codes, and how a reply is read.
//
// Sources: S3's list of error codes,
// https://docs.aws.amazon.com/AmazonS3/latest/API/ErrorResponses.html; STS's, SNS's, SQS's, Secrets
// Manager's and the common errors, as AWS's published service models have them; replies recorded from
// AWS (cloud-facts). Codes that only other servers use say so.
#include "aws/aws_error.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <iterator>

#include "aws/request_advice.hpp"
#include "codec/json.hpp"
#include "codec/time.hpp"
#include "codec/xml.hpp"
#include "core/secret.hpp"
#include "net/clock_offset.hpp"
#include "net/retry_after.hpp"

namespace azs3copy {
namespace {

using enum ErrorKind;
using enum RetryVerdict;

constexpr std::string_view no_advice;

struct Row {
  std::string_view code;
  ErrorKind kind;
  RetryVerdict retry;
  std::string_view advice = no_advice;  // {bucket} and {region} are filled in
};

constexpr std::string_view look_at_policies =
    "the login works, but its policy (or the bucket's, or an organisation's) does not allow this; a copy "
    "needs s3:PutObject, s3:GetObject, s3:DeleteObject, s3:AbortMultipartUpload, s3:ListMultipartUploadParts "
    "on "
    "{bucket}/* and s3:ListBucket on {bucket}";
constexpr std::string_view renew_login = "the login has ended: renew it, then run the same command again";
constexpr std::string_view wrong_key_pair =
    "the secret access key does not belong to this access key id, or a proxy changed the request; check both "
    "for "
    "copying mistakes";
constexpr std::string_view set_the_clock = "set this machine's clock (NTP); AWS allows 15 minutes";
constexpr std::string_view look_at_kms =
    "where a KMS key encrypts, the login needs kms:GenerateDataKey and kms:Decrypt on it, and the key must "
    "be "
    "enabled and in region {region}";
constexpr std::string_view slow_down =
    "the service wants fewer requests; the program slows down by itself, --transfers sets a lower limit";
constexpr std::string_view run_again = "run the same command again to go on";
constexpr std::string_view look_at_region =
    "check its name, and that it is in region {region} and in the login's account";
constexpr std::string_view below_the_limit =
    "a topic or queue may have a lower limit of its own: its attribute MaximumMessageSize";
constexpr std::string_view name_region = "name the bucket's region with --region";

constexpr Row rows[] = {
    // Fewer requests, please.
    {"SlowDown", throttled, later, slow_down},
    {"SlowDownRead", throttled, later, slow_down},   // MinIO
    {"SlowDownWrite", throttled, later, slow_down},  // MinIO
    {"Throttling", throttled, later},
    {"ThrottlingException", throttled, later},
    {"ThrottledException", throttled, later},
    {"RequestThrottled", throttled, later},
    {"RequestThrottledException", throttled, later},
    {"RequestLimitExceeded", throttled, later},
    {"TooManyRequests", throttled, later},
    {"TooManyRequestsException", throttled, later},
    {"BandwidthLimitExceeded", throttled, later},
    {"KMS.ThrottlingException", throttled, later,
     "KMS limits requests per account and region; a bucket key cuts them by up to 99 %"},
    {"Throttled", throttled, later},
    {"PriorRequestNotComplete", throttled, later},
    {"KMSThrottling", throttled, later},  // SNS
    {"KmsThrottled", throttled, later},   // SQS
    {"OverLimit", throttled, later, "120,000 messages of this queue are in flight: delete what is done"},
    {"ServiceUnavailable", throttled, later, slow_down},  // what S3 says at 503 when it does not say SlowDown

    // Not now.
    {"InternalError", unavailable, later, run_again},
    {"InternalFailure", unavailable, later, run_again},
    {"InternalServerError", unavailable, later, run_again},
    {"InternalServiceError", unavailable, later, run_again},
    {"ServiceUnavailableException", unavailable, later, run_again},
    {"RequestTimeout", unavailable, later,
     "the connection stood still for too long; fewer --transfers may help"},
    {"RequestTimeoutException", unavailable, later},
    {"IncompleteBody", unavailable, later},
    {"IDPCommunicationError", unavailable, later},
    {"Busy", unavailable, later},
    {"OperationAborted", conflict, later,
     "another operation on {bucket} is under way; run the command again"},
    {"ConditionalRequestConflict", conflict, later, "something else wrote the same key at the same time"},

    // Who asks.
    {"ExpiredToken", credentials, fresh_login, renew_login},
    {"ExpiredTokenException", credentials, fresh_login, renew_login},
    {"TokenRefreshRequired", credentials, fresh_login, renew_login},
    {"InvalidToken", credentials, fresh_login, "the session token is not valid here: renew the login"},
    {"InvalidAccessKeyId", credentials, fresh_login,
     "this access key id does not exist (deleted, mistyped, or of another partition or server)"},
    {"XAdminUserNotFound", credentials, never, "the server knows no such access key id"},  // versitygw
    {"InvalidClientTokenId", credentials, fresh_login,
     "this access key id does not exist (deleted, mistyped, or of another partition)"},
    {"UnrecognizedClientException", credentials, fresh_login,
     "this access key id or session token is not valid"},
    {"InvalidIdentityToken", credentials, fresh_login,
     "the web identity token is not one that the role trusts: check the OIDC provider and the token's "
     "audience"},
    {"IDPRejectedClaim", credentials, fresh_login, "the identity provider refused the web identity token"},
    {"SessionDurationEscalationException", credentials, fresh_login,
     "the login ends before the token would: renew it"},
    {"SignatureDoesNotMatch", credentials, fresh_login, wrong_key_pair},
    {"InvalidSignature", credentials, fresh_login, wrong_key_pair},
    {"InvalidSignatureException", credentials, fresh_login, wrong_key_pair},
    {"IncompleteSignature", credentials, fresh_login, wrong_key_pair},
    {"IncompleteSignatureException", credentials, fresh_login, wrong_key_pair},
    {"AuthFailure", credentials, fresh_login},
    {"MissingAuthenticationToken", credentials, never, "a proxy may have removed the Authorization header"},
    {"MissingAuthenticationTokenException", credentials, never,
     "a proxy may have removed the Authorization header"},
    {"MissingSecurityHeader", credentials, never, "a proxy may have removed the Authorization header"},
    {"CredentialsNotSupported", credentials, never},
    {"NotSignedUp", credentials, never, "the account is not signed up for S3"},
    {"OptInRequired", credentials, never, "enable region {region} for the account, or use another"},
    {"RequestTimeTooSkewed", credentials, fresh_login, set_the_clock},
    {"RequestExpired", credentials, fresh_login, set_the_clock},

    // May they?
    {"AccessDenied", permission, never, look_at_policies},
    {"AccessDeniedException", permission, never},
    {"AuthorizationError", permission, never},  // SNS
    {"NotAuthorized", permission, never},
    {"OutboundWebIdentityFederationDisabledException", permission, never,
     "turn on outbound web identity federation for the account (IAM, account settings)"},
    {"AllAccessDisabled", permission, never, "AWS has disabled access to {bucket}"},
    {"AccountProblem", permission, never, "the AWS account has a problem; ask AWS Support"},
    {"UnauthorizedAccess", permission, never, "the account has no access to this region's partition"},
    {"UnauthorizedAccessError", permission, never, "the account has no access to this region's partition"},
    {"InvalidPayer", permission, never},
    {"MethodNotAllowed", permission, never, "the bucket or a lock on the object forbids this"},
    {"UserSuspended", permission, never},  // Ceph
    {"KMS.AccessDeniedException", permission, never, look_at_kms},
    {"KMS.DisabledException", permission, never, look_at_kms},
    {"KMS.KMSInvalidStateException", permission, never, look_at_kms},
    {"KMS.InvalidStateException", permission, never, look_at_kms},
    {"KMSAccessDenied", permission, never, look_at_kms},  // SNS's names, then SQS's
    {"KMSDisabled", permission, never, look_at_kms},
    {"KMSInvalidState", permission, never, look_at_kms},
    {"KMSOptInRequired", permission, never, look_at_kms},
    {"KmsAccessDenied", permission, never, look_at_kms},
    {"KmsDisabled", permission, never, look_at_kms},
    {"KmsInvalidState", permission, never, look_at_kms},
    {"KmsInvalidKeyUsage", permission, never, look_at_kms},
    {"KmsOptInRequired", permission, never, look_at_kms},
    {"DecryptionFailure", permission, never, look_at_kms},  // Secrets Manager

    // Is it there?
    {"NoSuchBucket", not_found, never,
     "there is no bucket {bucket}: check its name, the login's partition and --endpoint-url"},
    {"InvalidBucketName", not_found, never, "this server has no buckets of such names"},
    {"NoSuchKey", not_found, never},
    {"NoSuchVersion", not_found, never},
    {"NoSuchUpload", not_found, never},
    {"NotFound", not_found, never, look_at_region},
    {"NotFoundException", not_found, never, look_at_region},
    {"ResourceNotFound", not_found, never, look_at_region},
    {"ResourceNotFoundException", not_found, never, look_at_region},
    {"QueueDoesNotExist", not_found, never, look_at_region},
    {"AWS.SimpleQueueService.NonExistentQueue", not_found, never, look_at_region},
    {"KMSNotFound", not_found, never, look_at_kms},
    {"KmsNotFound", not_found, never, look_at_kms},
    {"KMS.NotFoundException", not_found, never,
     "there is no such KMS key in region {region}; give --sse-kms-key-id the key's ARN or an id of that "
     "region"},

    // Is it still what it was?
    {"PreconditionFailed", changed, never, "something else wrote this key since it was listed"},
    {"MessageNotInflight", changed, never, "the message became visible again, or was deleted"},
    {"ReceiptHandleIsInvalid", changed, never, "the message was received again since, or was deleted"},
    {"InvalidObjectState", archived, never, "the object is in an archive class: restore it first"},
    {"RestoreAlreadyInProgress", archived, never},

    // Did it arrive whole?
    {"BadDigest", corrupt, later,
     "the bytes changed on the way; if it happens again, suspect a proxy or memory"},
    {"XAmzContentSHA256Mismatch", corrupt, later,
     "the bytes changed on the way; if it happens again, suspect a proxy or memory"},
    {"XAmzContentChecksumMismatch", corrupt, later,
     "the bytes changed on the way; if it happens again, suspect a proxy or memory"},
    // SeaweedFS: of a damaged checksum. Those that are sent are never malformed.
    {"InvalidDigest", corrupt, later,
     "the bytes changed on the way; if it happens again, suspect a proxy or memory"},
    // A part is not there, or not with this ETag.
    {"InvalidPart", conflict, never,
     "something else changed this upload; run the command again to start it anew"},

    // Where it lives.
    {"PermanentRedirect", invalid, never, name_region},
    {"TemporaryRedirect", unavailable, later,
     "the bucket is new and its name still spreads; wait some minutes"},
    {"Redirect", unavailable, later, "the bucket is new and its name still spreads; wait some minutes"},
    {"AuthorizationHeaderMalformed", invalid, never, name_region},
    {"IllegalLocationConstraintException", invalid, never, name_region},
    {"IncorrectEndpoint", invalid, never, name_region},

    // It breaks a rule.
    {"EntityTooLarge", invalid, never, "S3 takes 5 GiB in one request and 48.8 TiB in parts"},
    {"EntityTooSmall", invalid, never,
     "S3 wants 5 MiB at least in each part but the last: raise --part-size"},
    {"KeyTooLongError", invalid, never, "S3 keys have 1,024 bytes of UTF-8 at most"},
    {"KeyTooLong", invalid, never, "S3 keys have 1,024 bytes of UTF-8 at most"},
    {"MetadataTooLarge", invalid, never, "S3 takes 2 KB of user metadata, names and values together"},
    {"RequestHeaderSectionTooLarge", invalid, never, "S3 takes 8 KB of headers, metadata included"},
    {"InvalidStorageClass", invalid, never,
     "the server does not know this --storage-class: choose another, or leave it out"},
    {"InvalidTag", invalid, never, "S3 takes 10 tags of 128 characters each, with values of 256"},
    {"AccessControlListNotSupported", invalid, never, "the bucket has ACLs turned off: leave the ACL out"},
    {"InvalidBucketAclWithObjectOwnership", invalid, never,
     "the bucket has ACLs turned off: leave the ACL out"},
    {"InvalidURI", invalid, never},
    {"InvalidArgument", invalid, never},
    {"InvalidRequest", invalid, never},
    {"InvalidEncryptionAlgorithmError", invalid, never, "check --sse: AES256, aws:kms or aws:kms:dsse"},
    {"InvalidBucketState", invalid, never},
    {"MalformedPolicyDocument", invalid, never},
    {"PackedPolicyTooLarge", invalid, never},
    {"ValidationError", invalid, never},
    {"ValidationException", invalid, never},
    {"InvalidParameter", invalid, never},
    {"InvalidParameterException", invalid, never},
    {"InvalidParameterValue", invalid, never},
    {"InvalidParameterValueException", invalid, never},
    {"ParameterValueInvalid", invalid, never},
    {"InvalidRequestException", invalid, never},
    {"InvalidAddress", invalid, never, "this is no queue's URL or ARN"},
    {"InvalidAttributeName", invalid, never},
    {"InvalidMessageContents", invalid, never},
    {"InvalidSecurity", invalid, never, "the service wants https and Signature Version 4"},
    {"BatchRequestTooLong", invalid, never, below_the_limit},
    {"JWTPayloadSizeExceededException", invalid, never},
    {"RegionDisabledException", invalid, never, "STS is turned off in region {region} for this account"},
    {"InvalidPartNumber", invalid, never},
    {"NotImplemented", unsupported, never,
     "this server does not know it; --s3-checksum none may help with old ones"},
    {"UnsupportedOperation", unsupported, never},
    {"UnknownOperationException", unsupported, never},
    {"XMinioStorageFull", unavailable, never, "the server's storage is full"},  // MinIO
    {"XMinioAdminBucketQuotaExceeded", unavailable, never, "the bucket's quota is used up"},
    {"QuotaExceeded", unavailable, never, "the bucket's quota is used up"},  // Ceph and versitygw

    // Bugs of ours.
    {"InvalidPartOrder", internal, never},
    {"MalformedXML", internal, never},
    {"MissingContentLength", internal, never},
    {"MissingRequestBodyError", internal, never},
    {"SerializationException", internal, never},
    {"MissingParameter", internal, never},
    {"TooManyEntriesInBatchRequest", internal, never},
    {"EmptyBatchRequest", internal, never},
    {"BatchEntryIdsNotDistinct", internal, never},
    {"InvalidBatchEntryId", internal, never},
};

struct StatusRow {
  int status;
  ErrorKind kind;
  RetryVerdict retry;
  std::string_view name;  // for HEAD, whose refusals carry no code
  std::string_view advice = no_advice;
};

// For replies without a code that we know.
constexpr StatusRow status_rows[] = {
    {200, unavailable, later, "", run_again},  // an <Error> in a reply that began as a success
    {301, invalid, never, "PermanentRedirect", name_region},
    {307, unavailable, later, "TemporaryRedirect"},
    // To a HEAD: an ended session, or another region. A fresh login is worth one attempt.
    {400, invalid, fresh_login, "BadRequest",
     "the login may have ended, or the bucket may be in another region"},
    {401, credentials, fresh_login, "Unauthorized"},
    {403, permission, never, "Forbidden", look_at_policies},
    {404, not_found, never, "NotFound"},
    {405, permission, never, "MethodNotAllowed"},
    {407, connection, never, "", "the proxy wants a login"},
    {408, unavailable, later, "RequestTimeout"},
    {409, conflict, later, "Conflict"},
    {411, internal, never, ""},
    {412, changed, never, "PreconditionFailed", "something else wrote this key since it was listed"},
    {413, invalid, never, "EntityTooLarge"},
    {416, changed, never, "InvalidRange"},
    {429, throttled, later, "TooManyRequests", slow_down},
    {500, unavailable, later, "InternalError", run_again},
    {501, unsupported, never, "NotImplemented"},
    {502, unavailable, later, "BadGateway", run_again},
    {503, throttled, later, "ServiceUnavailable", slow_down},
    {504, unavailable, later, "GatewayTimeout", run_again},
    {507, unavailable, never, "InsufficientStorage", "the server's storage is full"},
};

struct Meaning {
  ErrorKind kind = invalid;
  RetryVerdict retry = never;
  std::string_view advice;
};

const Row* row_of(std::string_view code) {
  const auto* row =
      std::find_if(std::begin(rows), std::end(rows), [code](const Row& r) { return r.code == code; });
  return row != std::end(rows) ? row : nullptr;
}

Meaning meaning_of(std::string_view code, int status) {
  if (const Row* row = row_of(code)) return {row->kind, row->retry, row->advice};
  if (code.starts_with("KMS.")) return {permission, never, look_at_kms};
  const auto* by_status = std::find_if(std::begin(status_rows), std::end(status_rows),
                                       [status](const StatusRow& r) { return r.status == status; });
  // A code says why already: what the bare status would be taken for does not apply. The 409s that pass have
  // rows of their own; others stay (a key below another that is an object, say, where keys are files).
  if (by_status != std::end(status_rows)) {
    const bool guess = !code.empty() && (status == 400 || status == 409);
    return {by_status->kind, guess ? never : by_status->retry,
            guess ? std::string_view{} : by_status->advice};
  }
  if (status >= 500) return {unavailable, later, run_again};
  if (status >= 400) return {invalid, never, {}};
  return {protocol, never, {}};  // a status that no call of ours should meet
}

std::string_view name_of(int status) {
  for (const StatusRow& row : status_rows) {
    if (row.status == status) return row.name;
  }
  return {};
}

// The parts of an <Error>, whichever service wrote it.
struct ErrorBody {
  std::string code;
  std::string message;
  std::string request_id;
  std::string host_id;
  std::string region;
};

// S3:         <Error><Code>...
// STS, SNS:   <ErrorResponse><Error><Code>...</Error><RequestId>
// EC2's:      <Response><Errors><Error>
ErrorBody read_xml(std::string_view body) {
  const Result<XmlDocument> document = XmlDocument::parse(std::string(body));
  if (!document) return {};  // a proxy's page, or cut off: the status decides
  const XmlNode root = document->root();
  XmlNode error = root.name() == "Error" ? root : root.child("Error");
  if (!error) error = root.child("Errors").child("Error");
  ErrorBody out{.code = std::string(error.child_text("Code")),
                .message = std::string(error.child_text("Message")),
                .request_id = std::string(error.child_text("RequestId")),
                .host_id = std::string(error.child_text("HostId")),
                .region = std::string(error.child_text("Region"))};
  if (out.request_id.empty()) out.request_id = root.child_text("RequestId");
  return out;
}

// "QueueDoesNotExist" of "com.amazonaws.sqs#QueueDoesNotExist:http://...".
std::string_view bare_code(std::string_view type) {
  type = type.substr(0, type.find(':'));
  return type.substr(type.find('#') + 1);  // all of it where there is none: npos + 1 is 0
}

// {"__type":"com.amazonaws.sqs#Code","message":..}, or the code in x-amzn-errortype. SQS adds the code of
// its older protocol in x-amzn-query-error, which counts where the table knows only that.
// https://smithy.io/2.0/aws/protocols/aws-json-1_0-protocol.html
ErrorBody read_json(std::string_view body, const Headers& headers) {
  const Json json = Json::parse(body).value_or(Json());
  ErrorBody out{.code = std::string(bare_code(headers.get("x-amzn-errortype")))};
  for (const std::string_view name : {"__type", "code", "Code"}) {
    if (out.code.empty()) out.code = bare_code(json[name].string_or(""));
  }
  for (const std::string_view name : {"message", "Message", "errorMessage"}) {
    if (out.message.empty()) out.message = json[name].string_or("");
  }
  const std::string_view query_error = headers.get("x-amzn-query-error");  // "Code;Sender"
  const std::string_view query_code = query_error.substr(0, query_error.find(';'));
  if (row_of(out.code) == nullptr && !query_code.empty()) out.code = query_code;
  return out;
}

ErrorBody read_body(std::string_view body, const Headers& headers) {
  body.remove_prefix(std::min(body.size(), body.find_first_not_of(" \t\r\n")));
  if (body.starts_with('<')) return read_xml(body);
  return read_json(body, headers);
}

// Outside S3 a clock that is off shows only in the text.
bool is_about_the_clock(const ErrorBody& said) {
  if (said.code == "RequestTimeTooSkewed" || said.code == "RequestExpired") return true;
  if (said.code != "SignatureDoesNotMatch" && said.code != "InvalidSignatureException") return false;
  return said.message.find("Signature expired") != std::string::npos ||
         said.message.find("Signature not yet current") != std::string::npos;
}

// "this machine's clock is 17 minutes behind", from the reply's Date.
std::string describe_skew(const Headers& headers, UtcTime now) {
  const std::optional<UtcTime> theirs = parse_rfc1123(headers.get("date"));
  if (!theirs) return {};
  const milliseconds skew = now - *theirs;
  const milliseconds size = skew < milliseconds(0) ? -skew : skew;
  const auto whole_seconds = std::chrono::round<seconds>(size).count();
  const std::string amount = whole_seconds < 120    ? fmt::format("{} seconds", whole_seconds)
                             : whole_seconds < 7200 ? fmt::format("{} minutes", whole_seconds / 60)
                                                    : fmt::format("{} hours", whole_seconds / 3600);
  return fmt::format("this machine's clock is {} {} (the service says {})", amount,
                     skew < milliseconds(0) ? "behind" : "ahead", to_iso8601(*theirs));
}

std::string request_ids(const Headers& headers, const ErrorBody& body) {
  const auto first_of = [](std::string_view a, std::string_view b) { return a.empty() ? b : a; };
  const std::string_view id =
      first_of(first_of(headers.get("x-amz-request-id"), headers.get("x-amzn-requestid")), body.request_id);
  const std::string_view host = first_of(headers.get("x-amz-id-2"), body.host_id);
  if (id.empty() || host.empty()) return std::string(id);
  return fmt::format("{}, x-amz-id-2 {}", id, host);
}

// A refusal in plain words, as proxies and small servers write it: its first line, or as much as fits.
std::string plain_words(std::string_view body) {
  constexpr std::size_t shown_bytes_max = 200;
  body.remove_prefix(std::min(body.size(), body.find_first_not_of(" \t\r\n")));
  if (body.starts_with('<') || body.starts_with('{')) return {};
  body = body.substr(0, body.find_first_of("\r\n"));
  if (body.size() > shown_bytes_max) return fmt::format("{}...", body.substr(0, shown_bytes_max));
  return std::string(body);
}

void add_sentence(std::string& message, std::string_view sentence) {
  if (sentence.empty()) return;
  if (!message.empty()) message += "; ";
  message += sentence;
}

std::string fill_in(std::string_view advice, const AwsReplyContext& context) {
  if (context.bucket.empty() && advice == look_at_policies) return {};  // they are S3's
  return fmt::format(fmt::runtime(advice),
                     fmt::arg("bucket", context.bucket.empty() ? "the bucket" : context.bucket),
                     fmt::arg("region", context.region));
}

// Refusals that mean: ask in another region.
bool means_other_region(int status, std::string_view code) {
  if (code.empty()) return status == 301 || status == 307 || status == 400;
  return code == "PermanentRedirect" || code == "TemporaryRedirect" || code == "Redirect" ||
         code == "AuthorizationHeaderMalformed" || code == "IllegalLocationConstraintException" ||
         code == "IncorrectEndpoint";
}

}  // namespace

AwsFailure aws_failure(const ResponseHead& head, std::string_view body, const AwsReplyContext& context) {
  const ErrorBody said = read_body(body, head.headers);
  const Meaning meaning = meaning_of(said.code, head.status);
  AwsFailure failure{
      .error = {.kind = meaning.kind,
                .retry = meaning.retry,
                .message = said.message,
                .service_code = said.code.empty() ? std::string(name_of(head.status)) : said.code,
                .request_id = request_ids(head.headers, said),
                .advice = fill_in(meaning.advice, context),
                .http_status = head.status,
                .retry_after = retry_after(head.headers, context.now)}};
  Error& error = failure.error;
  failure.bucket_region = head.headers.get("x-amz-bucket-region");
  if (failure.bucket_region.empty()) failure.bucket_region = said.region;
  failure.wrong_region = means_other_region(head.status, said.code) && !failure.bucket_region.empty() &&
                         failure.bucket_region != context.region;
  if (failure.wrong_region) {
    error.kind = invalid;
    error.retry = never;
    add_sentence(error.message, fmt::format("the bucket is in region {}, the request went to {}",
                                            failure.bucket_region, context.region));
    error.advice = fmt::format("use --region {}", failure.bucket_region);
  }
  if (is_about_the_clock(said)) {
    add_sentence(error.message, describe_skew(head.headers, context.now));
    error.advice = set_the_clock;
    failure.clock_offset = clock_offset(head.headers, context.now);
  }
  // S3 passes KMS's refusals on as its own: only the text tells them apart.
  if (said.code == "AccessDenied" && said.message.find("kms:") != std::string::npos)
    error.advice = fill_in(look_at_kms, context);
  if (error.message.empty()) {
    const std::string words = plain_words(body);
    error.message =
        fmt::format("the service answered with status {}{}{}", head.status, words.empty() ? "" : ": ", words);
  }
  advise_on_request(error, body, context);
  redact(error);  // a reply may quote the request
  return failure;
}

Error aws_entry_error(const AwsEntryFailure& entry, const AwsReplyContext& context) {
  const int status = entry.sender_fault ? 400 : 500;
  Meaning meaning = meaning_of(entry.code, status);
  // "Sender" is AWS's word also for a sender who is too fast: the table knows those. What is the service's
  // own fault passes.
  if (!entry.sender_fault && meaning.retry == never) meaning.retry = later;
  // A login that ended is told by the whole request's status.
  if (meaning.retry == fresh_login) meaning.retry = never;
  return {
      .kind = meaning.kind,
      .retry = meaning.retry,
      .message = entry.message.empty() ? "the service did not take this entry" : std::string(entry.message),
      .service_code = std::string(entry.code),
      .advice = fill_in(meaning.advice, context)};
}

}  // namespace azs3copy
