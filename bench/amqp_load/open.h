#pragma once

#include <memory>

#include "amqp_load/link.h"
#include "amqp_load/options.h"
#include "millrace/client/connection.h"

namespace millrace::bench {

/// Connects, opens the virtual host and channel 1. Ends the program when that fails.
std::unique_ptr<Link> open_link(const Options& options, std::size_t buffer_size = kBufferSize);
/// The same with the client library, for what is not about speed.
std::unique_ptr<client::Connection> open_client(const Options& options);

/// Declares (and first deletes, when asked to) the exchange and queues.
void declare_all(const Options& options);
void delete_all(const Options& options);

/// Dies when `frame` says that the server ended the channel or the connection.
void check_not_closed(wire::Method method, bytes::Reader& in);

}  // namespace millrace::bench
