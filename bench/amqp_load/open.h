#pragma once

#include <memory>

#include "amqp_load/link.h"
#include "amqp_load/options.h"

namespace millrace::bench {

/// Connects, opens the virtual host and channel 1. Ends the program when that fails.
std::unique_ptr<Link> open_link(const Options& options);

/// Declares (and first deletes, when asked to) the exchange and queues.
void declare_all(const Options& options);
void delete_all(const Options& options);

/// Dies when `frame` says that the server ended the channel or the connection.
void check_not_closed(wire::Method method, bytes::Reader& in);

}  // namespace millrace::bench
