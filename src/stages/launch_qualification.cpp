// launch_qualification.cpp: stage 1 of 6. Decides whether a run begins, and has its containers listed.
//
//   Launch --> switched on? --> begin date not in the future? --> FindBlobs x containers x literal starts of filters
//                 \-- no: a word in the log, and no message -------> the run is over
//
// Safe to repeat: a container listed twice is compared twice.
#include <fmt/format.h>

#include "codec/time.hpp"
#include "stages/named_blobs.hpp"
#include "stages/stage.hpp"

namespace azs3copy {

Task<Result<>> launch_qualification(Launch launch, Stage& stage, const Context& context) {
  if (!launch.is_active) {
    stage.reporter.log("info", "not_active", "the copy is switched off");
    co_return Result<>{};
  }
  if (launch.begin_date && *launch.begin_date > context.clock.utc()) {
    stage.reporter.log("info", "not_yet",
                       fmt::format("the begin date {} lies in the future", to_iso8601(*launch.begin_date)));
    co_return Result<>{};
  }
  // What the filters select may all begin alike: then nothing else is listed.
  const bool asks = names_to_ask(stage.filter) != nullptr;
  const std::vector<std::string> prefixes =
      stage.rules.mapping.listing_prefixes(asks ? std::vector<std::string>{""} : stage.filter.starts());
  for (const Container& container : launch.containers) {
    for (const std::string& prefix : prefixes) {
      FindBlobs work{.run = stage.run, .container = container, .prefix = prefix, .levels = launch.levels};
      if (Result<> sent = co_await stage.bus.publish(std::move(work)); !sent) co_return sent;
    }
  }
  co_return Result<>{};
}

}  // namespace azs3copy
