// local_bus.cpp: publish, count, close.
#include "hosts/local/local_bus.hpp"

namespace azs3copy {

namespace {
std::unexpected<Error> stopped() {
  return fail(ErrorKind::cancelled, "the run is stopping");
}
}  // namespace

Task<Result<>> LocalBus::publish(FindBlobs work) {
  begin();
  if (co_await finds.push(std::move(work))) co_return Result<>{};
  done();
  co_return stopped();
}

Task<Result<>> LocalBus::publish(CopyBatch batch) {
  begin();
  if (co_await batches.push(std::move(batch))) co_return Result<>{};
  done();
  co_return stopped();
}

Task<Result<>> LocalBus::publish(LargeFile file) {
  begin();
  // From the listing it waits its turn; from a worker (a blob that changed) it must not, and such are few.
  const bool taken =
      file.replans > 0 ? files.push_at_once(std::move(file)) : co_await files.push(std::move(file));
  if (taken) co_return Result<>{};
  done();
  co_return stopped();
}

Task<Result<>> LocalBus::publish(PartTask part) {
  begin();
  if (co_await parts.push(std::move(part))) co_return Result<>{};
  done();
  co_return stopped();
}

Task<Result<>> LocalBus::publish(Recombine recombine) {
  begin();
  if (recombines.push_at_once(std::move(recombine))) co_return Result<>{};
  done();
  co_return stopped();
}

void LocalBus::done() {
  if (pending_.fetch_sub(1) == 1) close();
}

void LocalBus::close() {
  finds.close();
  batches.close();
  files.close();
  parts.close();
  recombines.close();
}

void LocalBus::abandon() {
  finds.abandon();
  batches.abandon();
  files.abandon();
  parts.abandon();
  recombines.abandon();
}

}  // namespace azs3copy
