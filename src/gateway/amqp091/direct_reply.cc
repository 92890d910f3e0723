#include "gateway/amqp091/direct_reply.h"

#include <fmt/core.h>

#include <charconv>

#include "gateway/amqp091/channel.h"
#include "gateway/amqp091/declare_arguments.h"

namespace millrace::gateway::amqp091 {

using wire::ReplyCode;

namespace {

// A reply that finds so much output waiting is dropped: its receiver does not read, and nothing else holds it back.
constexpr std::size_t kMaxWaitingOutput = 16 * io::Socket::kHighWater;

template <class T>
bool read_number(std::string_view& text, T& value, int base) {
  const auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), value, base);
  if (error != std::errc{}) return false;
  text.remove_prefix(static_cast<std::size_t>(end - text.data()));
  return true;
}

}  // namespace

std::string ReplyAddress::name() const {
  return fmt::format("{}.{}.{:x}", kReplyTo, shard.value, key);
}

std::optional<ReplyAddress> ReplyAddress::parse(std::string_view name) {
  if (!name.starts_with(kReplyTo)) return std::nullopt;
  name.remove_prefix(kReplyTo.size());
  ReplyAddress address;
  const auto dot = [&name] {
    const bool found = name.starts_with('.');
    if (found) name.remove_prefix(1);
    return found;
  };
  constexpr int kDecimal = 10;
  constexpr int kHex = 16;
  const bool read = dot() && read_number(name, address.shard.value, kDecimal) && dot() &&
                    read_number(name, address.key, kHex) && name.empty();
  if (!read || address.shard.value >= broker::kMaxShards) return std::nullopt;
  return address;
}

void ReplyDirectory::add(const ReplyAddress& address, std::weak_ptr<Channel> channel) {
  channels_[address.shard.value][address.key] = std::move(channel);
}

void ReplyDirectory::remove(const ReplyAddress& address) {
  channels_[address.shard.value].erase(address.key);
}

std::shared_ptr<Channel> ReplyDirectory::find(const ReplyAddress& address) const {
  const auto& channels = channels_[address.shard.value];
  const auto it = channels.find(address.key);
  return it == channels.end() ? nullptr : it->second.lock();
}

// ------------------------------------------------------------------------------------------------ the channel's side

void Channel::consume_replies(const wire::BasicConsume& method) {
  if (!method.no_ack) return fail(ReplyCode::precondition_failed, "reply consumer cannot acknowledge");
  if (reply_address_.has_value()) return fail(ReplyCode::precondition_failed, "reply consumer already set");
  std::string tag = consumer_tag(method);
  if (consumers_.contains(tag)) {
    return fail(ReplyCode::not_allowed, fmt::format("attempt to reuse consumer tag '{}'", tag));
  }
  reply_tag_ = std::move(tag);
  reply_address_ = ReplyAddress{shard().id(), connection_.unique_number()};
  connection_.options().replies->add(*reply_address_, weak_from_this());
  if (!method.no_wait) reply(wire::BasicConsumeOk{reply_tag_});
}

void Channel::stop_replies() {
  if (!reply_address_.has_value()) return;
  connection_.options().replies->remove(*reply_address_);
  reply_address_.reset();
  reply_tag_.clear();
}

/// Names of reply consumers can be declared, to learn whether they still wait.
void Channel::declare_reply_queue(const wire::QueueDeclare& method) {
  const std::string queue = without_line_ends(method.queue);
  const auto address = ReplyAddress::parse(queue);
  const auto answer = [name = queue, no_wait = method.no_wait](Channel& channel, bool present) {
    if (!present) return channel.fail(ReplyCode::not_found, fmt::format("no {}", channel.queue_text(name)));
    if (!no_wait) channel.reply(wire::QueueDeclareOk{name, 0, 1});
  };
  if (queue == kReplyTo) {
    if (!method.no_wait) reply(wire::QueueDeclareOk{kReplyTo, 0, 1});
    return;
  }
  if (!address.has_value() || address->shard.value >= shard().shard_count()) return answer(*this, false);
  auto done = later<bool>([answer](Channel& channel, const broker::Result<bool>& found) { answer(channel, *found); });
  shard().mailbox().send(address->shard, [replies = connection_.options().replies, address = *address,
                                          home = shard().id(), done = std::move(done)](broker::Shard& there) mutable {
    const bool found = replies->find(address) != nullptr;
    there.mailbox().send(home, [found, done = std::move(done)](broker::Shard&) mutable { done(found); });
  });
}

bool Channel::can_reply(std::string_view name) const {
  const auto address = ReplyAddress::parse(name);
  return address.has_value() && address->shard.value < connection_.shard().shard_count();
}

/// False when nobody of that name can exist. A reply is stored nowhere: it is lost when its receiver is gone.
bool Channel::send_reply(std::string_view name, bytes::ByteView properties, std::span<const bytes::ByteView> body) {
  const auto address = ReplyAddress::parse(name);
  if (!address.has_value() || address->shard.value >= shard().shard_count()) return false;
  const auto& replies = connection_.options().replies;
  if (address->shard == shard().id()) {
    const auto channel = replies->find(*address);
    if (channel != nullptr) channel->deliver_reply(name, properties, body);
    return channel != nullptr;
  }
  bytes::ByteVector joined;
  for (const bytes::ByteView part : body) joined.insert(joined.end(), part.begin(), part.end());
  shard().mailbox().send(address->shard,
                         [replies, address = *address, name = std::string(name), joined = std::move(joined),
                          block = bytes::ByteVector(properties.begin(), properties.end())](broker::Shard&) {
                           const bytes::ByteView whole = joined;
                           const auto channel = replies->find(address);
                           if (channel != nullptr) channel->deliver_reply(name, block, {&whole, 1});
                         });
  return true;
}

/// Whether there is a receiver is told by its shard; until then the channel waits. The message is returned before it is
/// confirmed.
void Channel::send_mandatory_reply(const wire::BasicPublish& method, const wire::ContentHeader& header,
                                   std::span<const bytes::ByteView> body) {
  struct Reply {
    std::string name;
    bytes::ByteVector properties;
    bytes::ByteVector body;
  };
  auto sent = std::make_shared<Reply>();
  sent->name = method.routing_key;
  sent->properties.assign(header.property_block.begin(), header.property_block.end());
  for (const bytes::ByteView part : body) sent->body.insert(sent->body.end(), part.begin(), part.end());
  auto done = later<bool>([sent, class_id = header.class_id](Channel& channel, const broker::Result<bool>& found) {
    const bytes::ByteView whole = sent->body;
    if (!*found) {
      broker::add(channel.shard().counters().published, 1);
      broker::add(channel.shard().counters().unroutable, 1);
      wire::BasicPublish returned;
      returned.routing_key = sent->name;
      channel.return_message(returned, {class_id, whole.size(), sent->properties}, {&whole, whole.empty() ? 0U : 1U});
    }
    channel.shard().publisher().publish(channel.tracker_, {}, {});
    channel.count_unsettled(whole.size() + sent->properties.size());
  });
  const ReplyAddress address = *ReplyAddress::parse(method.routing_key);
  shard().mailbox().send(address.shard, [replies = connection_.options().replies, address, home = shard().id(), sent,
                                         done = std::move(done)](broker::Shard& there) mutable {
    const auto channel = replies->find(address);
    const bytes::ByteView whole = sent->body;
    if (channel != nullptr) channel->deliver_reply(sent->name, sent->properties, {&whole, whole.empty() ? 0U : 1U});
    there.mailbox().send(home,
                         [found = channel != nullptr, done = std::move(done)](broker::Shard&) mutable { done(found); });
  });
}

void Channel::deliver_reply(std::string_view name, bytes::ByteView properties, std::span<const bytes::ByteView> body) {
  if (state_ != State::open || connection_.socket().pending_output() > kMaxWaitingOutput) return;
  std::uint64_t size = 0;
  for (const bytes::ByteView part : body) size += part.size();
  const wire::BasicDeliver method{reply_tag_, tags_.skip(), false, "", name};
  bytes::ByteVector& out = connection_.out();
  wire::append_with_header(out, number_, method, properties, size);
  for (const bytes::ByteView part : body) wire::append_body(out, number_, part, connection_.frame_max());
}

}  // namespace millrace::gateway::amqp091
