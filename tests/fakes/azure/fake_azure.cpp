// fake_azure.cpp: from a request's target to its operation, and what tests call.
#include "fakes/fake_azure.hpp"

#include "codec/base64.hpp"
#include "codec/time.hpp"
#include "codec/url.hpp"
#include "fakes/azure/azure_service.hpp"

namespace azs3copy::fakes {
namespace {

// UTF-16 puts what UTF-8 writes with four bytes (surrogates, 0xD800..) before U+E000..U+FFFF.
int utf16_rank(unsigned char c) {
  if (c >= 0xf0) return 0xee00 + c;       // between 0xed.. and 0xee..
  if (c >= 0xee) return (c << 8) + 0xff;  // after them
  return c << 8;
}

int rank(ListOrder order, char c) {
  const auto byte = static_cast<unsigned char>(c);
  if (order == ListOrder::slash_first) return c == '/' ? -1 : byte;
  return order == ListOrder::utf16 ? utf16_rank(byte) : byte;
}

std::string decoded(std::string_view text) {
  const auto value = url_decode(text);
  if (!value) throw AzureRefusal{400, "InvalidUri", "The requested URI does not represent any resource."};
  return *value;
}

std::string default_code(int status) {
  switch (status) {
    case 401:
      return "InvalidAuthenticationInfo";
    case 403:
      return "AuthorizationFailure";
    case 404:
      return "BlobNotFound";
    case 409:
      return "BlobArchived";
    case 412:
      return "ConditionNotMet";
    case 429:
      return "TooManyRequests";
    case 500:
      return "InternalError";
    case 503:
      return "ServerBusy";
    default:
      return "Error";
  }
}

std::string blob_write_operation(const std::string& comp) {
  static const std::map<std::string, std::string> operations = {{"", "PutBlob"},
                                                                {"block", "PutBlock"},
                                                                {"blocklist", "PutBlockList"},
                                                                {"appendblock", "AppendBlock"},
                                                                {"page", "PutPage"},
                                                                {"tier", "SetBlobTier"},
                                                                {"metadata", "SetBlobMetadata"}};
  const auto found = operations.find(comp);
  return found == operations.end() ? "Unknown" : found->second;
}

std::string operation_of(const RequestHead& request, const AzureTarget& target) {
  const std::string_view method = request.method();
  const std::string comp = target.query.get("comp");
  const bool reads = method == "GET" || method == "HEAD";
  if (request.path().ends_with("/oauth2/v2.0/token")) return "EntraToken";
  if (request.path() == "/metadata/identity/oauth2/token") return "ManagedIdentityToken";
  if (target.container.empty()) return comp == "list" && method == "GET" ? "ListContainers" : "Unknown";
  if (target.query.get("restype") == "container") {
    if (comp == "list") return method == "GET" ? "ListBlobs" : "Unknown";
    if (method == "PUT") return "CreateContainer";
    return method == "DELETE" ? "DeleteContainer" : reads ? "GetContainerProperties" : "Unknown";
  }
  if (method == "PUT") return blob_write_operation(comp);
  if (method == "DELETE") return "DeleteBlob";
  if (comp == "tags" && method == "GET") return "GetBlobTags";
  if (!comp.empty()) return "Unknown";
  return method == "GET" ? "GetBlob" : method == "HEAD" ? "GetBlobProperties" : "Unknown";
}

bool is_token_operation(const std::string& operation) {
  return operation == "EntraToken" || operation == "ManagedIdentityToken";
}

}  // namespace

bool NameOrder::operator()(const std::string& a, const std::string& b) const {
  if (order == ListOrder::bytes) return a < b;
  return std::lexicographical_compare(a.begin(), a.end(), b.begin(), b.end(),
                                      [this](char x, char y) { return rank(order, x) < rank(order, y); });
}

AzureTarget azure_target(const RequestHead& request) {
  AzureTarget target{.query = Query(request.query())};
  std::string_view path = request.path().substr(1);
  const auto next_segment = [&path] {
    const std::string_view segment = path.substr(0, path.find('/'));
    path.remove_prefix(std::min(path.size(), segment.size() + 1));
    return segment;
  };
  const std::string_view host = request.get("host");
  const std::size_t suffix = host.find(".blob.");
  target.account =
      suffix == std::string_view::npos ? std::string(next_segment()) : std::string(host.substr(0, suffix));
  const bool one_segment = path.find('/') == std::string_view::npos;
  if (!path.empty() && one_segment && !target.query.contains("restype")) {
    target.container = "$root";  // a blob named alone lies in the root container
    target.blob = decoded(path);
    return target;
  }
  target.container = decoded(next_segment());
  target.blob = decoded(path);
  return target;
}

Call AzureService::name_call(const RequestHead& request) {
  try {
    const AzureTarget target = azure_target(request);
    const std::string name = target.blob.empty() ? target.container : target.container + "/" + target.blob;
    return {.operation = operation_of(request, target), .subject = name};
  } catch (const AzureRefusal&) {
    return {.operation = "Unknown"};
  }
}

Response AzureService::base_reply(const RequestHead& request, int status) const {
  static std::atomic<std::uint64_t> requests = 0;
  Response reply{.status = status};
  reply.header("Server", "Windows-Azure-Blob/1.0 Microsoft-HTTPAPI/2.0");
  reply.header("x-ms-request-id", fmt::format("{:08x}-001e-0000-0000-000000000000", ++requests));
  if (request.contains("x-ms-version"))
    reply.header("x-ms-version", std::string(request.get("x-ms-version")));
  if (request.contains("x-ms-client-request-id")) {
    reply.header("x-ms-client-request-id", std::string(request.get("x-ms-client-request-id")));
  }
  reply.header("Date", to_rfc1123(now()));
  reply.head_only = request.method() == "HEAD";
  return reply;
}

Response AzureService::refuse(const RequestHead& request, const AzureRefusal& refusal) {
  Response reply = base_reply(request, refusal.status);
  reply.header("x-ms-error-code", refusal.code);
  for (const auto& [name, value] : refusal.headers) reply.header(name, value);
  if (reply.head_only || refusal.status == 304) return reply;  // HEAD: the header only
  reply.header("Content-Type", "application/xml");
  reply.body = "\xef\xbb\xbf<?xml version=\"1.0\" encoding=\"utf-8\"?><Error>";
  xml_element(reply.body, "Code", refusal.code);
  xml_element(reply.body, "Message",
              fmt::format("{}\nRequestId:{}\nTime:{}", refusal.message, reply.get("x-ms-request-id"),
                          iso_milliseconds(now())));
  reply.body += "</Error>";
  return reply;
}

Response AzureService::error_reply(const RequestHead& request, int status, std::string_view code,
                                   std::string_view message) {
  return refuse(request,
                {status, code.empty() ? default_code(status) : std::string(code), std::string(message)});
}

Task<Response> AzureService::answer(Exchange& exchange, const Call& call) {
  const RequestHead& request = exchange.request();
  try {
    if (is_token_operation(call.operation)) co_return co_await token(exchange, call);
    if (call.operation == "Unknown") {
      throw AzureRefusal{400, "InvalidQueryParameterValue", "The fake does not know this operation."};
    }
    co_return co_await carry_out(exchange, call, azure_target(request));
  } catch (const AzureRefusal& refusal) {
    co_return refuse(request, refusal);
  }
}

Task<Response> AzureService::carry_out(Exchange& exchange, const Call& call, const AzureTarget& target) {
  const RequestHead& request = exchange.request();
  const std::string& operation = call.operation;
  if (request.method() == "PUT" || request.method() == "DELETE")
    co_return co_await write(exchange, call, target);
  const std::lock_guard lock(mutex_);
  const bool lists = operation == "ListContainers" || operation == "ListBlobs";
  authorize(exchange, target, lists ? 'l' : operation == "GetBlobTags" ? 't' : 'r');
  if (operation == "ListContainers") co_return list_containers(request, target);
  if (operation == "ListBlobs") co_return list_blobs(request, target);
  if (operation == "GetBlobTags") co_return get_tags(request, target);
  if (operation == "GetContainerProperties") {
    const AzureContainer& container = container_of(target);
    Response reply = base_reply(request);
    reply.header("ETag", "\"" + container.etag + "\"");
    reply.header("Last-Modified", to_rfc1123(container.last_modified));
    co_return reply;
  }
  co_return get_blob(request, target, call);
}

AzureContainer& AzureService::container_of(const AzureTarget& target) {
  auto& containers = accounts_.at(target.account).containers;
  const auto found = containers.find(target.container);
  if (found == containers.end()) {
    throw AzureRefusal{404, "ContainerNotFound", "The specified container does not exist."};
  }
  return found->second;
}

FakeBlob& AzureService::blob_of(const AzureTarget& target) {
  auto& blobs = container_of(target).blobs;
  const auto found = blobs.find(target.blob);
  if (found == blobs.end()) throw AzureRefusal{404, "BlobNotFound", "The specified blob does not exist."};
  return found->second;
}

std::string AzureService::new_etag() {
  ++changes_;
  const auto ticks = static_cast<std::uint64_t>(now().time_since_epoch().count());
  return fmt::format("0x8D{:013X}", (ticks << 12 | (changes_ & 0xfff)) & 0xfffffffffffff);
}

void AzureService::store(const std::string& account, const std::string& container, const std::string& name,
                         FakeBlob blob) {
  if (blob.etag.empty()) blob.etag = new_etag();
  // Azure keeps whole seconds.
  if (blob.last_modified == UtcTime{}) blob.last_modified = now();
  blob.last_modified = std::chrono::floor<std::chrono::seconds>(blob.last_modified);
  accounts_.at(account).containers.at(container).blobs.insert_or_assign(name, std::move(blob));
}

struct FakeAzure::Impl {
  explicit Impl(const FakeAzureOptions& options) : service(options), server(service, options.server) {
    service.https_endpoint = [this](const std::string& account) {
      return fmt::format("{}/{}/", server.https_url(), account);
    };
    server.start();
  }
  AzureService service;
  Server server;
};

FakeAzure::FakeAzure(const FakeAzureOptions& options) : impl_(std::make_unique<Impl>(options)) {
  add_account(account(), account_key());
}
FakeAzure::~FakeAzure() = default;

std::string FakeAzure::http_url() const {
  return impl_->server.http_url();
}
std::string FakeAzure::https_url() const {
  return impl_->server.https_url();
}
std::uint16_t FakeAzure::http_port() const {
  return impl_->server.http_port();
}
std::uint16_t FakeAzure::https_port() const {
  return impl_->server.https_port();
}
const std::string& FakeAzure::ca_path() const {
  return TestCertificates::instance().ca_path();
}
Faults& FakeAzure::faults() {
  return impl_->service.faults();
}
RequestLog& FakeAzure::log() {
  return impl_->service.log();
}
const ConnectionCounters& FakeAzure::connections() const {
  return impl_->server.connections();
}
void FakeAzure::set_clock_offset(milliseconds offset) {
  impl_->service.set_clock_offset(offset);
}

const std::string& FakeAzure::account() {
  static const std::string name = "fakeaccount";
  return name;
}
const std::string& FakeAzure::account_key() {
  static const std::string key =
      base64_encode(bytes_of("the key of the fake account, 64 bytes as a real one: ../+/=!?*%"));
  return key;
}

void FakeAzure::add_account(const std::string& name, const std::string& key_base64) {
  const auto key = base64_decode(key_base64).value();
  const std::lock_guard lock(impl_->service.mutex_);
  impl_->service.accounts_[name].key = text_of(key);
}

std::string FakeAzure::issue_sas(const SasGrant& grant, const std::string& account_name) {
  const std::lock_guard lock(impl_->service.mutex_);
  AzureService& service = impl_->service;
  const UtcTime expires = service.now() + grant.lifetime;
  const auto number = std::to_string(service.sas_.size() + 1);
  // With '+', '/' and '=' inside, as real ones: who decodes or encodes it once too often loses it.
  const std::string signature = "fake+signature/of" + number + "==";
  QueryPairs pairs = {{"sv", "2025-01-05"},
                      {"se", to_iso8601(std::chrono::floor<std::chrono::seconds>(expires))},
                      {"sp", grant.permissions}};
  if (grant.container.empty()) {
    pairs.insert(pairs.end(), {{"ss", "b"}, {"srt", "sco"}});
  } else {
    pairs.emplace_back("sr", "c");
  }
  service.sas_[signature] = {account_name, grant, expires, {pairs.begin(), pairs.end()}};
  pairs.emplace_back("sig", signature);
  return build_query(pairs);
}

void FakeAzure::add_application(const std::string& tenant, const std::string& client_id,
                                const std::string& secret) {
  const std::lock_guard lock(impl_->service.mutex_);
  impl_->service.applications_[tenant + " " + client_id] = secret;
}
void FakeAzure::add_assertion(const std::string& client_id, const std::string& assertion) {
  const std::lock_guard lock(impl_->service.mutex_);
  impl_->service.assertions_.emplace(client_id, assertion);
}
std::string FakeAzure::issue_token(milliseconds lifetime) {
  const std::lock_guard lock(impl_->service.mutex_);
  return impl_->service.issue_token(lifetime);
}
void FakeAzure::set_token_lifetime(milliseconds lifetime) {
  const std::lock_guard lock(impl_->service.mutex_);
  impl_->service.token_lifetime_ = lifetime;
}
void FakeAzure::expire_tokens() {
  const std::lock_guard lock(impl_->service.mutex_);
  impl_->service.tokens_.clear();
}
void FakeAzure::set_bearer_permissions(const std::string& permissions) {
  const std::lock_guard lock(impl_->service.mutex_);
  impl_->service.bearer_permissions_ = permissions;
}
std::uint64_t FakeAzure::tokens_issued() const {
  const std::lock_guard lock(impl_->service.mutex_);
  return impl_->service.tokens_issued_;
}

void FakeAzure::add_container(const std::string& container, const std::string& public_access,
                              const std::string& account_name, std::optional<ListOrder> order) {
  const std::lock_guard lock(impl_->service.mutex_);
  AzureService& service = impl_->service;
  service.accounts_.at(account_name).containers[container] = {
      .blobs = decltype(AzureContainer::blobs)(NameOrder{order.value_or(service.options_.list_order)}),
      .public_access = public_access,
      .last_modified = service.now(),
      .etag = service.new_etag()};
}
void FakeAzure::put_blob(const std::string& container, const std::string& name, FakeBlob blob,
                         const std::string& account_name) {
  const std::lock_guard lock(impl_->service.mutex_);
  impl_->service.store(account_name, container, name, std::move(blob));
}
void FakeAzure::put_text(const std::string& container, const std::string& name, std::string text) {
  put_blob(container, name, {.content = stored_content(std::move(text))});
}
void FakeAzure::delete_blob(const std::string& container, const std::string& name,
                            const std::string& account_name) {
  const std::lock_guard lock(impl_->service.mutex_);
  impl_->service.accounts_.at(account_name).containers.at(container).blobs.erase(name);
}
std::optional<FakeBlob> FakeAzure::blob(const std::string& container, const std::string& name,
                                        const std::string& account_name) const {
  const std::lock_guard lock(impl_->service.mutex_);
  const auto& blobs = impl_->service.accounts_.at(account_name).containers.at(container).blobs;
  const auto found = blobs.find(name);
  return found == blobs.end() ? std::nullopt : std::optional(found->second);
}
std::vector<std::string> FakeAzure::names(const std::string& container,
                                          const std::string& account_name) const {
  const std::lock_guard lock(impl_->service.mutex_);
  std::vector<std::string> names;
  for (const auto& [name, blob] : impl_->service.accounts_.at(account_name).containers.at(container).blobs) {
    names.push_back(name);
  }
  return names;
}

void FakeAzure::set_options(const std::function<void(FakeAzureOptions&)>& change) {
  const std::lock_guard lock(impl_->service.mutex_);
  change(impl_->service.options_);
}

}  // namespace azs3copy::fakes
