// credential_process.hpp: a program that prints credentials, as `credential_process` in a profile names it.
//
//   command line -> words -> child process, no shell -> stdout: {"Version": 1, "AccessKeyId": ..., ...}
#pragma once

#include <string>
#include <string_view>
#include <vector>

#include "aws/credentials.hpp"
#include "core/context.hpp"

namespace azs3copy {

struct CredentialCommand {
  std::vector<std::string> words;  // the program and its arguments
  bool shell = false;              // it needs a shell: /bin/sh -c is in `words`
};

// Takes a command apart as a POSIX shell would quote it. What only a shell understands (|, $, ~/, ...) goes
// to one; an open quote is ErrorKind::invalid. Pure.
Result<CredentialCommand> split_credential_command(std::string_view command);

// Runs it for at most `limit` (and the context's deadline) and reads what it prints. It is killed with
// its children when time is up. Errors name the program only: its arguments, its output and what it
// writes to stderr may be secret.
Task<Result<AwsCredentials>> run_credential_process(std::string_view command, milliseconds limit,
                                                    const Context& context);

}  // namespace azs3copy
