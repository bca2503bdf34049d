// azure_write.cpp: what fills an account over the wire, for suites that run on Azurite and on this fake
// alike: Create Container, Put Blob, Put Block, Put Block List, Append Block, Put Page, Set Blob
// Metadata, Set Blob Tier, Delete.
#include "codec/base64.hpp"
#include "codec/xml.hpp"
#include "fakes/azure/azure_service.hpp"

namespace azs3copy::fakes {
namespace {

constexpr std::size_t write_bytes_max = 256 * MiB;

std::vector<std::pair<std::string, std::string>> metadata_of(const RequestHead& request) {
  std::vector<std::pair<std::string, std::string>> metadata;
  for (const auto& [name, value] : request.fields()) {
    if (lower_case(name).starts_with("x-ms-meta-")) metadata.emplace_back(name.substr(10), value);
  }
  return metadata;
}

void take_headers(FakeBlob& blob, const RequestHead& request) {
  const auto take = [&](std::string& field, const char* name) {
    if (request.contains(name)) field = request.get(name);
  };
  take(blob.content_type, "x-ms-blob-content-type");
  take(blob.content_encoding, "x-ms-blob-content-encoding");
  take(blob.content_language, "x-ms-blob-content-language");
  take(blob.content_disposition, "x-ms-blob-content-disposition");
  take(blob.cache_control, "x-ms-blob-cache-control");
  take(blob.content_md5, "x-ms-blob-content-md5");
  take(blob.tier, "x-ms-access-tier");
  blob.metadata = metadata_of(request);
}

FakeBlob blob_from_put(const RequestHead& request, std::string body) {
  FakeBlob blob;
  blob.type = request.get("x-ms-blob-type");
  if (blob.type != "BlockBlob" && blob.type != "AppendBlob" && blob.type != "PageBlob") {
    throw AzureRefusal{400, "InvalidHeaderValue", "x-ms-blob-type"};
  }
  if (blob.type == "PageBlob") {
    const auto size = parse_number(request.get("x-ms-blob-content-length"));
    if (!size || *size % 512 != 0) throw AzureRefusal{400, "InvalidHeaderValue", "x-ms-blob-content-length"};
    body.assign(static_cast<std::size_t>(*size), '\0');
  }
  blob.content = stored_content(std::move(body));
  // Put Blob is the one operation after which Azure itself knows the MD5.
  if (blob.type == "BlockBlob") blob.content_md5 = md5_base64(*blob.content);
  if (request.contains("content-type")) blob.content_type = request.get("content-type");
  take_headers(blob, request);
  return blob;
}

}  // namespace

Task<Response> AzureService::write(Exchange& exchange, const Call& call, const AzureTarget& target) {
  {
    const std::lock_guard lock(mutex_);
    const bool deletes = call.operation.starts_with("Delete");
    authorize(exchange, target, deletes ? 'd' : 'w');
  }
  const RequestHead& request = exchange.request();
  if (request.method() == "PUT" && !request.content_length()) {
    throw AzureRefusal{411, "MissingContentLengthHeader", "The Content-Length header was not specified."};
  }
  std::string body = co_await exchange.read_text(write_bytes_max);
  if (request.contains("content-md5") && request.get("content-md5") != md5_base64(*stored_content(body))) {
    throw AzureRefusal{400, "Md5Mismatch", "The MD5 value specified in the request did not match."};
  }
  const std::lock_guard lock(mutex_);
  co_return apply_write(request, call, target, std::move(body));
}

Response AzureService::apply_write(const RequestHead& request, const Call& call, const AzureTarget& target,
                                   std::string body) {
  const std::string& operation = call.operation;
  auto& containers = accounts_.at(target.account).containers;
  if (operation == "CreateContainer") {
    AzureContainer fresh{.blobs = decltype(AzureContainer::blobs)(NameOrder{options_.list_order}),
                         .public_access = std::string(request.get("x-ms-blob-public-access")),
                         .last_modified = now(),
                         .etag = new_etag()};
    const bool made = containers.emplace(target.container, std::move(fresh)).second;
    if (!made) throw AzureRefusal{409, "ContainerAlreadyExists", "The specified container already exists."};
    return base_reply(request, 201);
  }
  AzureContainer& container = container_of(target);
  if (operation == "DeleteContainer") {
    containers.erase(target.container);
    return base_reply(request, 202);
  }
  if (operation == "PutBlob") {
    store(target.account, target.container, target.blob, blob_from_put(request, std::move(body)));
    return base_reply(request, 201).header("ETag", "\"" + blob_of(target).etag + "\"");
  }
  if (operation == "PutBlock") {
    container.blocks[target.blob][target.query.get("blockid")] = stored_content(std::move(body));
    return base_reply(request, 201);
  }
  if (operation == "PutBlockList") return commit_blocks(request, target, body);
  if (operation == "DeleteBlob") {
    blob_of(target);  // 404 where there is none
    container.blobs.erase(target.blob);
    return base_reply(request, 202);
  }
  FakeBlob changed = blob_of(target);
  int status = 201;
  if (operation == "AppendBlock") {
    changed.content = joined_content({changed.content, stored_content(std::move(body))});
  } else if (operation == "PutPage") {
    const auto range = parse_range(request.get("x-ms-range"));
    if (!range || range->first % 512 != 0) throw AzureRefusal{400, "InvalidHeaderValue", "x-ms-range"};
    std::string pages = read_all(*changed.content);
    pages.replace(static_cast<std::size_t>(range->first), body.size(), body);
    changed.content = stored_content(std::move(pages));
  } else if (operation == "SetBlobTier") {
    changed.tier = request.get("x-ms-access-tier");
    container.blobs[target.blob].tier = changed.tier;  // changes neither ETag nor Last-Modified
    return base_reply(request, 200);
  } else {
    changed.metadata = metadata_of(request);
    status = 200;
  }
  changed.etag.clear();
  changed.last_modified = {};
  store(target.account, target.container, target.blob, std::move(changed));
  return base_reply(request, status).header("ETag", "\"" + blob_of(target).etag + "\"");
}

Response AzureService::commit_blocks(const RequestHead& request, const AzureTarget& target,
                                     const std::string& body) {
  const auto document = XmlDocument::parse(body);
  if (!document) throw AzureRefusal{400, "InvalidXmlDocument", "XML specified is not syntactically valid."};
  auto& blocks = container_of(target).blocks[target.blob];
  std::vector<ContentPtr> parts;
  for (XmlNode node = document->root().first_child(); node; node = node.next_sibling()) {
    const auto found = blocks.find(std::string(node.text()));
    if (found == blocks.end())
      throw AzureRefusal{400, "InvalidBlockList", "The specified block list is invalid."};
    parts.push_back(found->second);
  }
  FakeBlob blob{.content =
                    joined_content(std::move(parts))};  // without Content-MD5: Azure does not make one here
  take_headers(blob, request);
  container_of(target).blocks.erase(target.blob);
  store(target.account, target.container, target.blob, std::move(blob));
  return base_reply(request, 201).header("ETag", "\"" + blob_of(target).etag + "\"");
}

}  // namespace azs3copy::fakes
