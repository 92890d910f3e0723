#pragma once

#include <expected>
#include <string>

#include "catalog/objects.h"
#include "gateway/amqp091/errors.h"

// Objects that a definitions file describes, made by the same rules as those that clients declare. Their ids and shards
// are left to the caller.
namespace millrace::gateway::amqp091 {

/// `arguments` is the content of a field table, known to be valid.
struct DefinedExchange {
  std::string name;
  std::string type;
  bool durable = true;
  bool auto_delete = false;
  bool internal = false;
  bytes::ByteVector arguments;
};
std::expected<catalog::Exchange, Failure> define_exchange(DefinedExchange wanted, const catalog::VirtualHost& vhost);

struct DefinedQueue {
  std::string name;
  bool durable = true;
  bool auto_delete = false;
  bytes::ByteVector arguments;
};
std::expected<catalog::Queue, Failure> define_queue(DefinedQueue wanted, const catalog::VirtualHost& vhost);

/// One of `queue` and `exchange` is the destination, the other one null.
std::expected<catalog::Binding, Failure> define_binding(const catalog::Exchange& source, const catalog::Queue* queue,
                                                        const catalog::Exchange* exchange,
                                                        const std::string& routing_key, bytes::ByteView arguments);

}  // namespace millrace::gateway::amqp091
