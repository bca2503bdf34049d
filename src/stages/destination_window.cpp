// destination_window.cpp: the walk of the S3 listing along the Azure pages.
#include "stages/destination_window.hpp"

#include <algorithm>
#include <numeric>

namespace azs3copy {

namespace {

// Below `key`, with next to nothing between the two: its last character less one and the highest
// code point behind it. Where that can't be, the key without its last character. ListObjectsV2
// starts after what it is given.
std::string just_below(std::string_view key) {
  constexpr std::string_view highest = "\U0010FFFF";
  std::size_t end = key.size() - 1;
  const auto last = static_cast<unsigned char>(key[end]);
  if (last > 0x21 && last < 0x7F && key.size() + highest.size() <= key_bytes_max) {
    return std::string(key.substr(0, end)).append(1, static_cast<char>(last - 1)).append(highest);
  }
  while (end > 0 && (static_cast<unsigned char>(key[end]) & 0xC0) == 0x80) --end;
  return std::string(key.substr(0, end));
}

}  // namespace

void DestinationWindow::pass_front() {
  if (unclaimed_ && !front_claimed_) unclaimed_(rows_.front());
  front_claimed_ = false;
  place_ = rows_.front().key.str();
  rows_.pop_front();
}

Task<Result<>> DestinationWindow::pass_rest(const Context& context) {
  for (;;) {
    while (!rows_.empty()) pass_front();
    if (started_ && at_end_) co_return Result<>{};
    started_ = true;
    if (Result<> more = co_await next_page(context); !more) co_return more;
  }
}

void DestinationWindow::restart_before(std::string_view key) {
  const std::string passed = rows_.empty() ? place_ : rows_.back().key.str();
  rows_.clear();
  front_claimed_ = false;
  continuation_.clear();
  place_ = just_below(key);
  if (started_ && passed < key) place_ = std::max(place_, passed);  // never back over what was listed
  started_ = true;
  at_end_ = false;
}

Task<Result<>> DestinationWindow::next_page(const Context& context) {
  const std::string& last = rows_.empty() ? place_ : rows_.back().key.str();
  ListObjectsOptions options{.prefix = key_prefix_, .continuation = continuation_};
  if (continuation_.empty()) options.start_after = last;
  Result<ObjectPage> page = co_await s3_.list_objects(options, context);
  if (!page) co_return failed(std::move(page), "list the destination");
  std::string previous = last;
  for (ObjectEntry& row : page->objects) {
    if (row.key.str() <= previous) {
      if (row.key.str() == previous && rows_.empty()) continue;
      in_order_ = false;
      if (!unclaimed_) co_return Result<>{};
      co_return fail(ErrorKind::unsupported, "the destination does not list its keys in byte order",
                     row.key.view(),
                     "What is only at the destination can't be told then; ask one way only, with --one-way.");
    }
    previous = row.key.str();
    rows_.push_back(std::move(row));
  }
  if (page->objects.empty() && !page->continuation.empty() && page->continuation == continuation_) {
    co_return fail(ErrorKind::protocol, "the destination's listing returned its own continuation token");
  }
  continuation_ = std::move(page->continuation);
  at_end_ = continuation_.empty();
  co_return Result<>{};
}

Task<void> DestinationWindow::ask(const Key& key, std::optional<Existing>& found, Result<>& first_error,
                                  const Context& context) {
  const Slots::Slot slot = co_await asking_.acquire();
  if (!first_error) co_return;
  Result<ObjectHead> head = co_await s3_.head_object(key, context);
  if (head) {
    found = Existing{.size = head->size, .last_modified = head->last_modified};
  } else if (head.error().kind != ErrorKind::not_found) {
    first_error = failed(std::move(head), "look at the destination");
  }
}

Task<Result<std::vector<std::optional<Existing>>>> DestinationWindow::ask_each(
    const std::vector<const Key*>& keys, const Context& context) {
  std::vector<std::optional<Existing>> found(keys.size());
  Result<> first_error;
  Group group;
  for (std::size_t i = 0; i < keys.size(); ++i) group.spawn(ask(*keys[i], found[i], first_error, context));
  co_await group.join();
  if (!first_error) co_return passed(std::move(first_error));
  co_return found;
}

Task<Result<std::vector<std::optional<Existing>>>> DestinationWindow::look_up(
    const std::vector<const Key*>& keys, const Context& context) {
  if (!in_order_) co_return co_await ask_each(keys, context);
  std::vector<std::optional<Existing>> found(keys.size());
  std::vector<std::uint32_t> order(keys.size());
  std::iota(order.begin(), order.end(), 0U);
  const auto below = [&keys](std::uint32_t a, std::uint32_t b) { return *keys[a] < *keys[b]; };
  if (!std::is_sorted(order.begin(), order.end(), below)) std::sort(order.begin(), order.end(), below);

  for (const std::uint32_t index : order) {
    const std::string& key = keys[index]->str();
    const bool behind = key <= place_;
    // Beyond what is listed: the next page may as well begin there, so that keys that nobody asked for, be
    // there millions between two of ours, cost nothing.
    const bool beyond = !at_end_ && (rows_.empty() || rows_.back().key.str() < key);
    if (unclaimed_ && behind && started_) {
      co_return fail(ErrorKind::unsupported, "the source is not listed in the order of its keys", key,
                     "What is only at the destination can't be told then; ask one way only, with --one-way.");
    }
    if (!unclaimed_ && (!started_ || behind || beyond)) restart_before(key);
    started_ = true;
    for (;;) {
      while (!rows_.empty() && rows_.front().key.str() < key) pass_front();
      if (!rows_.empty() || at_end_) break;
      if (Result<> more = co_await next_page(context); !more) co_return passed(std::move(more));
      if (!in_order_) co_return co_await ask_each(keys, context);
    }
    if (!rows_.empty() && rows_.front().key.str() == key) {
      front_claimed_ = true;
      found[index] = Existing{.size = rows_.front().size, .last_modified = rows_.front().last_modified};
    }
  }
  co_return found;
}

}  // namespace azs3copy
