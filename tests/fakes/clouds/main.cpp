// main.cpp of fake_clouds: both strict fakes as one program, for tests in scripts.
//
//   $ fake_clouds
//   {"azure":{"http":"http://127.0.0.1:41001","https":...,"account":...,"key":...},
//    "s3":{"http":...,"https":...,"access_key_id":...,"secret_access_key":...},
//    "control":"http://127.0.0.1:41005","ca_path":"/tmp/azs3copy-test-ca-....pem"}
//
// One line, then it serves until SIGINT, SIGTERM, or, with --stdin, until its standard input ends: a script
// that dies leaves nothing running.
#include <poll.h>
#include <unistd.h>

#include <csignal>
#include <cstdio>
#include <cstring>

#include "fakes/clouds/control.hpp"

namespace {

using namespace azs3copy;
using namespace azs3copy::fakes;

std::atomic<bool> stop_asked = false;

void on_signal(int) {
  stop_asked = true;
}

std::string description(const FakeAzure& azure, const FakeS3& s3, const Server& control) {
  std::string out;
  JsonWriter json(out);
  json.begin_object().key("azure").begin_object();
  json.field("http", azure.http_url()).field("https", azure.https_url());
  json.field("account", FakeAzure::account()).field("key", FakeAzure::account_key()).end_object();
  json.key("s3").begin_object().field("http", s3.http_url()).field("https", s3.https_url());
  json.field("access_key_id", FakeS3::access_key_id())
      .field("secret_access_key", FakeS3::secret_access_key());
  json.end_object().field("control", control.http_url()).field("ca_path", azure.ca_path()).end_object();
  return out;
}

void wait_for_end(bool with_stdin) {
  pollfd input{.fd = with_stdin ? STDIN_FILENO : -1, .events = POLLIN, .revents = 0};
  while (!stop_asked) {
    if (poll(&input, 1, 200) <= 0) continue;
    char scratch[4096];
    if (read(STDIN_FILENO, scratch, sizeof scratch) <= 0) return;
  }
}

}  // namespace

int main(int count, char** arguments) {
  const bool with_stdin = count == 2 && std::strcmp(arguments[1], "--stdin") == 0;
  if (count > 1 && !with_stdin) {
    std::fprintf(stderr, "usage: fake_clouds [--stdin]\n");
    return 2;
  }
  std::signal(SIGPIPE, SIG_IGN);
  std::signal(SIGINT, on_signal);
  std::signal(SIGTERM, on_signal);
  FakeAzure azure;
  FakeS3 s3;
  ControlService service(azure, s3);
  Server control(service, {});
  control.start();
  std::printf("%s\n", description(azure, s3, control).c_str());
  std::fflush(stdout);
  wait_for_end(with_stdin);
  return 0;
}
