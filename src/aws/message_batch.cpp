// message_batch.cpp: packing, and the round of attempts of one batch.
#include "aws/message_batch.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <cassert>
#include <utility>

namespace azs3copy {
namespace {

// How many of `sizes` fit one request.
std::size_t batch_size(std::span<const std::size_t> sizes, std::size_t bytes_max) {
  std::size_t count = 0;
  std::size_t bytes = 0;
  while (count < sizes.size() && count < batch_entries_max && bytes + sizes[count] <= bytes_max) {
    bytes += sizes[count++];
  }
  return count;
}

// The entries of one request, over its attempts.
class Batch {
 public:
  Batch(std::size_t first, std::size_t count, const SendBatch& send) : send_(send) {
    for (std::size_t i = 0; i < count; ++i) waiting_.push_back(first + i);
  }

  // Success: nothing waits any more. What was refused for good stands in refused().
  Task<Result<bool>> attempt() {
    const Result<BatchReply> reply = co_await send_(waiting_);
    if (!reply) co_return std::unexpected<Error>(reply.error());
    std::optional<Error> again;
    std::erase_if(waiting_, [&](std::size_t index) { return !judge(*reply, index, again); });
    if (again) co_return std::unexpected<Error>(std::move(*again));
    co_return true;
  }

  std::size_t waiting() const { return waiting_.size(); }
  const std::vector<Error>& refused() const { return refused_; }

 private:
  // True: the entry is to be sent again, for the reason in `again`.
  bool judge(const BatchReply& reply, std::size_t index, std::optional<Error>& again) {
    const std::string id = batch_entry_id(index);
    if (std::find(reply.successful.begin(), reply.successful.end(), id) != reply.successful.end())
      return false;
    const auto failure = reply.failed.find(id);
    Error error = failure != reply.failed.end()
                      ? failure->second
                      : Error{.kind = ErrorKind::protocol,
                              .retry = RetryVerdict::later,
                              .message = "the reply does not mention this entry of the batch"};
    if (error.retry == RetryVerdict::never) {
      refused_.push_back(std::move(error));
      return false;
    }
    if (!again) again = std::move(error);
    return true;
  }

  const SendBatch& send_;
  std::vector<std::size_t> waiting_;
  std::vector<Error> refused_;
};

// The length of the character at the start of `text` that may stand in a message; 0 where there is none.
std::size_t character_size(std::string_view text) {
  const auto byte = [text](std::size_t i) {
    return i < text.size() ? static_cast<unsigned char>(text[i]) : 0U;
  };
  const unsigned first = byte(0);
  if (first < 0x80) return first >= 0x20 || first == '\t' || first == '\n' || first == '\r' ? 1 : 0;
  const std::size_t size = first >= 0xF0 ? 4 : first >= 0xE0 ? 3 : 2;
  unsigned code = first & (0xFFU >> (size + 1));
  for (std::size_t i = 1; i < size; ++i) {
    if ((byte(i) & 0xC0U) != 0x80U) return 0;
    code = code << 6 | (byte(i) & 0x3FU);
  }
  constexpr unsigned least[] = {0, 0, 0x80, 0x800, 0x10000};  // below: an overlong form
  const bool surrogate = code >= 0xD800 && code <= 0xDFFF;
  if (first < 0xC0 || first > 0xF4 || code < least[size] || code > 0x10FFFF || surrogate) return 0;
  return code == 0xFFFE || code == 0xFFFF ? 0 : size;
}

}  // namespace

std::string batch_entry_id(std::size_t index) {
  return std::to_string(index);
}

Task<Result<>> send_in_batches(std::vector<std::size_t> sizes, std::size_t bytes_max, AwsService& service,
                               SendBatch send, const Context& context) {
  std::optional<Error> first_error;
  std::size_t not_taken = 0;
  const auto note = [&](const Error& error) {
    if (!first_error) first_error = error;
  };
  for (std::size_t done = 0; done < sizes.size();) {
    const std::size_t count = batch_size(std::span(sizes).subspan(done), bytes_max);
    assert(count > 0 && "the sizes were checked");
    Batch batch(done, count, send);
    const Result<bool> sent = co_await with_retry<bool>(
        service.retry(), context, [&] { return batch.attempt(); }, service.login_again());
    done += count;
    for (const Error& error : batch.refused()) note(error);
    not_taken += batch.refused().size();
    if (sent) continue;
    note(sent.error());
    not_taken += batch.waiting() + (sizes.size() - done);
    break;
  }
  if (!first_error) co_return Result<>{};
  if (sizes.size() > 1) {
    first_error->message += fmt::format("; {} of {} entries were not taken", not_taken, sizes.size());
  }
  co_return std::unexpected<Error>(std::move(*first_error));
}

Result<> check_message(std::string_view message, std::size_t bytes_max) {
  if (message.empty()) return fail(ErrorKind::invalid, "a message cannot be empty");
  if (message.size() > bytes_max) {
    return fail(ErrorKind::invalid,
                fmt::format("the message has {} bytes of UTF-8; {} are the most", message.size(), bytes_max));
  }
  for (std::size_t at = 0; at < message.size();) {
    const std::size_t size = character_size(message.substr(at));
    if (size == 0) {
      return fail(ErrorKind::invalid,
                  fmt::format("byte {} of the message begins no character that a queue can hold", at), {},
                  "escape it, as JSON can");
    }
    at += size;
  }
  return {};
}

}  // namespace azs3copy
