// destination_window.hpp: which keys of one Azure page the destination holds already, found by listing and
// not by asking for each: design decision 5.
//
//   Azure page:      k1 ......... k5000          next page: k5001 ......
//   S3 listing:   [ start-after just below k1 ... to k5000 ][ goes on where it stopped ... ]
//
// Nothing depends on Azure's order: a page that begins before the listing's place makes it start anew there.
// A server that does not list in byte order is asked for each key instead: slower, and as sure.
// An error voids the whole answer; "not listed" is never concluded from it.
#pragma once

#include <deque>
#include <functional>
#include <string>
#include <vector>

#include "stages/stage.hpp"

namespace azs3copy {

class DestinationWindow {
 public:
  // `key_prefix`: what all keys of the run start with. `unclaimed`, where given, is told of each row that no
  // key asked for; then the walk misses none, and keys that come out of order are an error.
  using Unclaimed = std::function<void(const ObjectEntry&)>;
  DestinationWindow(S3Client& s3, std::string key_prefix, Unclaimed unclaimed = {})
      : s3_(s3), key_prefix_(std::move(key_prefix)), unclaimed_(std::move(unclaimed)) {}

  // Tells `unclaimed` of all rows above the last key.
  Task<Result<>> pass_rest(const Context& context);

  // For each of `keys` what stands at it. In the order of `keys`, which may be any.
  Task<Result<std::vector<std::optional<Existing>>>> look_up(const std::vector<const Key*>& keys,
                                                             const Context& context);

  // False once the destination's listing was found out of byte order.
  bool in_order() const { return in_order_; }

 private:
  Task<Result<>> next_page(const Context& context);
  Task<Result<std::vector<std::optional<Existing>>>> ask_each(const std::vector<const Key*>& keys,
                                                              const Context& context);
  Task<void> ask(const Key& key, std::optional<Existing>& found, Result<>& first_error,
                 const Context& context);
  void restart_before(std::string_view key);
  void pass_front();

  S3Client& s3_;
  std::string key_prefix_;
  Unclaimed unclaimed_;
  bool front_claimed_ = false;    // the first row was asked for
  std::deque<ObjectEntry> rows_;  // listed and not yet passed, in order
  std::string place_;  // every key above it and up to the last row is in rows_; all below were passed
  std::string continuation_;
  bool started_ = false;
  bool at_end_ = false;  // nothing lies above the last row
  bool in_order_ = true;
  Slots asking_{32};  // HEADs in flight, once the order is lost
};

}  // namespace azs3copy
