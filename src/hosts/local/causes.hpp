// causes.hpp: what was not copied, grouped by why: a run of millions that fails for one reason says it once.
#pragma once

#include <map>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "hosts/local/run.hpp"

namespace azs3copy {

// Keeps the first names of each cause. Of bounded size; not thread-safe.
class Causes {
 public:
  using Id = std::uint16_t;
  // Of a skip or a failure. The cause that it was counted under.
  Id add(const ObjectRecord& record);
  // The blob has ended otherwise since.
  void remove(Id cause, std::string_view name);
  // Those that still count, skips before failures, by their text.
  std::vector<NotCopied> list() const;

 private:
  std::map<std::pair<Outcome, std::string>, Id> ids_;
  std::vector<NotCopied> kinds_;  // by id
};

}  // namespace azs3copy
