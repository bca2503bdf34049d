// s3_traits.cpp: learning from replies, and the judgement of a write.
#include "aws/s3_traits.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <charconv>
#include <utility>

#include "aws/s3_headers.hpp"
#include "codec/base64.hpp"

namespace azs3copy {
namespace {

constexpr std::size_t doubts_max = 1000;
constexpr std::string_view none_from_the_start = "--s3-checksum none leaves checksums out from the start";

std::string_view name_of(OptionalHeaders group) {
  switch (group) {
    case OptionalHeaders::checksums:
      return "checksum headers (x-amz-checksum-*)";
    case OptionalHeaders::upload_size:
      return "x-amz-mp-object-size";
    case OptionalHeaders::bucket_owner:
      return "x-amz-expected-bucket-owner";
  }
  return {};
}

std::string reason_of(const Error& refusal) {
  return fmt::format("{} {}: {}", refusal.http_status, refusal.service_code, refusal.message);
}

bool is_md5_form(std::string_view etag) {
  return etag.size() == 32 && std::ranges::all_of(etag, [](char c) {
           return (c >= '0' && c <= '9') || (c >= 'a' && c <= 'f') || (c >= 'A' && c <= 'F');
         });
}

bool is_md5(std::string_view etag, const Md5Digest& md5) {
  return std::ranges::equal(etag, hex_encode(md5), [](char a, char b) {
    return a == b || (a >= 'A' && a <= 'F' && a - 'A' + 'a' == b);
  });
}

// Under a key of KMS or of the customer the ETag is not an MD5.
bool hides_md5(const Headers& reply) {
  return reply.get("x-amz-server-side-encryption").starts_with("aws:kms") ||
         reply.contains("x-amz-server-side-encryption-customer-algorithm");
}

// Stored, and other bytes than were sent: another write replaces them.
std::unexpected<Error> doubtful(std::string message) {
  Error error{.kind = ErrorKind::corrupt, .retry = RetryVerdict::later, .message = std::move(message)};
  error.http_status = 200;
  error.advice = "if it happens again, suspect the network, a proxy or the server";
  return std::unexpected<Error>(std::move(error));
}

// By the ETag, if the reply has no CRC.
Result<Confirmation> confirmed_by_etag(const Headers& reply, const ETag& etag, const SentBody& sent,
                                       S3Traits& traits) {
  using Known = S3Traits::Known;
  std::optional<Md5Digest> md5 = sent.md5;
  if (!md5 && sent.kind == WriteKind::object) md5 = md5_of(sent.bytes);
  if (!md5) return Confirmation::none;
  if (is_md5(etag.view(), *md5)) {
    traits.learn_md5_etags(true);
    return Confirmation::md5;
  }
  const bool comparable = is_md5_form(etag.view()) && !hides_md5(reply) && traits.md5_etags() != Known::no;
  if (comparable && (!sent.with_content_md5 || traits.md5_etags() == Known::yes)) {
    return doubtful(
        fmt::format("S3's ETag {} is not the MD5 of the bytes sent, {}", etag.view(), hex_encode(*md5)));
  }
  // The server accepted the bytes with their MD5, so its ETags are something else.
  if (comparable) traits.learn_md5_etags(false);
  return sent.with_content_md5 ? Confirmation::md5 : Confirmation::none;
}

Result<PutReply> judge(const Headers& reply, const SentBody& sent, S3Traits& traits) {
  if (Result<> right = check_stored_size(reply, sent.size); !right) return passed(std::move(right));
  const std::string_view etag = reply.get("etag");
  if (etag.empty()) return fail(ErrorKind::protocol, "the reply to a PUT has no ETag");
  PutReply out{.etag = etag_from(etag), .version_id = std::string(reply.get("x-amz-version-id"))};
  if (sent.crc) {
    const Result<std::optional<Crc64>> crc =
        checksum_from(reply.get("x-amz-checksum-crc64nvme"), reply.get("x-amz-checksum-type"));
    Result<> same = crc ? check_checksum(*crc, sent.crc) : Result<>(std::unexpected<Error>(crc.error()));
    if (!same) {
      same.error().retry = RetryVerdict::later;  // another PUT replaces what was stored
      return passed(std::move(same));
    }
    out.crc = *crc;
    traits.learn_crc(sent.kind, out.crc.has_value());
    if (out.crc) out.confirmed = Confirmation::crc64nvme;
  }
  if (out.confirmed != Confirmation::none) return out;
  const Result<Confirmation> by_etag = confirmed_by_etag(reply, out.etag, sent, traits);
  if (!by_etag) return std::unexpected<Error>(by_etag.error());
  out.confirmed = *by_etag;
  return out;
}

}  // namespace

Result<> check_stored_size(const Headers& reply, std::uint64_t size) {
  const std::string_view text = reply.get("x-amz-object-size");
  std::uint64_t stored = 0;
  const auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), stored);
  if (text.empty() || error != std::errc() || end != text.data() + text.size() || stored == size) return {};
  return doubtful(fmt::format("S3 stored {} bytes of the {} that were sent", stored, size));
}

bool refuses_form(const Error& error) {
  if (error.http_status == 501) return true;
  if (error.http_status != 400 && error.http_status != 411) return false;
  const std::string_view code = error.service_code;
  return code.empty() || code == "BadRequest" || code == "InvalidArgument" || code == "NotImplemented" ||
         code == "MissingContentLength" || error.http_status == 411;
}

void S3Traits::start(bool is_aws, std::string name) {
  const std::lock_guard lock(mutex_);
  if (std::exchange(started_, true)) return;
  name_ = std::move(name);
  if (!is_aws) return;
  trailers_ = Known::yes;
  for (auto& taken : taken_) taken = Known::yes;
  for (auto& confirms : confirms_crc_) confirms = Known::yes;
}

void S3Traits::accepted(OptionalHeaders group) {
  Known unknown = Known::unknown;
  taken_[index(group)].compare_exchange_strong(unknown, Known::yes);
}

void S3Traits::leave_out(OptionalHeaders group, const Error& refusal) {
  if (taken_[index(group)].exchange(Known::no) == Known::no) return;
  const std::string_view effect =
      group == OptionalHeaders::checksums      ? "MD5 is compared instead, and they are left out from now on"
      : group == OptionalHeaders::bucket_owner ? "the bucket's owner is not checked"
                                               : "it is left out from now on";
  const std::string_view advice =
      group == OptionalHeaders::checksums ? none_from_the_start : std::string_view();
  warn(fmt::format("refuses {} ({}): {}{}{}", name_of(group), reason_of(refusal), effect,
                   advice.empty() ? "" : "; ", advice));
}

void S3Traits::leave_trailers_out(const Error* refusal) {
  if (trailers_.exchange(Known::no) == Known::no || refusal == nullptr) return;
  warn(
      fmt::format("refuses bodies with a checksum behind them (aws-chunked, {}): they are sent plain from "
                  "now on, and MD5 is "
                  "compared; {}",
                  reason_of(*refusal), none_from_the_start));
}

void S3Traits::learn_crc(WriteKind kind, bool confirmed) {
  std::atomic<Known>& known = confirms_crc_[static_cast<std::size_t>(kind)];
  if (!confirmed) {
    known = Known::no;  // for good: an endpoint of several servers is as its least able one
    return;
  }
  Known unknown = Known::unknown;
  known.compare_exchange_strong(unknown, Known::yes);
}

void S3Traits::learn_md5_etags(bool are_md5) {
  Known unknown = Known::unknown;
  md5_etags_.compare_exchange_strong(unknown, are_md5 ? Known::yes : Known::no);
}

void S3Traits::note_unconfirmed() {
  if (unconfirmed_.exchange(true)) return;
  warn("confirms neither checksum nor MD5 of what it stores: such objects are counted as unconfirmed");
}

void S3Traits::doubt(const PutTarget& target, std::uint64_t size, const Md5Digest& md5) {
  const std::lock_guard lock(mutex_);
  if (doubts_.size() >= doubts_max) doubts_.clear();  // of blobs that were given up
  doubts_.insert_or_assign(Target(target.key, target.upload, target.part_number, size), md5);
}

std::optional<Md5Digest> S3Traits::take_doubt(const PutTarget& target, std::uint64_t size) {
  const std::lock_guard lock(mutex_);
  if (doubts_.empty()) return std::nullopt;
  const auto found = doubts_.find(Target(target.key, target.upload, target.part_number, size));
  if (found == doubts_.end()) return std::nullopt;
  const Md5Digest md5 = found->second;
  doubts_.erase(found);
  return md5;
}

void S3Traits::warn(std::string text) {
  const std::lock_guard lock(mutex_);
  warnings_.push_back(fmt::format("S3 at {} {}", name_, text));
}

std::vector<std::string> S3Traits::take_warnings() {
  const std::lock_guard lock(mutex_);
  return std::exchange(warnings_, {});
}

Result<PutReply> judge_write(const Headers& reply, const SentBody& sent, S3Traits& traits) {
  Result<PutReply> judged = judge(reply, sent, traits);
  const bool proven = traits.trailers() == S3Traits::Known::yes;
  if (sent.with_trailer && !proven) {
    const bool by_crc = judged && judged->confirmed == Confirmation::crc64nvme;
    if (by_crc) {
      traits.trailers_work();
    } else {
      traits.leave_trailers_out(nullptr);
      // It may have stored the framing as content.
      if (judged && judged->confirmed == Confirmation::none) {
        judged = doubtful("S3 confirmed nothing of a body with its checksum in a trailer");
        judged.error().retry = RetryVerdict::other_form;
      }
    }
  }
  if (judged && judged->confirmed == Confirmation::none && sent.kind != WriteKind::part)
    traits.note_unconfirmed();
  return judged;
}

}  // namespace azs3copy
