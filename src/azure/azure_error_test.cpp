// Harms: a refusal that is tried again for ever, or a failure that passes and is not; advice for another
// trouble than the user has; a signature in a message.
#include "azure/azure_error.hpp"

#include <fmt/format.h>
#include <gtest/gtest.h>

#include "fakes/scripted_transport.hpp"

namespace azs3copy {
namespace {

const UtcTime now = fakes::FakeClock::start;

ResponseHead head_of(int status, std::initializer_list<Headers::Field> fields = {}) {
  ResponseHead head{.status = status};
  for (const auto& [name, value] : fields) head.headers.add(name, value);
  return head;
}

struct Row {
  int status;
  const char* code;
  ErrorKind kind;
  RetryVerdict retry;
  const char* advice;  // a part of it; nullptr: none
};

// Written out apart from the program's table: each outcome that the documentation or the brief names.
const Row rows[] = {
    {404, "BlobNotFound", ErrorKind::not_found, RetryVerdict::never, nullptr},
    {404, "ContainerNotFound", ErrorKind::not_found, RetryVerdict::never, "container's name"},
    {409, "ContainerBeingDeleted", ErrorKind::not_found, RetryVerdict::never, nullptr},
    {409, "ContainerDisabled", ErrorKind::permission, RetryVerdict::never, "administrator"},
    {404, "ResourceNotFound", ErrorKind::not_found, RetryVerdict::never, "log in"},
    {412, "ConditionNotMet", ErrorKind::changed, RetryVerdict::never, nullptr},
    {304, "ConditionNotMet", ErrorKind::changed, RetryVerdict::never, nullptr},
    {412, "TargetConditionNotMet", ErrorKind::changed, RetryVerdict::never, nullptr},
    {412, "SourceConditionNotMet", ErrorKind::changed, RetryVerdict::never, nullptr},
    {416, "InvalidRange", ErrorKind::changed, RetryVerdict::never, nullptr},
    {409, "BlobArchived", ErrorKind::archived, RetryVerdict::never, "Rehydrate"},
    {409, "BlobBeingRehydrated", ErrorKind::archived, RetryVerdict::never, "15 hours"},
    {401, "NoAuthenticationInformation", ErrorKind::credentials, RetryVerdict::fresh_login, "login"},
    {401, "InvalidAuthenticationInfo", ErrorKind::credentials, RetryVerdict::fresh_login, "login"},
    {400, "InvalidAuthenticationInfo", ErrorKind::credentials, RetryVerdict::fresh_login, "login"},
    {403, "AuthenticationFailed", ErrorKind::credentials, RetryVerdict::fresh_login, "clock"},
    {409, "PublicAccessNotPermitted", ErrorKind::credentials, RetryVerdict::never, "Log in"},
    {403, "KeyBasedAuthenticationNotPermitted", ErrorKind::credentials, RetryVerdict::never, "Entra"},
    {403, "AuthorizationPermissionMismatch", ErrorKind::permission, RetryVerdict::never,
     "\"Storage Blob Data Reader\""},
    {403, "AuthorizationFailure", ErrorKind::permission, RetryVerdict::never, "firewall"},
    {403, "AuthorizationSourceIPMismatch", ErrorKind::permission, RetryVerdict::never, "sip"},
    {403, "AuthorizationProtocolMismatch", ErrorKind::permission, RetryVerdict::never, "https://"},
    {403, "AuthorizationServiceMismatch", ErrorKind::permission, RetryVerdict::never, "ss=b"},
    {403, "AuthorizationResourceTypeMismatch", ErrorKind::permission, RetryVerdict::never, "srt=sco"},
    {403, "InsufficientAccountPermissions", ErrorKind::permission, RetryVerdict::never, "Reader"},
    {403, "AccountIsDisabled", ErrorKind::permission, RetryVerdict::never, "administrator"},
    {400, "AccountRequiresHttps", ErrorKind::invalid, RetryVerdict::never, "https://"},
    {400, "InvalidResourceName", ErrorKind::invalid, RetryVerdict::never, "63"},
    {400, "InvalidUri", ErrorKind::invalid, RetryVerdict::never, nullptr},
    {400, "OutOfRangeInput", ErrorKind::invalid, RetryVerdict::never, nullptr},
    {400, "InvalidHeaderValue", ErrorKind::unsupported, RetryVerdict::never, nullptr},
    {400, "UnsupportedHeader", ErrorKind::unsupported, RetryVerdict::never, nullptr},
    {409, "FeatureVersionMismatch", ErrorKind::unsupported, RetryVerdict::never, nullptr},
    {405, "UnsupportedHttpVerb", ErrorKind::unsupported, RetryVerdict::never, nullptr},
    {503, "ServerBusy", ErrorKind::throttled, RetryVerdict::later, nullptr},
    {429, "TooManyRequests", ErrorKind::throttled, RetryVerdict::later, nullptr},
    {500, "OperationTimedOut", ErrorKind::unavailable, RetryVerdict::later, nullptr},
    {500, "InternalError", ErrorKind::unavailable, RetryVerdict::later, nullptr},
    {409, "AccountBeingCreated", ErrorKind::unavailable, RetryVerdict::later, nullptr},
    {400, "Unheard", ErrorKind::unsupported, RetryVerdict::never, nullptr},
    {401, "", ErrorKind::credentials, RetryVerdict::fresh_login, "login"},
    {403, "", ErrorKind::permission, RetryVerdict::never, "firewall"},
    {404, "", ErrorKind::not_found, RetryVerdict::never, nullptr},
    {405, "", ErrorKind::unsupported, RetryVerdict::never, nullptr},
    {407, "", ErrorKind::credentials, RetryVerdict::never, "HTTPS_PROXY"},
    {408, "", ErrorKind::unavailable, RetryVerdict::later, nullptr},
    {409, "LeaseAlreadyPresent", ErrorKind::conflict, RetryVerdict::never, "run again later"},
    {409, "BlobUsesCustomerSpecifiedEncryption", ErrorKind::conflict, RetryVerdict::never, "encryption keys"},
    {409, "BlobImmutableDueToPolicy", ErrorKind::conflict, RetryVerdict::never, "needs no change"},
    {409, "FeatureNotYetSupportedForHierarchicalNamespaceAccounts", ErrorKind::conflict, RetryVerdict::never,
     nullptr},
    {403, "KeyVaultEncryptionKeyNotFound", ErrorKind::permission, RetryVerdict::never, "key vault"},
    {403, "KeyVaultAccessTokenCannotBeAcquired", ErrorKind::permission, RetryVerdict::never, "key vault"},
    {403, "KeyVaultVaultNotFound", ErrorKind::permission, RetryVerdict::never, "key vault"},
    {410, "", ErrorKind::not_found, RetryVerdict::never, nullptr},
    {412, "", ErrorKind::changed, RetryVerdict::never, nullptr},
    {416, "", ErrorKind::changed, RetryVerdict::never, nullptr},
    {429, "", ErrorKind::throttled, RetryVerdict::later, nullptr},
    {500, "", ErrorKind::unavailable, RetryVerdict::later, nullptr},
    {501, "", ErrorKind::unsupported, RetryVerdict::never, nullptr},
    {502, "", ErrorKind::unavailable, RetryVerdict::later, nullptr},
    {503, "", ErrorKind::unavailable, RetryVerdict::later, nullptr},
    {504, "", ErrorKind::unavailable, RetryVerdict::later, nullptr},
    {302, "", ErrorKind::protocol, RetryVerdict::never, "proxies"},
    {299, "", ErrorKind::protocol, RetryVerdict::never, "proxies"},
};

TEST(AzureError, EveryRow) {
  for (const Row& row : rows) {
    const std::string body = fmt::format(
        "\xEF\xBB\xBF<?xml version=\"1.0\"?><Error><Code>{}</Code><Message>It said no.\n"
        "RequestId:1\nTime:2</Message></Error>",
        row.code);
    for (const bool by_header : {true, false}) {
      ResponseHead head = head_of(row.status, {{"x-ms-request-id", "request-1"}});
      if (by_header && *row.code != '\0') head.headers.add("x-ms-error-code", row.code);
      const Error error = azure_error(head, by_header ? "" : body, now);
      const std::string where = fmt::format("{} {} {}", row.status, row.code, by_header ? "header" : "body");
      EXPECT_EQ(error.kind, row.kind) << where;
      EXPECT_EQ(error.retry, row.retry) << where;
      EXPECT_EQ(error.service_code, row.code) << where;
      EXPECT_EQ(error.http_status, row.status) << where;
      EXPECT_EQ(error.request_id, "request-1") << where;
      EXPECT_FALSE(error.message.empty()) << where;
      if (!by_header) EXPECT_EQ(error.message, "It said no.") << where;
      if (row.advice == nullptr) {
        EXPECT_EQ(error.advice, "") << where;
      } else {
        EXPECT_NE(error.advice.find(row.advice), std::string::npos) << where << ": " << error.advice;
      }
    }
  }
}

TEST(AzureError, EveryRowOfTheTableIsTestedAbove) {
  for (const AzureErrorRow& row : azure_error_rows()) {
    if (row.code.empty()) continue;
    const bool tested =
        std::any_of(std::begin(rows), std::end(rows), [&](const Row& one) { return row.code == one.code; });
    EXPECT_TRUE(tested) << row.code;
  }
}

TEST(AzureError, WaitsAsLongAsTheServiceAsks) {
  EXPECT_EQ(azure_error(head_of(503, {{"Retry-After", "7"}}), "", now).retry_after, seconds(7));
  EXPECT_EQ(
      azure_error(head_of(503, {{"Retry-After", "Mon, 23 Nov 2026 07:42:15 GMT"}}), "", now).retry_after,
      seconds(5));
  EXPECT_EQ(
      azure_error(head_of(503, {{"Retry-After", "7"}, {"x-ms-retry-after-ms", "250"}}), "", now).retry_after,
      milliseconds(250));
  EXPECT_EQ(azure_error(head_of(503, {{"retry-after-ms", "90"}, {"x-ms-retry-after-ms", "250"}}), "", now)
                .retry_after,
            milliseconds(90));
}

TEST(AzureError, NamesTheHeaderOrParameterThatWasRefused) {
  for (const std::string_view element : {"HeaderName", "QueryParameterName"}) {
    const Error error = azure_error(
        head_of(400),
        fmt::format("<Error><Code>InvalidHeaderValue</Code><Message>A value is wrong.\nRequestId:1</Message>"
                    "<{0}>x-ms-date</{0}></Error>",
                    element),
        now);
    EXPECT_EQ(error.message, "A value is wrong. (x-ms-date)");
  }
}

TEST(AzureError, TellsWhyALoginFailedButRepeatsNoSignature) {
  const auto refusal = [](std::string_view detail) {
    return azure_error(head_of(403),
                       fmt::format("<Error><Code>AuthenticationFailed</Code><Message>Server failed to "
                                   "authenticate the request.</Message><AuthenticationErrorDetail>{}"
                                   "</AuthenticationErrorDetail></Error>",
                                   detail),
                       now);
  };
  EXPECT_NE(refusal("Signature not valid in the specified time frame: Start [x] - Expiry [y]")
                .message.find("Expiry [y]"),
            std::string::npos);
  for (const std::string_view reason :
       {"SAS field 'se' is not well formed", "Signed Directory Depth Invalid",
        "Signed expiry time [a] must be after signed start time [b]", "Signature fields not well formed."}) {
    EXPECT_NE(refusal(reason).message.find(reason), std::string::npos);
  }
  EXPECT_EQ(refusal("A future form. The String To Sign was rl c2VjcmV0").message.find("c2VjcmV0"),
            std::string::npos);
  EXPECT_EQ(refusal("The MAC signature found in the HTTP request 'c2VjcmV0' is not the same")
                .message.find("c2VjcmV0"),
            std::string::npos);
  EXPECT_EQ(refusal("Signature did not match. String to sign used was rl c2VjcmV0").message.find("c2VjcmV0"),
            std::string::npos);
}

TEST(AzureError, AnEmulatorsRefusedLoginIsNoFirewall) {
  const Error error =
      azure_error(head_of(403),
                  "<Error><Code>AuthorizationFailure</Code><Message>Server failed to authenticate the "
                  "request.</Message></Error>",
                  now);
  EXPECT_EQ(error.kind, ErrorKind::credentials);
  EXPECT_EQ(error.retry, RetryVerdict::fresh_login) << "its expired tokens get this";
}

TEST(AzureError, AGatewaysPageIsNoMessage) {
  const Error error = azure_error(head_of(502), "<html><body>Bad gateway</body></html>", now);
  EXPECT_EQ(error.kind, ErrorKind::unavailable);
  EXPECT_EQ(error.service_code, "");
  EXPECT_EQ(error.message.find("html"), std::string::npos);
  EXPECT_EQ(azure_error(head_of(500), "<Error><Code>Trunc", now).kind, ErrorKind::unavailable);
}

TEST(EntraError, EveryRow) {
  struct Case {
    int status;
    const char* error;
    const char* description;
    ErrorKind kind;
    RetryVerdict retry;
    const char* advice;
  };
  for (const Case& one : {
           Case{401, "invalid_client", "AADSTS7000215: Invalid client secret.", ErrorKind::credentials,
                RetryVerdict::never, "not its id"},
           {401, "invalid_client", "AADSTS7000222: The provided client secret keys are expired.",
            ErrorKind::credentials, RetryVerdict::never, "expired"},
           {401, "unauthorized_client", "AADSTS7000112: Application is disabled.", ErrorKind::credentials,
            RetryVerdict::never, "disabled"},
           {400, "unauthorized_client", "AADSTS7000229: missing service principal", ErrorKind::credentials,
            RetryVerdict::never, "service principal"},
           {400, "unauthorized_client", "AADSTS700016: Application was not found", ErrorKind::credentials,
            RetryVerdict::never, "AZURE_CLIENT_ID"},
           {400, "invalid_request", "AADSTS90002: Tenant 'x' not found.", ErrorKind::credentials,
            RetryVerdict::never, "AZURE_TENANT_ID"},
           {400, "invalid_request", "AADSTS900021: tenant", ErrorKind::credentials, RetryVerdict::never,
            "AZURE_TENANT_ID"},
           {400, "invalid_request", "AADSTS900023: tenant", ErrorKind::credentials, RetryVerdict::never,
            "AZURE_TENANT_ID"},
           {400, "invalid_request", "AADSTS50034: no such user", ErrorKind::credentials, RetryVerdict::never,
            "AZURE_TENANT_ID"},
           {400, "interaction_required", "AADSTS53003: Access has been blocked", ErrorKind::credentials,
            RetryVerdict::never, "conditional access"},
           {401, "invalid_client", "AADSTS700024: assertion is not within its valid time range",
            ErrorKind::credentials, RetryVerdict::never, "assertion"},
           {400, "invalid_grant", "AADSTS50013: Assertion failed signature validation",
            ErrorKind::credentials, RetryVerdict::never, "federated"},
           {401, "invalid_client", "AADSTS70021: No matching federated identity", ErrorKind::credentials,
            RetryVerdict::later, "federated"},
           {401, "invalid_client", "AADSTS700211: issuer", ErrorKind::credentials, RetryVerdict::later,
            "federated"},
           {401, "invalid_client", "AADSTS700212: audience", ErrorKind::credentials, RetryVerdict::later,
            "federated"},
           {401, "invalid_client", "AADSTS700213: subject", ErrorKind::credentials, RetryVerdict::later,
            "federated"},
           {400, "invalid_request", "something else", ErrorKind::credentials, RetryVerdict::never,
            "AZURE_CLIENT_SECRET"},
           {400, "invalid_grant", "AADSTS90006: retryable", ErrorKind::unavailable, RetryVerdict::later, ""},
           {400, "invalid_request", "AADSTS90012: timed out", ErrorKind::unavailable, RetryVerdict::later,
            ""},
           {400, "invalid_grant", "AADSTS90024: try again", ErrorKind::unavailable, RetryVerdict::later, ""},
           {400, "invalid_request", "AADSTS90033: try again", ErrorKind::unavailable, RetryVerdict::later,
            ""},
           {400, "invalid_request", "AADSTS90055: too many requests", ErrorKind::throttled,
            RetryVerdict::later, ""},
           {400, "invalid_request", "AADSTS900382: cross cloud", ErrorKind::credentials, RetryVerdict::never,
            "AZURE_AUTHORITY_HOST"},
           {400, "invalid_request", "AADSTS90038: national cloud", ErrorKind::credentials,
            RetryVerdict::never, "AZURE_AUTHORITY_HOST"},
           {400, "invalid_resource", "AADSTS500011: no principal", ErrorKind::credentials,
            RetryVerdict::never, "subscription"},
           {401, "invalid_client", "AADSTS700027: not registered", ErrorKind::credentials,
            RetryVerdict::never, "not registered"},
           {400, "temporarily_unavailable", "busy", ErrorKind::unavailable, RetryVerdict::later, ""},
           {429, "", "", ErrorKind::throttled, RetryVerdict::later, ""},
           {503, "", "", ErrorKind::unavailable, RetryVerdict::later, ""},
           {404, "", "", ErrorKind::protocol, RetryVerdict::never, "AZURE_AUTHORITY_HOST"},
       }) {
    const Error error = entra_error(
        head_of(one.status),
        fmt::format(R"({{"error":"{}","error_description":"{}"}})", one.error, one.description), now);
    EXPECT_EQ(error.kind, one.kind) << one.description;
    EXPECT_EQ(error.retry, one.retry) << one.description;
    EXPECT_NE(error.advice.find(one.advice), std::string::npos) << one.description << ": " << error.advice;
  }
}

TEST(ManagedIdentityError, AppServiceSaysWhyInMessage) {
  const Error error =
      managed_identity_error(head_of(400), R"({"StatusCode":400,"Message":"No identity for this id."})", now);
  EXPECT_EQ(error.kind, ErrorKind::credentials);
  EXPECT_EQ(error.message, "No identity for this id.");
}

}  // namespace
}  // namespace azs3copy
