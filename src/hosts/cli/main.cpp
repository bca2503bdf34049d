// main.cpp: azs3copy, the command line. What the process needs before anything else, and the real engine.
#include <netdb.h>
#include <sys/resource.h>
#include <unistd.h>

#include "hosts/cli/program.hpp"
#include "hosts/local/run.hpp"

extern "C" int __nss_configure_lookup(const char* database, const char* services);

namespace {

// Two connections a stream, and files: more than the usual soft limit of 1,024 allows.
void raise_descriptor_limit() {
  rlimit limit{};
  if (::getrlimit(RLIMIT_NOFILE, &limit) != 0) return;
  limit.rlim_cur = limit.rlim_max;
  ::setrlimit(RLIMIT_NOFILE, &limit);
}

}  // namespace

int main(int count, char** words, char** variables) {
  // In a static program, an nsswitch.conf that names a module of another glibc would abort the process.
  __nss_configure_lookup("hosts", "files dns");
  raise_descriptor_limit();
  using namespace azs3copy;
  const std::vector<std::string> arguments(words + (count > 0 ? 1 : 0), words + count);
  cli::Output out(STDOUT_FILENO);
  cli::Output err(STDERR_FILENO);
  const cli::Engine engine{.copy = run_copy,
                           .check = run_check,
                           .ls = run_ls,
                           .cleanup = run_cleanup,
                           .status = run_status,
                           .redrive = run_redrive};
  return cli::run_program(arguments, cli::process_surroundings(variables), engine, out, err);
}
