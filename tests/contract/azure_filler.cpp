// azure_filler.cpp: Create Container, Put Blob, Put Block, Put Block List, Append Block, Put Page, Set Blob
// Tier.
#include "contract/azure_filler.hpp"

#include "azure/azure_error.hpp"
#include "codec/base64.hpp"
#include "codec/hash.hpp"
#include "codec/time.hpp"
#include "codec/url.hpp"

namespace azs3copy::contract {
namespace {

constexpr std::size_t page_bytes = 512;

std::string_view wire_name(BlobType type) {
  switch (type) {
    case BlobType::block:
      return "BlockBlob";
    case BlobType::append:
      return "AppendBlob";
    case BlobType::page:
      return "PageBlob";
  }
  return {};
}

// What Put Blob and Put Block List are told of the blob.
void add_attributes(Headers& headers, const NewBlob& blob) {
  const auto add = [&headers](std::string_view name, std::string_view value) {
    if (!value.empty()) headers.add(name, value);
  };
  add("x-ms-blob-content-type", blob.headers.content_type);
  add("x-ms-blob-content-encoding", blob.headers.content_encoding);
  add("x-ms-blob-content-language", blob.headers.content_language);
  add("x-ms-blob-content-disposition", blob.headers.content_disposition);
  add("x-ms-blob-cache-control", blob.headers.cache_control);
  add("x-ms-blob-content-md5", blob.content_md5);
  for (const auto& [name, value] : blob.metadata) headers.add("x-ms-meta-" + name, value);
}

}  // namespace

AzureFiller::AzureFiller(const AzureAccount& account, const Secret& key, Transport& transport)
    : account_(account),
      credential_(shared_key_credential(account.name, key).value()),
      transport_(transport) {}

HttpRequest AzureFiller::request(const Container& container, const BlobName& name, std::string_view query,
                                 const Context& context) const {
  HttpRequest request{.method = Method::put, .endpoint = account_.endpoint};
  request.target = fmt::format("{}/{}", account_.path_prefix, container.view());
  if (!name.empty()) request.target.append(1, '/').append(url_encode(name.view()));
  if (!query.empty()) request.target.append(1, '?').append(query);
  request.headers.add("x-ms-date", to_rfc1123(std::chrono::floor<seconds>(context.clock.utc())));
  request.headers.add("x-ms-version", azure_service_version);
  return request;
}

Task<Result<>> AzureFiller::send(HttpRequest request, const Context& context) {
  Result<> ready = co_await credential_->authorize(request, context);
  if (!ready) co_return ready;
  Result<HttpResponse> response = co_await fetch(transport_, request, context);
  if (!response) co_return passed(std::move(response));
  if (response->ok()) co_return Result<>{};
  Error error = azure_error(response->head, response->body, context.clock.utc());
  co_return failed(std::move(error), "filler", request.target);
}

Task<Result<>> AzureFiller::create_container(Container container, std::string public_access,
                                             const Context& context) {
  HttpRequest create = request(container, {}, "restype=container", context);
  if (!public_access.empty()) create.headers.add("x-ms-blob-public-access", public_access);
  co_return co_await send(std::move(create), context);
}

Task<Result<>> AzureFiller::put(Container container, BlobName name, NewBlob blob, const Context& context) {
  if (blob.type == BlobType::block && blob.block_bytes > 0) {
    co_return co_await put_blocks(container, name, blob, context);
  }
  HttpRequest put = request(container, name, {}, context);
  put.headers.add("x-ms-blob-type", wire_name(blob.type));
  add_attributes(put.headers, blob);
  if (blob.type == BlobType::block) put.body = bytes_of(blob.content);
  if (blob.type == BlobType::page) {
    put.headers.add("x-ms-blob-content-length", std::to_string(blob.content.size()));
  }
  Result<> made = co_await send(std::move(put), context);
  if (!made || blob.type == BlobType::block) co_return made;
  co_return co_await put_pieces(container, name, blob, context);
}

Task<Result<>> AzureFiller::put_blocks(const Container& container, const BlobName& name, const NewBlob& blob,
                                       const Context& context) {
  std::string list = "<?xml version=\"1.0\" encoding=\"utf-8\"?><BlockList>";
  for (std::size_t at = 0; at < blob.content.size(); at += blob.block_bytes) {
    const std::string id = base64_encode(bytes_of(fmt::format("block-{:08}", at)));
    HttpRequest put = request(container, name, "comp=block&blockid=" + url_encode(id), context);
    put.body = bytes_of(std::string_view(blob.content).substr(at, blob.block_bytes));
    Result<> sent = co_await send(std::move(put), context);
    if (!sent) co_return sent;
    list.append("<Latest>").append(id).append("</Latest>");
  }
  list += "</BlockList>";
  HttpRequest commit = request(container, name, "comp=blocklist", context);
  add_attributes(commit.headers, blob);
  commit.body = bytes_of(list);
  co_return co_await send(std::move(commit), context);
}

// What an append or page blob holds comes after it was made.
Task<Result<>> AzureFiller::put_pieces(const Container& container, const BlobName& name, const NewBlob& blob,
                                       const Context& context) {
  const bool pages = blob.type == BlobType::page;
  const std::size_t step = blob.block_bytes > 0 ? blob.block_bytes : pages ? page_bytes : blob.content.size();
  for (std::size_t at = 0; at < blob.content.size(); at += step) {
    HttpRequest put = request(container, name, pages ? "comp=page" : "comp=appendblock", context);
    put.body = bytes_of(std::string_view(blob.content).substr(at, step));
    if (pages) {
      put.headers.add("x-ms-page-write", "update");
      put.headers.add("x-ms-range", fmt::format("bytes={}-{}", at, at + put.body.size() - 1));
    }
    Result<> sent = co_await send(std::move(put), context);
    if (!sent) co_return sent;
  }
  co_return Result<>{};
}

Task<Result<>> AzureFiller::set_tier(Container container, BlobName name, std::string tier,
                                     const Context& context) {
  HttpRequest set = request(container, name, "comp=tier", context);
  set.headers.add("x-ms-access-tier", tier);
  co_return co_await send(std::move(set), context);
}

Secret account_sas(const Account& account, const Secret& key, std::string_view permissions, UtcTime expires) {
  const std::string end = to_iso8601(std::chrono::floor<seconds>(expires));
  // Name, permissions, services, resource types, start, end, addresses, protocols, version, encryption scope.
  const std::string to_sign = fmt::format("{}\n{}\nb\nsco\n\n{}\n\n\n{}\n\n", account.view(), permissions,
                                          end, azure_service_version);
  const auto secret = base64_decode(key.reveal()).value();
  const std::string signature = base64_encode(hmac_sha256(secret, bytes_of(to_sign)));
  return Secret(build_query({{"sv", std::string(azure_service_version)},
                             {"ss", "b"},
                             {"srt", "sco"},
                             {"sp", std::string(permissions)},
                             {"se", end},
                             {"sig", signature}}));
}

}  // namespace azs3copy::contract
