// session.hpp: AzureSession, what all requests to one account share: address, login, the head that each
// carries, the reading of refusals. Internal to src/azure.
#pragma once

#include <memory>
#include <set>
#include <string>

#include "azure/blob_client.hpp"

namespace azs3copy {

struct AzureSession {
  AzureSession(AzureAccount of_account, std::unique_ptr<AzureCredential> login, Transport& over)
      : account(std::move(of_account)), credential(std::move(login)), transport(over), id_(new_id()) {}

  AzureAccount account;
  std::unique_ptr<AzureCredential> credential;
  Transport& transport;

  // A service that refuses the newest version of the protocol is asked with `azure_old_service_version`.
  std::string_view service_version = azure_service_version;
  // What the service was found not to know; asked for no more. See blob_body.cpp.
  bool refuses_structured_header = false;
  bool sends_no_structured_body = false;
  bool refuses_range_crc = false;
  // Whether the last listed page had rows that could be directory stubs. See blob_client.cpp.
  bool lists_with_metadata = false;
  // Lowered once a page was too large to be read. See blob_client.cpp.
  int page_rows_max = 5000;
  // Versions of blobs whose bytes did not match their Content-MD5, once. See blob_body.cpp.
  std::set<std::string> md5_mismatches;

  // "/container/name" behind the account's own path, encoded.
  std::string blob_target(const Container& container, const BlobName& name) const;

  // A request complete but for the login.
  HttpRequest request(Method method, std::string target, const Context& context);
  // Logs in and sends.
  Task<Result<std::unique_ptr<Exchange>>> start(HttpRequest& request, const Context& context);
  // The whole reply; one that is not 2xx is the Error that it means.
  Task<Result<HttpResponse>> fetch(HttpRequest request, const Context& context);
  // What a reply to `request` that is not 2xx means; reads its body.
  Task<Error> refusal(Exchange& exchange, const ResponseHead& head, const HttpRequest& request,
                      const Context& context);

 private:
  static std::string new_id();
  Error classify(const HttpRequest& request, const ResponseHead& head, std::string_view body, UtcTime now);

  std::string id_;  // x-ms-client-request-id begins with it; a count follows
  std::uint64_t request_count_ = 0;
  // A refused signature may be one whose date was wrong: the next is dated as the service's clock says.
  void learn_clock(const ResponseHead& head, const Error& error, const Context& context);

  milliseconds clock_offset_{0};
  std::string date_;  // of date_second_, as x-ms-date has it
  std::chrono::sys_seconds date_second_{};
};

}  // namespace azs3copy
