// context.cpp: deadlines.
#include "core/context.hpp"

#include <algorithm>

namespace azs3copy {

Result<> Context::check() const {
  if (stopped()) return fail(ErrorKind::cancelled, "stopped on request");
  if (expired()) return fail(ErrorKind::timed_out, "the time limit passed");
  return {};
}

Context Context::with_timeout(milliseconds limit) const {
  Context child = *this;
  child.deadline = std::min(deadline, clock.now() + limit);
  return child;
}

Context Context::with_share(int percent) const {
  if (deadline == Steady::time_point::max()) return *this;
  return with_timeout(std::chrono::duration_cast<milliseconds>(deadline - clock.now()) * percent / 100);
}

Context Context::for_pause() const {
  Context pause = *this;
  if (wind_down.stop_possible()) pause.stop = wind_down;
  return pause;
}

Context Context::with_pass(const Pass& held) const {
  Context child = *this;
  child.pass = &held;
  return child;
}

Context Context::for_clean_up() const {
  Context clean_up = *this;
  clean_up.deadline = std::max(deadline, clean_up_deadline);
  return clean_up;
}

Context Context::with_retries_for(milliseconds limit) const {
  Context child = *this;
  child.retry_time_max = std::min(retry_time_max, limit);
  return child;
}

}  // namespace azs3copy
