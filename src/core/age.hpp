// age.hpp: how long ago something was, where the machine may have slept meanwhile.
//
//   steady  ----|=====|                     |==|-->   stands still while a virtual machine is suspended
//   wall    ----|=====|=====================|==|-->   goes on, and may be set, also back
//               since                        now      age: the larger of the two
//
// A Lambda sandbox may be frozen for hours between two invocations, and a laptop sleeps. What would be too
// old by either clock counts as too old: a connection is opened again, a token is fetched again, and nothing
// else happens.
#pragma once

#include <algorithm>

#include "core/context.hpp"

namespace azs3copy {

// A point in time by both clocks.
struct Moment {
  Steady::time_point steady;
  UtcTime utc;

  static Moment now(const Clock& clock) { return {clock.now(), clock.utc()}; }
  // Never less than what the steady clock says.
  Steady::duration age(const Clock& clock) const {
    return std::max<Steady::duration>(clock.now() - steady, clock.utc() - utc);
  }
};

}  // namespace azs3copy
