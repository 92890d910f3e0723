#include <fmt/core.h>

#include "gateway/amqp091/channel.h"
#include "gateway/amqp091/declare_arguments.h"
#include "gateway/amqp091/errors.h"
#include "gateway/amqp091/stream_arguments.h"

namespace millrace::gateway::amqp091 {

using auth::Operation;
using wire::ReplyCode;

/// A queue.declare that outlives its frame.
struct QueueDeclaration {
  std::string name;
  bool durable = false;
  bool exclusive = false;
  bool auto_delete = false;
  bool no_wait = false;
  bool server_named = false;
  QueueType type = QueueType::classic;
  bytes::ByteVector arguments;
};

void Channel::queue_declare(const wire::QueueDeclare& method) {
  if (method.queue.starts_with(kReplyTo)) return declare_reply_queue(method);
  if (method.passive) return queue_declare_passive(method);
  QueueDeclaration wanted;
  wanted.name = without_line_ends(method.queue);
  // What goes with its connection outlives no restart: the flag means nothing then, and is not compared.
  wanted.durable = method.durable && !method.exclusive;
  wanted.exclusive = method.exclusive;
  wanted.auto_delete = method.auto_delete;
  wanted.no_wait = method.no_wait;
  const bytes::ByteView arguments = method.arguments.content();
  wanted.arguments.assign(arguments.begin(), arguments.end());
  if (const auto* vhost = shard().catalog().find_virtual_host(connection_.vhost().id)) {
    add_usual_type(*vhost, {method.durable, method.exclusive, method.auto_delete}, wanted.arguments);
  }
  if (wanted.name.empty()) {
    wanted.server_named = true;
    wanted.name = "amq.gen-" + connection_.unique_suffix();
  }
  const catalog::Queue* current = shard().catalog().find_queue(connection_.vhost().id, wanted.name);
  if (current == nullptr && !wanted.server_named && wanted.name.starts_with(kReservedPrefix)) {
    return fail(ReplyCode::access_refused,
                fmt::format("queue name '{}' contains reserved prefix 'amq.*'", wanted.name));
  }
  if (!allow_queue(Operation::configure, wanted.name)) return;
  if (current != nullptr) return queue_redeclare(wanted, *current);
  queue_create(std::move(wanted));
}

void Channel::queue_declare_passive(const wire::QueueDeclare& method) {
  const std::string name = without_line_ends(method.queue);
  const auto source = find_source(name);
  if (source.has_value()) queue_declared(name, *source, method.no_wait);
}

void Channel::queue_redeclare(const QueueDeclaration& wanted, const catalog::Queue& current) {
  const std::string resource = queue_text(wanted.name);
  // Stricter than for other methods: to declare it as not exclusive is refused even to its owner.
  if (locked(current) || wanted.exclusive != current.exclusive_owner.has_value()) return fail(locked_failure(resource));
  for (const auto& failure : {compare_flag("durable", wanted.durable, current.durable, resource),
                              compare_flag("auto_delete", wanted.auto_delete, current.auto_delete, resource)}) {
    if (failure.has_value()) return fail(*failure);
  }
  const auto arguments = wire::FieldTableView::trusted(
      current.native_protocol == model::Protocol::amqp091 ? current.native_arguments : bytes::ByteView{});
  const auto received = wire::FieldTableView::trusted(wanted.arguments);
  if (const auto failure = compare_queue_arguments(received, arguments, queue_type_of(current), resource)) {
    return fail(*failure);
  }
  queue_declared(wanted.name, source_of(current), wanted.no_wait);
}

void Channel::queue_create(QueueDeclaration wanted) {
  catalog::Queue queue;
  queue.vhost = connection_.vhost().id;
  queue.name = wanted.name;
  queue.durable = wanted.durable;
  queue.auto_delete = wanted.auto_delete;
  if (auto failure = parse_queue_arguments(wire::FieldTableView::trusted(wanted.arguments),
                                           {wanted.durable, wanted.exclusive, wanted.auto_delete, wanted.server_named},
                                           queue_text(wanted.name), queue)) {
    return fail(*failure);
  }
  if (queue.settings.dead_letter_exchange.has_value()) {
    if (!allow_queue(Operation::read, wanted.name)) return;
    if (!allow_exchange(Operation::write, *queue.settings.dead_letter_exchange)) return;
  }
  if (wanted.exclusive) queue.exclusive_owner = connection_.id().value;
  wanted.type = queue_type_of(queue);
  queue.native_arguments = wanted.arguments;
  queue.native_protocol = model::Protocol::amqp091;
  queue.owner_user = connection_.user();
  const auto arguments = wire::FieldTableView::trusted(queue.native_arguments);
  const auto source = read_source(arguments, connection_.now(), queue_text(wanted.name));
  if (!source.has_value()) return fail(source.error());
  if (source->has_value() && !find_topic((*source)->topic, queue)) return;
  auto created = later<broker::QueueRef>(
      [wanted = std::move(wanted)](Channel& channel, const broker::Result<broker::QueueRef>& result) mutable {
        channel.queue_created(std::move(wanted), result);
      });
  if (source->has_value()) {
    shard().topology().create_topic_queue(std::move(queue), (*source)->start, std::move(created));
  } else {
    shard().topology().create_queue(std::move(queue), std::move(created));
  }
}

/// Makes the topic the queue's source, which one must be allowed to read. False when the channel has failed.
bool Channel::find_topic(const std::string& name, catalog::Queue& queue) {
  const std::string resource = topic_text(name, connection_.vhost().name);
  if (!allow(Operation::read, name, resource)) return false;
  const catalog::Topic* topic = shard().catalog().find_topic(queue.vhost, name);
  if (topic == nullptr) {
    fail(ReplyCode::not_found, fmt::format("no {}", resource));
    return false;
  }
  queue.source = catalog::QueueSource{topic->id, {}};
  return true;
}

/// The virtual host's own limit of queues, if that is what leaves no room.
std::optional<std::uint32_t> Channel::full_queue_limit() const {
  const catalog::State& catalog = connection_.shard().catalog();
  const catalog::VirtualHost* vhost = catalog.find_virtual_host(connection_.vhost().id);
  if (vhost == nullptr || !vhost->settings.max_queues.has_value()) return std::nullopt;
  const std::uint32_t limit = *vhost->settings.max_queues;
  return catalog.queue_count(vhost->id) >= limit ? std::optional(limit) : std::nullopt;
}

void Channel::queue_created(QueueDeclaration wanted, const broker::Result<broker::QueueRef>& result) {
  if (result.has_value()) {
    if (wanted.exclusive) connection_.add_exclusive_queue(result->queue);
    return queue_declared(wanted.name, {*result, wanted.type}, wanted.no_wait);
  }
  if (result.error().code == broker::BrokerErrc::too_many) {
    if (const auto limit = full_queue_limit()) {
      return fail(ReplyCode::precondition_failed,
                  fmt::format("cannot declare queue '{}': queue limit in vhost '{}' ({}) is reached", wanted.name,
                              connection_.vhost().name, *limit));
    }
  }
  if (result.error().code != broker::BrokerErrc::already_exists) {
    return fail(to_failure(result.error(), queue_text(wanted.name)));
  }
  // Somebody else was faster. An empty transaction comes back when the other one has reached this shard.
  shard().topology().execute(
      {}, later<void>([wanted = std::move(wanted)](Channel& channel, const broker::Result<void>&) mutable {
        const catalog::Queue* current =
            channel.shard().catalog().find_queue(channel.connection_.vhost().id, wanted.name);
        if (current != nullptr) return channel.queue_redeclare(wanted, *current);
        channel.queue_create(std::move(wanted));  // and it is gone again
      }));
}

void Channel::queue_declared(const std::string& name, const Source& source, bool no_wait) {
  last_queue_ = name;
  if (no_wait) return;
  shard().consumers().stats(
      source.ref, later<broker::QueueStats>([name, type = source.type](
                                                Channel& channel, const broker::Result<broker::QueueStats>& result) {
        if (!result.has_value()) return channel.fail(to_failure(result.error(), channel.queue_text(name)));
        // The readers of a stream are not counted.
        const std::uint32_t consumers = type == QueueType::stream ? 0 : result->consumers;
        channel.reply(wire::QueueDeclareOk{
            name, static_cast<std::uint32_t>(std::min<std::uint64_t>(result->ready, UINT32_MAX)), consumers});
      }));
}

}  // namespace millrace::gateway::amqp091
