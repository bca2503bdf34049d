// main.cpp: bootstrap, the program that Lambda starts. What the process needs before anything else.
#include <netdb.h>
#include <signal.h>
#include <unistd.h>

#include "hosts/lambda/bootstrap.hpp"
#include "hosts/lambda/function.hpp"

extern "C" int __nss_configure_lookup(const char* database, const char* services);

int main(int count, char** words) {
  // In a static program, an nsswitch.conf that names a module of another glibc would abort the process.
  __nss_configure_lookup("hosts", "files dns");
  // The end of the sandbox: what is under way comes again, by its queue.
  ::signal(SIGTERM, [](int) { ::_exit(0); });
  ::signal(SIGPIPE, SIG_IGN);
  return azs3copy::run_bootstrap(azs3copy::bootstrap_input(count, words), azs3copy::make_function);
}
