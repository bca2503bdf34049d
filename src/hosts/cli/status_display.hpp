// status_display.hpp: where the looks of `status` go.
//
//   look --> --json       an event on standard output
//        --> terminal     --watch: a block that is redrawn
//        --> elsewhere    --watch: a line
//   end  --> the whole block
#pragma once

#include <stop_token>

#include "hosts/cli/console.hpp"
#include "hosts/cli/screen.hpp"
#include "hosts/local/status.hpp"

namespace azs3copy::cli {

class StatusDisplay final : public StatusObserver {
 public:
  StatusDisplay(const Invocation& invocation, const Environment& environment, Console& console, Output& out,
                Output& err, std::stop_source& stop);

  // A first look at millions of records must not look dead.
  void on_reading(std::uint64_t done, std::uint64_t all) override;
  void on_look(const RunStatus& status) override;
  void end(const StatusResult& result);

 private:
  Style drawing_style(const Output& output) const;

  const Invocation& invocation_;
  const Environment& environment_;
  Console& console_;
  Output& out_;
  Output& err_;
  std::stop_source& stop_;
  Screen block_;    // on standard output
  Screen reading_;  // on standard error
  bool is_live_;
  bool looked_ = false;
  Steady::time_point drawn_ = Steady::now();
};

}  // namespace azs3copy::cli
