#pragma once

#include "broker/dead_letter.h"

namespace millrace::gateway::amqp091 {

/// Writes the history of dead-lettered messages into their headers as RabbitMQ does: x-death (an array of tables, the
/// latest death first, one per queue and reason with a count), x-first-death-exchange, -queue and -reason (set once),
/// x-last-death-exchange, -queue and -reason (set each time). The property "expiration" moves into the death as
/// original-expiration.
class DeadLetterRewriter final : public broker::DeadLetterRewriter {
 public:
  std::string routing_key(bytes::ByteView native) const override;
  std::vector<std::string> extra_routing_keys(bytes::ByteView native, bytes::ByteView hidden) const override;
  std::vector<broker::Death> deaths(bytes::ByteView native) const override;
  void headers(bytes::ByteView native, model::HeaderList& out) const override;
  std::int64_t hash_number(bytes::ByteView native, catalog::HashSource source, std::string_view header) const override;
  std::optional<base::Millis> time_to_live(bytes::ByteView native) const override;
  bytes::ByteVector rewrite(bytes::ByteView native, const broker::DeathInfo& death) const override;
};

}  // namespace millrace::gateway::amqp091
