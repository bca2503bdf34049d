// azure_error.cpp: the tables. Codes: Microsoft's "Blob service error codes", "Common REST API error codes"
// and "Microsoft Entra authentication and authorization error codes".
#include "azure/azure_error.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <array>

#include "codec/json.hpp"
#include "codec/xml.hpp"
#include "net/retry_after.hpp"

namespace azs3copy {
namespace {

using enum ErrorKind;
using enum RetryVerdict;

constexpr std::string_view advise_reader_role =
    "The login works, but the application needs the role \"Storage Blob Data Reader\" on the account or "
    "container; "
    "a SAS needs the permissions read and list (sp=rl).";
constexpr std::string_view advise_network =
    "The login works, but the account's firewall or a private endpoint may refuse this machine's network, or "
    "the SAS "
    "does not cover this: look at the account's Networking page and at the SAS.";
constexpr std::string_view advise_login =
    "The key, SAS or token is wrong, was replaced or has expired, or this machine's clock is off: check the "
    "login and "
    "`timedatectl`.";
constexpr std::string_view advise_sas_scope =
    "Make a SAS for the Blob service (ss=b) with the resource types service, container and object (srt=sco), "
    "or one of "
    "the container itself.";
constexpr std::string_view advise_rehydrate =
    "Rehydrate the blob first (Set Blob Tier to Hot or Cool), then run again.";
constexpr std::string_view advise_no_key =
    "The account takes no keys: log in with Entra (AZURE_TENANT_ID, AZURE_CLIENT_ID, AZURE_CLIENT_SECRET) or "
    "a user "
    "delegation SAS.";
constexpr std::string_view advise_customer_key =
    "azs3copy sends no encryption keys: copy the blob in Azure to one that the service encrypts, then run "
    "again.";
constexpr std::string_view advise_vault =
    "The account is encrypted with a customer-managed key that Azure cannot use: ask the account's owner to "
    "restore the key in its key vault and the account's access to it.";

constexpr auto blob_rows = std::to_array<AzureErrorRow>({
    // What is read is not there, or is not what was listed.
    {"BlobNotFound", 404, not_found, never, "The blob is not there.", ""},
    {"ContainerNotFound", 404, not_found, never, "The container is not there.",
     "Check the container's name; `azs3copy ls az://ACCOUNT` lists those there are."},
    {"ContainerBeingDeleted", 409, not_found, never, "The container is being deleted.", ""},
    {"ContainerDisabled", 409, permission, never, "The container is disabled.",
     "Ask the account's administrator."},
    {"ResourceNotFound", 404, not_found, never, "The container or blob is not there.",
     "Without a login Azure hides what is not public: log in, if it should be there."},
    {"ConditionNotMet", 0, changed, never, "The blob changed since it was listed.", ""},
    {"TargetConditionNotMet", 0, changed, never, "The blob changed since it was listed.", ""},
    {"SourceConditionNotMet", 0, changed, never, "The blob changed since it was listed.", ""},
    {"InvalidRange", 416, changed, never, "The range lies behind the blob's end.", ""},
    {"BlobArchived", 409, archived, never, "The blob is archived.", advise_rehydrate},
    {"BlobBeingRehydrated", 409, archived, never, "The blob is being rehydrated.",
     "Wait until Azure has rehydrated the blob (up to 15 hours), then run again."},
    {blob_uses_customer_key, 409, conflict, never,
     "The blob is encrypted with a key that its client provides.", advise_customer_key},
    {"BlobImmutableDueToPolicy", 409, conflict, never, "A policy makes the blob immutable.",
     "Reading needs no change of the blob: check what refused the request on its way."},
    {"FeatureNotYetSupportedForHierarchicalNamespaceAccounts", 409, conflict, never,
     "Azure does not support this for accounts with a hierarchical namespace.", ""},

    // Who asks.
    {"NoAuthenticationInformation", 401, credentials, fresh_login, "Azure wants a login.", advise_login},
    {"InvalidAuthenticationInfo", 0, credentials, fresh_login, "Azure refuses the login.", advise_login},
    {"AuthenticationFailed", 403, credentials, fresh_login, "Azure refuses the login.", advise_login},
    {"PublicAccessNotPermitted", 409, credentials, never, "The account allows no anonymous access.",
     "Log in: a SAS, an account key or Entra."},
    {"KeyBasedAuthenticationNotPermitted", 403, credentials, never, "The account takes no keys.",
     advise_no_key},

    // What they may.
    {"AuthorizationPermissionMismatch", 403, permission, never, "The login lacks the permission.",
     advise_reader_role},
    {"AuthorizationFailure", 403, permission, never, "The request is not authorized.", advise_network},
    {"AuthorizationSourceIPMismatch", 403, permission, never, "The SAS is for other IP addresses.",
     "Make a SAS whose IP range (sip) covers this machine."},
    {"AuthorizationProtocolMismatch", 403, permission, never, "The SAS is for https only.",
     "Write the source with https://."},
    {"AuthorizationServiceMismatch", 403, permission, never, "The SAS is for another service.",
     advise_sas_scope},
    {"AuthorizationResourceTypeMismatch", 403, permission, never, "The SAS is for other resource types.",
     advise_sas_scope},
    {"InsufficientAccountPermissions", 403, permission, never, "The login lacks the permission.",
     advise_reader_role},
    {"AccountIsDisabled", 403, permission, never, "The account is disabled.",
     "Ask the subscription's administrator: it may have been suspended."},
    {"KeyVaultEncryptionKeyNotFound", 403, permission, never, "The account's encryption key was not found.",
     advise_vault},
    {"KeyVaultAccessTokenCannotBeAcquired", 403, permission, never,
     "Azure has no access to the account's encryption key.", advise_vault},
    {"KeyVaultVaultNotFound", 403, permission, never,
     "The vault of the account's encryption key was not found.", advise_vault},

    // What is asked for.
    {"AccountRequiresHttps", 400, invalid, never, "The account takes https only.",
     "Write the source with https://."},
    {"InvalidResourceName", 400, invalid, never, "Azure refuses the name.",
     "Container names have 3 to 63 lower-case letters, digits and single hyphens."},
    {"InvalidUri", 400, invalid, never, "Azure refuses the address.", ""},
    {"OutOfRangeInput", 400, invalid, never, "Azure refuses a value in the address.", ""},
    {"InvalidHeaderValue", 400, unsupported, never, "The service refuses a header.", ""},
    {"UnsupportedHeader", 400, unsupported, never, "The service refuses a header.", ""},
    {"FeatureVersionMismatch", 409, unsupported, never, "The blob wants a newer version of the protocol.",
     ""},
    {"UnsupportedHttpVerb", 405, unsupported, never, "The service does not do this.", ""},

    // Later.
    {"ServerBusy", 0, throttled, later, "Azure asks for fewer requests.", ""},
    {"TooManyRequests", 0, throttled, later, "Azure asks for fewer requests.", ""},
    {"OperationTimedOut", 0, unavailable, later, "Azure took too long.", ""},
    {"InternalError", 0, unavailable, later, "Azure failed inside.", ""},
    {"AccountBeingCreated", 409, unavailable, later, "The account is being made.", ""},

    // By status alone, for codes that are not above and for servers in between.
    {"", 400, unsupported, never, "The service refuses the request.", ""},
    {"", 401, credentials, fresh_login, "Azure wants a login.", advise_login},
    {"", 403, permission, never, "Azure refuses access.", advise_network},
    {"", 404, not_found, never, "Nothing is there.", ""},
    {"", 405, unsupported, never, "The service does not do this.", ""},
    {"", 407, credentials, never, "The proxy wants a login.", "Put user and password into HTTPS_PROXY."},
    {"", 408, unavailable, later, "The service took too long.", ""},
    {"", 409, conflict, never, "The service reports a conflict.",
     "Something else works on the blob or container: run again later."},
    {"", 410, not_found, never, "It is gone.", ""},
    {"", 412, changed, never, "The blob changed since it was listed.", ""},
    {"", 416, changed, never, "The range lies behind the blob's end.", ""},
    {"", 429, throttled, later, "Azure asks for fewer requests.", ""},
    {"", 500, unavailable, later, "Azure failed inside.", ""},
    {"", 501, unsupported, never, "The service does not do this.", ""},
    {"", 502, unavailable, later, "A gateway got no proper answer.", ""},
    {"", 503, unavailable, later, "The service is unavailable.", ""},
    {"", 504, unavailable, later, "A gateway got no answer in time.", ""},
});

// For the rest: a redirect, an unheard-of status.
constexpr AzureErrorRow unknown_row = {"",
                                       0,
                                       protocol,
                                       never,
                                       "This is no answer of Azure Blob Storage.",
                                       "Check the source's address, and proxies on the way."};

const AzureErrorRow& row_of(std::string_view code, int status) {
  const auto fits = [&](const AzureErrorRow& row) {
    return (row.code.empty() || row.code == code) && (row.status == 0 || row.status == status);
  };
  const auto found = std::find_if(blob_rows.begin(), blob_rows.end(), fits);
  return found == blob_rows.end() ? unknown_row : *found;
}

// A service's text up to its first line end: what follows repeats request id and time.
std::string first_line(std::string_view text) {
  return std::string(text.substr(0, std::min(text.find_first_of("\r\n"), text.size())));
}

// The detail says why authentication failed. Only the forms that repeat the string to sign (and may repeat
// a signature) are dropped.
bool holds_string_to_sign(std::string_view detail) {
  std::string lower(detail);
  std::ranges::transform(lower, lower.begin(),
                         [](char c) { return c >= 'A' && c <= 'Z' ? static_cast<char>(c - 'A' + 'a') : c; });
  static constexpr auto marks =
      std::to_array<std::string_view>({"string to sign", "mac signature", "signature did not match", "sig="});
  return std::ranges::any_of(marks, [&lower](std::string_view mark) { return lower.contains(mark); });
}

struct XmlRefusal {
  std::string code;
  std::string message;
};

XmlRefusal read_refusal(std::string_view body) {
  XmlRefusal refusal;
  if (body.empty()) return refusal;
  const Result<XmlDocument> document = XmlDocument::parse(std::string(body));
  if (!document) return refusal;  // a gateway's page
  const XmlNode root = document->root();
  if (root.name() != "Error") return refusal;
  refusal.code = root.child_text("Code");
  refusal.message = first_line(root.child_text("Message"));
  const auto append = [&refusal](std::string_view text) {
    if (!refusal.message.empty()) refusal.message += ' ';
    refusal.message += text;
  };
  if (const std::string_view detail = root.child_text("AuthenticationErrorDetail");
      !detail.empty() && !holds_string_to_sign(detail)) {
    append(first_line(detail));
  }
  for (const std::string_view element : {"HeaderName", "QueryParameterName"}) {
    if (const std::string_view name = root.child_text(element); !name.empty())
      append(fmt::format("({})", first_line(name)));
  }
  return refusal;
}

Error common_error(const ResponseHead& head, UtcTime now) {
  return {.request_id = std::string(head.headers.get("x-ms-request-id")),
          .http_status = head.status,
          .retry_after = retry_after(head.headers, now)};
}

// 429 and failures of the server are alike at both token endpoints.
bool classify_busy(Error& error) {
  if (error.http_status == 429) {
    error.kind = throttled;
  } else if (error.http_status == 408 || error.http_status >= 500) {
    error.kind = unavailable;
  } else {
    return false;
  }
  error.retry = later;
  return true;
}

struct EntraRow {
  std::string_view code;
  ErrorKind kind;
  RetryVerdict retry;
  std::string_view advice;
};

constexpr std::string_view advise_federation =
    "Compare issuer, subject and audience of the application's federated credential with those of the "
    "assertion; a new "
    "one takes some minutes to be known.";
constexpr std::string_view advise_tenant =
    "Check the tenant id (AZURE_TENANT_ID): Entra's overview page shows it.";
constexpr std::string_view advise_cloud =
    "Tenant and login endpoint are of different national clouds: set AZURE_AUTHORITY_HOST to that of the "
    "tenant "
    "(https://login.microsoftonline.us, https://login.chinacloudapi.cn).";
constexpr auto entra_rows = std::to_array<EntraRow>({
    // Transient, in the frame of a refusal (400).
    {"AADSTS90006", unavailable, later, ""},
    {"AADSTS90012", unavailable, later, ""},
    {"AADSTS90024", unavailable, later, ""},
    {"AADSTS90033", unavailable, later, ""},
    {"AADSTS90055", throttled, later, ""},

    {"AADSTS7000215", credentials, never,
     "Give the secret's value, not its id, and the client id that it belongs to."},
    {"AADSTS7000222", credentials, never,
     "The client secret has expired: make a new one in the application's registration."},
    {"AADSTS7000112", credentials, never,
     "The application is disabled in this tenant: ask the tenant's administrator."},
    {"AADSTS7000229", credentials, never,
     "The tenant has no service principal for this application: have one made."},
    {"AADSTS700016", credentials, never,
     "Check the client id (AZURE_CLIENT_ID) and that the application is in this tenant."},
    {"AADSTS90002", credentials, never, advise_tenant},
    {"AADSTS900021", credentials, never, advise_tenant},
    {"AADSTS900023", credentials, never, advise_tenant},
    {"AADSTS50034", credentials, never, advise_tenant},
    {"AADSTS900382", credentials, never, advise_cloud},
    {"AADSTS90038", credentials, never, advise_cloud},
    {"AADSTS500011", credentials, never,
     "The tenant has no Azure Storage: use the tenant of the account's subscription (AZURE_TENANT_ID)."},
    {"AADSTS700027", credentials, never,
     "The key that signed the assertion is not registered: add it to the application's certificates or "
     "federated "
     "credentials."},
    {"AADSTS53003", credentials, never,
     "A rule of conditional access refuses this machine: ask the tenant's administrator."},
    {"AADSTS700024", credentials, never,
     "The assertion has expired: its file must be renewed by who writes it."},
    {"AADSTS50013", credentials, never, advise_federation},
    {"AADSTS70021", credentials, later, advise_federation},
    {"AADSTS700211", credentials, later, advise_federation},
    {"AADSTS700212", credentials, later, advise_federation},
    {"AADSTS700213", credentials, later, advise_federation},
    {"", credentials, never,
     "Check tenant id, client id and secret (AZURE_TENANT_ID, AZURE_CLIENT_ID, AZURE_CLIENT_SECRET)."},
});

// "AADSTS7000215: Invalid client secret provided. ..." to its number.
std::string aadsts_code(std::string_view description) {
  constexpr std::string_view prefix = "AADSTS";
  const std::size_t start = description.find(prefix);
  if (start == std::string_view::npos) return {};
  const std::size_t end = description.find_first_not_of("0123456789", start + prefix.size());
  return std::string(description.substr(start, end == std::string_view::npos ? end : end - start));
}

}  // namespace

std::span<const AzureErrorRow> azure_error_rows() {
  return blob_rows;
}

Error azure_error(const ResponseHead& head, std::string_view body, UtcTime now) {
  Error error = common_error(head, now);
  XmlRefusal refusal = read_refusal(body);
  error.service_code = head.headers.get("x-ms-error-code");
  if (error.service_code.empty()) error.service_code = std::move(refusal.code);
  // Azurite says this of a wrong signature and of an expired token, with the message of the other code.
  const bool not_authenticated = error.service_code == "AuthorizationFailure" &&
                                 refusal.message.starts_with("Server failed to authenticate");
  const AzureErrorRow& row =
      row_of(not_authenticated ? "AuthenticationFailed" : error.service_code, head.status);
  error.kind = row.kind;
  error.retry = row.retry;
  error.message = refusal.message.empty() ? std::string(row.meaning) : std::move(refusal.message);
  error.advice = row.advice;
  return error;
}

Error entra_error(const ResponseHead& head, std::string_view body, UtcTime now) {
  Error error = common_error(head, now);
  const Result<Json> parsed = Json::parse(body);
  const Json json = parsed ? *parsed : Json();
  const std::string description = json["error_description"].string_or("");
  error.service_code = aadsts_code(description);
  if (error.service_code.empty()) error.service_code = json["error"].string_or("");
  error.message = first_line(description);
  if (const std::string repeated = error.service_code + ": "; error.message.starts_with(repeated)) {
    error.message.erase(0, repeated.size());
  }
  if (error.message.empty()) error.message = "Entra refuses the login.";
  if (const auto trace = json["trace_id"].string()) error.request_id = *trace;
  if (classify_busy(error)) return error;
  if (json["error"].string_or("") == "temporarily_unavailable") {
    error.kind = unavailable;
    error.retry = later;
    return error;
  }
  if (head.status != 400 && head.status != 401 && head.status != 403) {
    error.kind = protocol;
    error.advice = "Check the authority's address (AZURE_AUTHORITY_HOST) and proxies on the way.";
    return error;
  }
  const auto row = std::find_if(entra_rows.begin(), entra_rows.end(), [&](const EntraRow& candidate) {
    return candidate.code.empty() || candidate.code == error.service_code;
  });
  error.kind = row->kind;
  error.retry = row->retry;
  error.advice = row->advice;
  return error;
}

Error managed_identity_error(const ResponseHead& head, std::string_view body, UtcTime now) {
  Error error = common_error(head, now);
  const Result<Json> parsed = Json::parse(body);
  const Json json = parsed ? *parsed : Json();
  error.service_code = json["error"].string_or("");
  error.message = first_line(json["error_description"].string_or(""));
  if (error.message.empty()) error.message = first_line(json["Message"].string_or(""));  // App Service
  if (error.message.empty()) error.message = "The managed identity endpoint returned no token.";
  if (classify_busy(error)) return error;
  if (head.status == 404 || head.status == 410) {  // it starts, or is being updated: up to 70 seconds
    error.kind = unavailable;
    error.retry = later;
    if (head.status == 410) error.retry_after = std::max(error.retry_after, milliseconds(10'000));
    return error;
  }
  error.kind = credentials;
  error.advice =
      "Assign a managed identity to this machine and give it the role \"Storage Blob Data Reader\"; with "
      "several, name "
      "one by AZURE_CLIENT_ID.";
  return error;
}

}  // namespace azs3copy
