#pragma once

#include <string>

#include "amqp_load/options.h"

namespace millrace::bench {

/// What is not a flow of messages: options.task says what. The answer is a line of JSON.
std::string run_task(Options options);

/// One client that sends a request and waits for its answer, and one server that answers, for the given seconds.
std::string run_requests(const Options& options);

}  // namespace millrace::bench
