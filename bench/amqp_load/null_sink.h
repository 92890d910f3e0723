#pragma once

#include "amqp_load/options.h"

namespace millrace::bench {

/// A broker that keeps nothing: it answers every method, counts what is published, confirms it at once, and sends each
/// consumer as many messages as were published. What the generator reaches against it bounds every measurement made
/// with the generator. Serves until its standard input ends.
void run_null_sink(const Options& options);

}  // namespace millrace::bench
