// fake_s3.cpp: what tests call.
#include "fakes/fake_s3.hpp"

#include "codec/base64.hpp"
#include "codec/hash.hpp"
#include "fakes/s3/s3_service.hpp"

namespace azs3copy::fakes {

struct FakeS3::Impl {
  explicit Impl(const FakeS3Options& options) : service(options), server(service, options.server) {
    server.start();
  }
  S3Service service;
  Server server;
};

FakeS3::FakeS3(const FakeS3Options& options) : impl_(std::make_unique<Impl>(options)) {
  add_credentials(access_key_id(), secret_access_key());
}
FakeS3::~FakeS3() = default;

std::string FakeS3::http_url() const {
  return impl_->server.http_url();
}
std::string FakeS3::https_url() const {
  return impl_->server.https_url();
}
std::uint16_t FakeS3::http_port() const {
  return impl_->server.http_port();
}
std::uint16_t FakeS3::https_port() const {
  return impl_->server.https_port();
}
const std::string& FakeS3::ca_path() const {
  return TestCertificates::instance().ca_path();
}
Faults& FakeS3::faults() {
  return impl_->service.faults();
}
RequestLog& FakeS3::log() {
  return impl_->service.log();
}
const ConnectionCounters& FakeS3::connections() const {
  return impl_->server.connections();
}
void FakeS3::set_clock_offset(milliseconds offset) {
  impl_->service.set_clock_offset(offset);
}

const std::string& FakeS3::access_key_id() {
  static const std::string id = "FAKEACCESSKEYID";
  return id;
}
const std::string& FakeS3::secret_access_key() {
  static const std::string secret = "fake/secret+of=forty/characters/not/real";
  return secret;
}

void FakeS3::add_credentials(const std::string& id, const std::string& secret,
                             const std::string& session_token) {
  const std::lock_guard lock(impl_->service.mutex_);
  impl_->service.credentials_[id] = {.secret = secret, .session_token = session_token};
}
void FakeS3::remove_credentials(const std::string& id) {
  const std::lock_guard lock(impl_->service.mutex_);
  impl_->service.credentials_.erase(id);
}
void FakeS3::expire_credentials(const std::string& id) {
  const std::lock_guard lock(impl_->service.mutex_);
  impl_->service.credentials_.at(id).expired = true;
}

void FakeS3::add_bucket(const std::string& bucket, const std::string& region, const std::string& owner) {
  const std::lock_guard lock(impl_->service.mutex_);
  S3Service& service = impl_->service;
  service.buckets_[bucket] = {.region = region.empty() ? service.options_.region : region, .owner = owner};
}
void FakeS3::set_versioning(const std::string& bucket, bool on) {
  const std::lock_guard lock(impl_->service.mutex_);
  impl_->service.buckets_.at(bucket).versioned = on;
}
void FakeS3::put_object(const std::string& bucket, const std::string& key, FakeObject object) {
  const std::lock_guard lock(impl_->service.mutex_);
  if (object.etag.empty()) {
    Md5 md5;
    md5.update(bytes_of(read_all(*object.content)));
    object.etag = hex_encode(md5.finish());
  }
  impl_->service.store(impl_->service.buckets_.at(bucket), key, object);
}
void FakeS3::delete_object(const std::string& bucket, const std::string& key) {
  const std::lock_guard lock(impl_->service.mutex_);
  impl_->service.buckets_.at(bucket).objects.erase(key);
}
std::optional<FakeObject> FakeS3::object(const std::string& bucket, const std::string& key) const {
  const std::lock_guard lock(impl_->service.mutex_);
  const auto& objects = impl_->service.buckets_.at(bucket).objects;
  const auto found = objects.find(key);
  return found == objects.end() ? std::nullopt : std::optional(found->second);
}
std::vector<std::string> FakeS3::keys(const std::string& bucket) const {
  const std::lock_guard lock(impl_->service.mutex_);
  std::vector<std::string> keys;
  for (const auto& [key, object] : impl_->service.buckets_.at(bucket).objects) keys.push_back(key);
  return keys;
}
std::size_t FakeS3::object_count(const std::string& bucket) const {
  const std::lock_guard lock(impl_->service.mutex_);
  return impl_->service.buckets_.at(bucket).objects.size();
}
std::map<std::string, FakeUpload> FakeS3::uploads() const {
  const std::lock_guard lock(impl_->service.mutex_);
  return impl_->service.uploads_;
}
bool FakeS3::add_parts(const std::string& key, const ContentPtr& content, std::uint64_t part_bytes,
                       const std::set<std::uint32_t>& missing) {
  std::map<std::uint32_t, FakePart> parts;
  std::uint32_t number = 0;
  for (std::uint64_t first = 0; first < content->size(); first += part_bytes) {
    if (missing.contains(++number)) continue;
    const Range range{.first = first, .size = std::min(part_bytes, content->size() - first)};
    const Crc64 crc = crc_of(*content, range);
    parts[number] = {.content = digest_content(range.size, crc),
                     .etag = fmt::format("{:032x}", number),
                     .crc = crc,
                     .last_modified = impl_->service.now()};
  }
  const std::lock_guard lock(impl_->service.mutex_);
  for (auto& [id, upload] : impl_->service.uploads_) {
    if (upload.key != key) continue;
    upload.parts.merge(parts);
    return true;
  }
  return false;
}
std::map<std::pair<std::string, std::uint32_t>, std::uint64_t> FakeS3::parts_received() const {
  const std::lock_guard lock(impl_->service.mutex_);
  return impl_->service.parts_received_;
}
void FakeS3::set_options(const std::function<void(FakeS3Options&)>& change) {
  const std::lock_guard lock(impl_->service.mutex_);
  change(impl_->service.options_);
}

}  // namespace azs3copy::fakes
