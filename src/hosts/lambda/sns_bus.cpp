// sns_bus.cpp: see sns_bus.hpp.
#include "hosts/lambda/sns_bus.hpp"

#include "ledger/run_store.hpp"
#include "messages/work_json.hpp"

namespace azs3copy {

Task<Result<>> SnsBus::publish(FindBlobs work) {
  std::string message = to_json(work);
  listings_.insert(work_name(message));
  co_return co_await add(topics_.find_blobs, std::move(message));
}

Task<Result<>> SnsBus::publish(CopyBatch batch) {
  for (std::string& message : to_json_messages(batch)) {
    if (Result<> added = co_await add(topics_.copy_batch, std::move(message)); !added) co_return added;
  }
  co_return Result<>{};
}

Task<Result<>> SnsBus::publish(LargeFile file) {
  co_return co_await add(topics_.large_file, to_json(file));
}

Task<Result<>> SnsBus::publish(PartTask part) {
  co_return co_await add(topics_.part_task, to_json(part));
}

Task<Result<>> SnsBus::publish(Recombine recombine) {
  co_return co_await add(topics_.recombine, to_json(recombine));
}

Task<Result<>> SnsBus::announce(Tally to_copy) {
  if (!on_page_) co_return Result<>{};
  co_return co_await on_page_(to_copy);
}

Task<Result<>> SnsBus::checkpoint(const FindBlobs& rest) {
  if (Result<> flushed = co_await flush(); !flushed || !on_checkpoint_) co_return flushed;
  co_return co_await on_checkpoint_(rest);
}

Task<Result<>> SnsBus::flush() {
  for (auto& [topic, gathered] : gathered_) {
    if (Result<> sent = co_await send(topic, gathered); !sent) co_return sent;
  }
  co_return Result<>{};
}

Task<Result<>> SnsBus::add(const std::string& topic, std::string message) {
  Gathered& gathered = gathered_[topic];
  gathered.bytes += message.size();
  gathered.messages.push_back(std::move(message));
  if (gathered.bytes < gather_) co_return Result<>{};
  co_return co_await send(topic, gathered);
}

// Stages publish from several coroutines: what is sent is taken out first.
Task<Result<>> SnsBus::send(const std::string& topic, Gathered& gathered) {
  Gathered sending;
  std::swap(sending, gathered);
  if (sending.messages.empty()) co_return Result<>{};
  co_return co_await sns_.publish_batch(topic, sending.messages, context_);
}

}  // namespace azs3copy
