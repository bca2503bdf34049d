// blob_client.cpp: the operations. Requests are made by session.cpp, replies read by listing.cpp and
// blob_reply.cpp, bodies by blob_body.cpp.
#include "azure/blob_client.hpp"

#include <algorithm>

#include "azure/blob_body.hpp"
#include "azure/blob_reply.hpp"
#include "azure/listing.hpp"
#include "azure/session.hpp"
#include "codec/url.hpp"

namespace azs3copy {

// A page that is too large is asked for with a fifth of its rows, down to this many. With names of 1,024
// characters and 8 KiB of metadata, all escaped, 1,000 rows fit.
constexpr int page_rows_min = 40;

// Refusals of a listing by an account that may still give a blob: a policy or role without the permission to
// list, a container that is public for its blobs only.
static bool refuses_to_list(const Error& error) {
  return error.service_code == "AuthorizationPermissionMismatch" ||
         error.service_code == "AuthorizationResourceTypeMismatch" ||
         error.service_code == "ResourceNotFound";
}

static bool names_blob(std::string_view prefix) {
  return !prefix.empty() && !prefix.ends_with('/');
}

struct BlobClient::Impl {
  AzureSession session;
  RetryPolicy retry;

  Task<Result<ContainerPage>> list_containers(std::string_view marker, const Context& context) {
    std::string target = session.account.path_prefix + "/?comp=list&maxresults=5000";
    if (!marker.empty()) target.append("&marker=").append(url_encode(marker));
    Result<HttpResponse> response =
        co_await session.fetch(session.request(Method::get, std::move(target), context), context);
    if (!response) co_return passed(std::move(response));
    co_return parse_container_page(std::move(response->body));
  }

  // `undecoded` counts replies of one page that do not decode: perhaps cut off on the way, a page is asked for once
  // more, and no more often.
  Task<Result<ParsedBlobPage>> list_page(const Container& container, const ListBlobsOptions& options,
                                         bool metadata, int& undecoded, const Context& context) {
    std::string target;
    target.append(session.account.path_prefix).append(1, '/').append(container.view());
    const int rows_max = std::min(options.page_rows_max, session.page_rows_max);
    target.append("?restype=container&comp=list&maxresults=").append(std::to_string(rows_max));
    const auto add = [&target](std::string_view name, std::string_view value) {
      if (!value.empty()) target.append(name).append(url_encode(value));
    };
    add("&prefix=", options.prefix);
    add("&marker=", options.marker);
    add("&delimiter=", options.delimiter);
    if (metadata) target += "&include=metadata";
    Result<HttpResponse> response =
        co_await session.fetch(session.request(Method::get, std::move(target), context), context);
    if (!response && is_body_too_large(response.error()) && rows_max > page_rows_min) {
      session.page_rows_max = rows_max / 5;
      co_return co_await list_page(container, options, metadata, undecoded, context);
    }
    if (!response) co_return passed(std::move(response));
    Result<ParsedBlobPage> parsed = parse_blob_page(std::move(response->body), container, options.details);
    if (!parsed && ++undecoded > 1) parsed.error().retry = RetryVerdict::never;
    co_return parsed;
  }

  // Without the permission to list, the prefix can only be the name of one blob, which a HEAD finds.
  Task<Result<BlobPage>> list_one_blob(const Container& container, const std::string& name,
                                       const Context& context) {
    constexpr std::string_view advice =
        "Name one blob, or make a SAS of the container with the permissions read and list (sr=c, sp=rl).";
    if (!names_blob(name))
      co_return fail(ErrorKind::permission, "the SAS does not permit to list", {}, advice);
    Result<BlobProperties> found = co_await properties(container, BlobName(name), context);
    if (!found && found.error().kind == ErrorKind::not_found) {
      co_return fail(ErrorKind::not_found, "no blob has this name, and the SAS does not permit to list", name,
                     advice);
    }
    if (!found) co_return passed(std::move(found));
    if (found->blob.is_directory) {
      co_return fail(ErrorKind::permission, "this is a folder, and the SAS does not permit to list", name,
                     advice);
    }
    BlobPage page;
    page.blobs.push_back(std::move(found->blob));
    page.details.push_back({.headers = std::move(found->headers), .metadata = std::move(found->metadata)});
    co_return page;
  }

  // Metadata tells a directory stub from an empty blob and makes pages long, so it is asked for only where a
  // page has empty blobs: that page once more, and the next ones at once as long as they go on having some.
  Task<Result<BlobPage>> list_blobs(const Container& container, const ListBlobsOptions& options,
                                    int& undecoded, const Context& context) {
    if (!session.credential->may_list()) co_return co_await list_one_blob(container, options.prefix, context);
    bool with_metadata = session.lists_with_metadata || options.details;
    Result<ParsedBlobPage> parsed = co_await list_page(container, options, with_metadata, undecoded, context);
    if (parsed && parsed->has_empty_blobs && !with_metadata) {
      with_metadata = true;
      parsed = co_await list_page(container, options, with_metadata, undecoded, context);
    }
    if (!parsed && refuses_to_list(parsed.error()) && names_blob(options.prefix)) {
      Result<BlobPage> one = co_await list_one_blob(container, options.prefix, context);
      if (one) co_return one;
    }
    if (!parsed) co_return passed(std::move(parsed));
    session.lists_with_metadata = parsed->has_empty_blobs;
    if (!parsed->page.next_marker.empty() && parsed->page.next_marker == options.marker) {
      co_return fail(ErrorKind::protocol, "the listing returned its own continuation marker");
    }
    co_return std::move(parsed->page);
  }

  Task<Result<BlobProperties>> properties(const Container& container, const BlobName& name,
                                          const Context& context) {
    Result<HttpResponse> response = co_await session.fetch(
        session.request(Method::head, session.blob_target(container, name), context), context);
    if (!response) co_return passed(std::move(response));
    Result<BlobReply> reply = read_blob_reply(Method::head, response->head, container, name);
    if (!reply) co_return passed(std::move(reply));
    co_return std::move(reply->properties);
  }

  bool refresh() { return session.credential->refresh(); }
};

BlobClient::BlobClient(AzureAccount account, std::unique_ptr<AzureCredential> credential,
                       Transport& transport, RetryPolicy retry)
    : account_(account),
      impl_(new Impl{.session = AzureSession(std::move(account), std::move(credential), transport),
                     .retry = retry}) {}
BlobClient::~BlobClient() = default;

Task<Result<ContainerPage>> BlobClient::list_containers(std::string marker, const Context& context) {
  Result<ContainerPage> page = co_await with_retry<ContainerPage>(
      impl_->retry, context, [&] { return impl_->list_containers(marker, context); },
      [this] { return impl_->refresh(); });
  if (!page) co_return failed(std::move(page), "azure.list_containers", account_.name.view());
  co_return page;
}

Task<Result<BlobPage>> BlobClient::list_blobs(const Container& container, const ListBlobsOptions& options,
                                              const Context& context) {
  int undecoded = 0;
  Result<BlobPage> page = co_await with_retry<BlobPage>(
      impl_->retry, context, [&] { return impl_->list_blobs(container, options, undecoded, context); },
      [this] { return impl_->refresh(); });
  if (!page) co_return failed(std::move(page), "azure.list_blobs", container.view());
  co_return page;
}

Task<Result<BlobProperties>> BlobClient::properties(const Container& container, const BlobName& name,
                                                    const Context& context) {
  Result<BlobProperties> properties = co_await with_retry<BlobProperties>(
      impl_->retry, context, [&] { return impl_->properties(container, name, context); },
      [this] { return impl_->refresh(); });
  if (!properties) co_return failed(std::move(properties), "azure.properties", name.view());
  co_return properties;
}

Task<Result<std::unique_ptr<BlobBody>>> BlobClient::read(const Container& container, const BlobName& name,
                                                         const ReadOptions& options, const Context& context) {
  Result<std::unique_ptr<BlobBody>> body =
      co_await open_blob_body(impl_->session, container, name, options, context);
  if (!body) co_return failed(std::move(body), "azure.read", name.view());
  co_return body;
}

std::string BlobClient::describe_credential() const {
  return impl_->session.credential->describe();
}

}  // namespace azs3copy
