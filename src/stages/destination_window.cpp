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

Existing existing_of(const ObjectEntry& row) {
  return {.size = row.size, .last_modified = row.last_modified};
}

std::unexpected<Error> own_token() {
  return fail(ErrorKind::protocol, "the destination's listing returned its own continuation token");
}

}  // namespace

void DestinationWindow::pass_front() {
  const ObjectEntry& row = rows_.front();
  if (unclaimed_ && !front_claimed_) held_.emplace(row.key.str(), existing_of(row));
  front_claimed_ = false;
  place_ = row.key.str();
  rows_.pop_front();
}

Task<Result<>> DestinationWindow::pass_rest(const Context& context) {
  while (!started_ || !at_end_ || !rows_.empty()) {
    while (!rows_.empty()) pass_front();
    if (started_ && at_end_) break;
    started_ = true;
    if (Result<> more = co_await next_page(context); !more) co_return more;
  }
  for (const auto& [key, existing] : held_) {
    unclaimed_({.key = Key(key), .size = existing.size, .last_modified = existing.last_modified});
  }
  held_.clear();
  co_return Result<>{};
}

// Of a destination that lists in no order, a check needs the whole list before it can compare.
Task<Result<>> DestinationWindow::hold_rest(const Context& context) {
  for (;;) {
    while (!rows_.empty()) pass_front();
    if (at_end_) co_return Result<>{};
    const ListObjectsOptions options{.prefix = key_prefix_, .continuation = continuation_};
    Result<ObjectPage> page = co_await s3_.list_objects(options, context);
    if (!page) co_return failed(std::move(page), "list the destination");
    rows_.insert(rows_.end(), std::make_move_iterator(page->objects.begin()),
                 std::make_move_iterator(page->objects.end()));
    if (page->objects.empty() && !page->continuation.empty() && page->continuation == continuation_)
      co_return own_token();
    continuation_ = std::move(page->continuation);
    at_end_ = continuation_.empty();
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
    if (row.key.str() == previous && (rows_.empty() || unclaimed_)) continue;  // listed twice
    if (row.key.str() <= previous) in_order_ = false;
    previous = row.key.str();
    rows_.push_back(std::move(row));
  }
  if (page->objects.empty() && !page->continuation.empty() && page->continuation == continuation_) {
    co_return own_token();
  }
  continuation_ = std::move(page->continuation);
  at_end_ = continuation_.empty();
  if (!in_order_ && unclaimed_) co_return co_await hold_rest(context);
  co_return Result<>{};
}

std::optional<Existing> DestinationWindow::take_held(const Key& key) {
  const auto held = held_.find(key.str());
  if (held == held_.end()) return std::nullopt;
  const Existing existing = held->second;
  held_.erase(held);
  return existing;
}

Task<void> DestinationWindow::ask(const Key& key, std::optional<Existing>& found, Result<>& error,
                                  const Context& context) {
  const Slots::Slot slot = co_await asking_.acquire();
  if (!error) co_return;
  Result<ObjectHead> head = co_await s3_.head_object(key, context);
  if (head) {
    found = Existing{.size = head->size, .last_modified = head->last_modified};
  } else if (head.error().kind != ErrorKind::not_found) {
    error = failed(std::move(head), "look at the destination");
  }
}

Task<Result<>> DestinationWindow::walk_to(const Key& key, std::optional<Existing>& found,
                                          const Context& context) {
  const bool behind = key.str() <= place_;
  // Beyond what is listed: the next page may as well begin there, so that keys that nobody asked for, be
  // there millions between two of ours, cost nothing.
  const bool beyond = !at_end_ && (rows_.empty() || rows_.back().key.str() < key.str());
  if (!unclaimed_ && (!started_ || behind || beyond)) restart_before(key.view());
  started_ = true;
  for (;;) {
    while (!rows_.empty() && rows_.front().key < key) pass_front();
    if (!rows_.empty() || at_end_) break;
    if (Result<> more = co_await next_page(context); !more || !in_order_) co_return more;
  }
  if (!rows_.empty() && rows_.front().key == key) {
    front_claimed_ = true;
    found = existing_of(rows_.front());
  }
  co_return Result<>{};
}

Task<Result<std::vector<std::optional<Existing>>>> DestinationWindow::look_up(
    const std::vector<const Key*>& keys, const Context& context) {
  std::vector<std::optional<Existing>> found(keys.size());
  std::vector<std::uint32_t> order(keys.size());
  std::iota(order.begin(), order.end(), 0U);
  const auto below = [&keys](std::uint32_t a, std::uint32_t b) { return *keys[a] < *keys[b]; };
  if (!std::is_sorted(order.begin(), order.end(), below)) std::sort(order.begin(), order.end(), below);

  std::vector<std::uint32_t> passed_by;
  for (const std::uint32_t index : order) {
    if (!in_order_) break;
    if (unclaimed_ && started_ && keys[index]->str() <= place_) {
      passed_by.push_back(index);
    } else if (Result<> walked = co_await walk_to(*keys[index], found[index], context); !walked) {
      co_return passed(std::move(walked));
    }
  }
  if (!in_order_) passed_by = std::move(order);
  Result<> error;
  Group asks;
  for (const std::uint32_t index : passed_by) {
    if (!found[index]) found[index] = take_held(*keys[index]);
    if (!found[index]) asks.spawn(ask(*keys[index], found[index], error, context));
  }
  co_await asks.join();
  if (!error) co_return passed(std::move(error));
  co_return found;
}

}  // namespace azs3copy
