// functions.hpp: the two kinds of functions: the one that begins runs, and the five that take messages.
#pragma once

#include "hosts/lambda/engine.hpp"

namespace azs3copy {

// launch-qualification. Whatever wakes it asks for a run; the reply's JSON says which began, or why none did:
//
//   {"run":"20261123T074210Z-7f3a"}     {"run":null,"why":"not_active"}   not_yet, running, no_containers
Task<Result<std::string>> launch(Engine& engine, const Invocation& invocation, const Context& context);

// find-blobs, download, largefile-*: the messages of one event. Those that must come again are in the reply to an
// SQS event; an SNS event with one such fails as a whole.
Task<Result<std::string>> work_off(Engine& engine, const Invocation& invocation, const Context& context);

}  // namespace azs3copy
