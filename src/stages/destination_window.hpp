// destination_window.hpp: which keys of one Azure page the destination holds already, found by listing and
// not by asking for each: design decision 5.
//
//   Azure page:      k1 ......... k5000          next page: k5001 ......
//   S3 listing:   [ start-after just below k1 ... to k5000 ][ goes on where it stopped ... ]
//
// Nothing depends on Azure's order: a page that begins before the listing's place restarts it there. A check,
// which must know every row, holds the rows that no key asked for until the end, since a later page may ask for
// them: in a hierarchical namespace "table-v2/" follows "table/". Keys whose place is passed are asked for one by
// one. So are all once the destination turns out not to list in the order of its keys.
// An error voids the whole answer; "not listed" is never concluded from it.
#pragma once

#include <deque>
#include <functional>
#include <map>
#include <string>
#include <vector>

#include "stages/stage.hpp"

namespace azs3copy {

class DestinationWindow {
 public:
  // HEADs in flight at a time.
  static constexpr std::size_t asks_max = 32;

  // `key_prefix`: what all keys of the run start with. `unclaimed`, if given, receives each row that no key
  // asked for.
  using Unclaimed = std::function<void(const ObjectEntry&)>;
  DestinationWindow(S3Client& s3, std::string key_prefix, Unclaimed unclaimed = {})
      : s3_(s3), key_prefix_(std::move(key_prefix)), unclaimed_(std::move(unclaimed)) {}

  // Lists to the end, then passes each row that no key asked for to `unclaimed`.
  Task<Result<>> pass_rest(const Context& context);

  // For each of `keys` what stands at it. In the order of `keys`, which may be any.
  Task<Result<std::vector<std::optional<Existing>>>> look_up(const std::vector<const Key*>& keys,
                                                             const Context& context);

  // False once the destination's listing was found out of byte order.
  bool in_order() const { return in_order_; }

 private:
  Task<Result<>> next_page(const Context& context);
  Task<Result<>> hold_rest(const Context& context);
  Task<Result<>> walk_to(const Key& key, std::optional<Existing>& found, const Context& context);
  Task<void> ask(const Key& key, std::optional<Existing>& found, Result<>& error, const Context& context);
  std::optional<Existing> take_held(const Key& key);
  void restart_before(std::string_view key);
  void pass_front();

  S3Client& s3_;
  std::string key_prefix_;
  Unclaimed unclaimed_;
  bool front_claimed_ = false;    // the first row was asked for
  std::deque<ObjectEntry> rows_;  // listed and not yet passed, in order
  std::string place_;  // every key above it and up to the last row is in rows_; all below were passed
  std::map<std::string, Existing> held_;  // passed, and asked for by no key yet; with `unclaimed` only
  Slots asking_{asks_max};
  std::string continuation_;
  bool started_ = false;
  bool at_end_ = false;   // nothing follows the last row
  bool in_order_ = true;  // so far, rows came in the order of their keys
};

}  // namespace azs3copy
