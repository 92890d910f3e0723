#include <fmt/core.h>

#include "gateway/amqp091/bind.h"
#include "gateway/amqp091/channel.h"
#include "gateway/amqp091/declare_arguments.h"

namespace millrace::gateway::amqp091 {

using auth::Operation;

void Channel::queue_bind(const wire::QueueBind& method) {
  const auto name = queue_name(method.queue);
  if (!name.has_value()) return;
  // An empty key with an empty queue name stands for the name of that queue.
  const std::string_view key = method.queue.empty() && method.routing_key.empty() ? *name : method.routing_key;
  auto binding = binding_of({catalog::DestinationKind::queue, without_line_ends(*name),
                             without_line_ends(method.exchange), key, method.arguments});
  if (binding.has_value()) bind<wire::QueueBindOk>(std::move(*binding), method.no_wait);
}

void Channel::queue_unbind(const wire::QueueUnbind& method) {
  constexpr bool kNoWait = false;  // the method has no such flag
  const auto name = queue_name(method.queue);
  if (!name.has_value()) return;
  const std::string_view key = method.queue.empty() && method.routing_key.empty() ? *name : method.routing_key;
  unbind<wire::QueueUnbindOk>({catalog::DestinationKind::queue, without_line_ends(*name),
                               without_line_ends(method.exchange), key, method.arguments},
                              kNoWait);
}

void Channel::queue_purge(const wire::QueuePurge& method) {
  const auto name = queue_name(method.queue);
  if (!name.has_value() || !allow_queue(Operation::read, *name)) return;
  const auto source = find_source(*name);
  if (!source.has_value()) return;
  if (source->type == QueueType::stream) {
    return fail(wire::ReplyCode::not_implemented,
                fmt::format("queue.purge not supported by stream queues {}", queue_text(*name)));
  }
  shard().consumers().purge(source->ref,
                            later<std::uint64_t>([name = *name, no_wait = method.no_wait](
                                                     Channel& channel, const broker::Result<std::uint64_t>& result) {
                              if (!result.has_value())
                                return channel.fail(to_failure(result.error(), channel.queue_text(name)));
                              if (!no_wait) channel.reply(wire::QueuePurgeOk{static_cast<std::uint32_t>(*result)});
                            }));
}

void Channel::queue_delete(const wire::QueueDelete& method) {
  auto name = queue_name(method.queue);
  if (!name.has_value()) return;
  name = without_line_ends(*name);
  if (!allow_queue(Operation::configure, *name)) return;
  const catalog::Queue* queue = shard().catalog().find_queue(connection_.vhost().id, *name);
  if (queue == nullptr) {
    if (!method.no_wait) reply(wire::QueueDeleteOk{0});
    return;
  }
  if (locked(*queue)) return fail(locked_failure(queue_text(*name)));
  shard().topology().delete_queue(
      queue->id, method.if_unused, method.if_empty,
      later<std::uint64_t>(
          [name = *name, no_wait = method.no_wait](Channel& channel, const broker::Result<std::uint64_t>& result) {
            const bool absent = !result.has_value() && result.error().code == broker::BrokerErrc::not_found;
            if (!result.has_value() && !absent)
              return channel.fail(to_failure(result.error(), channel.queue_text(name)));
            if (!no_wait) channel.reply(wire::QueueDeleteOk{static_cast<std::uint32_t>(result.value_or(0))});
          }));
}

}  // namespace millrace::gateway::amqp091
