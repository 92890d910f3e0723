#include "oracle.h"

#include <fmt/format.h>

#include <algorithm>
#include <cstdio>

#include "bytes/crc32c.h"
#include "bytes/reader.h"
#include "bytes/writer.h"

namespace millrace::simtest {

namespace {

constexpr std::uint64_t kBodyMagic = 0x53696D426F647931ULL;
constexpr std::size_t kBodyHead = 8 + 8 + 4 + 4;
/// A read from the disk lies between the decision to give a message out and its delivery.
constexpr base::Nanos kLateness{20'000'000};

}  // namespace

Oracle::Oracle(sim::SimWorld& world, std::vector<QueueTraits> traits)
    : world_(world),
      queues_(traits.size()),
      traits_(std::move(traits)),
      sent_to_(queues_),
      messages_(1),
      at_offset_(queues_ + 1),
      open_removals_(queues_ + 1) {}

void Oracle::fail(const std::string& what) {
  trace("FAILED: " + what);
  if (failure_.empty()) failure_ = what;
  world_.halt();
}

void Oracle::trace(const std::string& what) {
  for (const char c : what) hash_ = (hash_ ^ static_cast<unsigned char>(c)) * 0x100000001B3ULL;
  hash_ = (hash_ ^ static_cast<std::uint64_t>(world_.clock().monotonic().value)) * 0x100000001B3ULL;
  if (verbose_)
    std::fprintf(stderr, "[%12.3f us] %s\n", static_cast<double>(world_.clock().monotonic().value) / 1e3, what.c_str());
}

void Oracle::next_lifetime() {
  ++lifetime_;
  for (Message& message : messages_) message.holder = 0;
  for (std::uint32_t& open : open_removals_) open = 0;
}

void Oracle::newest_rounds_in_doubt(const std::vector<base::Nanos>& certain) {
  for (MessageId id = 1; id < messages_.size(); ++id) {
    Message& message = messages_[id];
    const bool own = message.told.value != 0 && message.told > certain[message.queue];
    // Its source forgets a dead letter as soon as the copy is stored, which nobody may have heard of.
    const bool moved =
        message.rejected != Settled::no && (message.dead_told.value == 0 || message.dead_told > certain[dead_queue()]);
    message.in_doubt |= own || moved;
  }
}

void Oracle::heard(base::Nanos& first_time) const {
  if (first_time.value == 0) first_time = now();
}

Oracle::Wishes Oracle::draw_wishes(std::size_t queue, base::Prng& random) const {
  const QueueTraits& traits = traits_[queue];
  Wishes wishes;
  if (traits.own_times && random.chance(1, 2)) {
    wishes.time_to_live = base::Millis(static_cast<std::int64_t>(random.between(1, 200)));
  }
  if (traits.max_priority.has_value()) wishes.priority = static_cast<std::uint8_t>(random.below(12));
  return wishes;
}

MessageId Oracle::sent(std::size_t queue, std::uint64_t stream, const Wishes& wishes) {
  Message message;
  message.sent_at = now();
  message.time_to_live = wishes.time_to_live;
  message.priority = std::min(wishes.priority, traits_[queue].max_priority.value_or(0));
  ++sent_to_[queue];
  message.queue = queue;
  message.stream = stream;
  message.sequence = ++sequences_[stream];
  message.purged = open_removals_[queue] > 0;
  messages_.push_back(message);
  return messages_.size() - 1;
}

void Oracle::confirmed(MessageId id) {
  trace(fmt::format("message {} confirmed", id));
  if (messages_[id].refused) return fail(fmt::format("message {} was refused and then confirmed", id));
  messages_[id].confirmed = true;
  heard(messages_[id].told);
}

void Oracle::refused(MessageId id) {
  trace(fmt::format("message {} refused", id));
  Message& message = messages_[id];
  if (message.confirmed) return fail(fmt::format("message {} was confirmed and then refused", id));
  if (!may_be_refused(message.queue)) return fail("refused without a reason: " + describe(id));
  if (!message.refused && traits_[message.queue].refuses()) events_.count("queue.refused_for_length");
  message.refused = true;
}

void Oracle::committing(const Unit& unit) {
  for (const auto& [id, from, reject] : unit.settlements) {
    reject ? rejected(id, from, Settled::asked) : accepted(id, from, Settled::asked);
  }
  doubtful_units_.push_back(unit);
}

void Oracle::committed(const Unit& unit) {
  for (const MessageId id : unit.messages) confirmed(id);
  for (const auto& [id, from, reject] : unit.settlements) {
    reject ? rejected(id, from, Settled::durable) : accepted(id, from, Settled::durable);
  }
}

void Oracle::not_committed(const Unit& unit) {
  for (const MessageId id : unit.messages) {
    trace(fmt::format("message {} was not committed", id));
    if (messages_[id].confirmed) fail("confirmed and not committed: " + describe(id));
    if (messages_[id].delivered || messages_[id].seen_dead) fail("delivered and not committed: " + describe(id));
    messages_[id].refused = true;
  }
}

std::optional<base::Nanos> Oracle::expires_at(const Message& message) const {
  std::optional<base::Millis> time = message.time_to_live;
  const std::optional<base::Millis>& of_queue = traits_[message.queue].time_to_live;
  if (of_queue.has_value()) time = std::min(time.value_or(*of_queue), *of_queue);
  if (!time.has_value()) return std::nullopt;
  // The server counts in whole milliseconds.
  return message.sent_at + base::to_nanos(*time) - base::Nanos(1'000'000);
}

/// Whether the queue may have let go of it by itself by now.
bool Oracle::may_have_left(const Message& message) const {
  const QueueTraits& traits = traits_[message.queue];
  if (traits.drops() && sent_to_[message.queue] > *traits.max_length) return true;
  const auto expires = expires_at(message);
  return expires.has_value() && now() >= *expires;
}

bool Oracle::may_be_dead(const Message& message) const {
  const QueueTraits& traits = traits_[message.queue];
  return may_have_left(message) || (traits.buries_refused() && sent_to_[message.queue] > *traits.max_length);
}

void Oracle::check_in_time(MessageId id) {
  const Message& message = messages_[id];
  if (damaged_ || message.told.value == 0) return;
  const auto expires = expires_at(message);
  if (!expires.has_value()) return;
  const base::Nanos waited = message.told - message.sent_at;
  if (now() > *expires + waited + kLateness) fail("delivered after its time was over: " + describe(id));
  events_.count("delivered_in_time");
}

bytes::ByteVector Oracle::make_body(MessageId id, std::size_t size) const {
  bytes::ByteVector body;
  bytes::Writer out(body);
  out.u64(kBodyMagic ^ world_.seed());
  out.u64(id);
  body.resize(std::max(size, kBodyHead) - 8);
  for (std::size_t i = 16; i < body.size(); ++i) body[i] = static_cast<std::uint8_t>(id * 31 + i);
  out.u32(static_cast<std::uint32_t>(body.size() + 8));
  out.u32(bytes::crc32c(body));
  return body;
}

MessageId Oracle::read_body(bytes::ByteView body) const {
  if (body.size() < kBodyHead) return 0;
  bytes::Reader head(body);
  if (head.u64() != (kBodyMagic ^ world_.seed())) return 0;
  const MessageId id = head.u64();
  bytes::Reader tail(body.last(8));
  if (tail.u32() != body.size()) return 0;
  if (tail.u32() != bytes::crc32c(body.first(body.size() - 4))) return 0;
  return id;
}

std::string Oracle::describe(MessageId id) const {
  const Message& m = messages_[id];
  const auto settled = [](Settled how) {
    return how == Settled::no ? "no" : how == Settled::asked ? "asked" : "durable";
  };
  return fmt::format(
      "message {} (queue {}, channel {} number {}, offset {}: confirmed {}, refused {}, delivered {}, seen dead {}, "
      "purged "
      "{}, accepted {}, rejected {}, dead one settled {})",
      id, m.queue, m.stream, m.sequence, m.offset, m.confirmed, m.refused, m.delivered, m.seen_dead, m.purged,
      settled(m.accepted), settled(m.rejected), settled(m.dead_settled));
}

void Oracle::check_offset(std::size_t queue, std::int64_t offset, MessageId id) {
  if (offset < 0) return;
  const auto [known, first_time] = at_offset_[queue].try_emplace(offset, id);
  if (!first_time && known->second != id && messages_[known->second].in_doubt) known->second = id;
  if (known->second != id) {
    return fail(fmt::format("offset {} of queue {} named {} and now names {}", offset, queue, describe(known->second),
                            describe(id)));
  }
  std::int64_t& own = queue == dead_queue() ? messages_[id].dead_offset : messages_[id].offset;
  if (own >= 0 && own != offset && !damaged_) {
    return fail(fmt::format("{} was at offset {} of queue {} and is now at {} too", describe(id), own, queue, offset));
  }
  own = offset;
}

MessageId Oracle::delivered(const Delivery& delivery) {
  const MessageId id = read_body(delivery.body);
  if (id == 0 || id >= messages_.size()) {
    fail(fmt::format("queue {} delivered a body of {} bytes at offset {} that nobody sent", delivery.queue,
                     delivery.body.size(), delivery.offset));
    return 0;
  }
  trace(fmt::format("message {} delivered from queue {} at {}{}{}", id, delivery.queue, delivery.offset,
                    delivery.redelivered ? " again" : "", delivery.holder != 0 ? " inside" : ""));
  Message& message = messages_[id];
  // Damage may take the note that a message was moved already; it is then moved once more, and there are two of it.
  const std::int64_t own = delivery.queue == dead_queue() ? message.dead_offset : message.offset;
  const bool second_copy = damaged_ && own >= 0 && delivery.offset >= 0 && own != delivery.offset;
  check_offset(delivery.queue, delivery.offset, id);
  const bool buried = delivery.queue == dead_queue() && traits_[message.queue].buries_refused();
  if (message.refused && !buried) fail("delivered although it was refused: " + describe(id));
  if (delivery.holder != 0 && !second_copy) {
    if (message.holder != 0) fail("delivered while another consumer holds it: " + describe(id));
    const bool here_before =
        message.delivered_in == lifetime_ && (delivery.queue == message.queue ? message.delivered : message.seen_dead);
    if (here_before && !delivery.redelivered) fail("delivered again without being marked so: " + describe(id));
    message.holder = delivery.holder;
    message.delivered_in = lifetime_;
  }
  if (delivery.queue == message.queue) {
    deliver_own(id, delivery);
  } else if (delivery.queue == dead_queue()) {
    deliver_dead(id, delivery);
  } else {
    fail(fmt::format("queue {} delivered what was not sent to it: {}", delivery.queue, describe(id)));
  }
  return id;
}

void Oracle::deliver_own(MessageId id, const Delivery&) {
  Message& message = messages_[id];
  message.delivered = true;
  heard(message.told);
  if (damaged_) return;
  if (message.seen_dead && message.queue != dead_queue()) fail("came back after it was dead-lettered: " + describe(id));
  if (message.accepted == Settled::durable) fail("came back after its acknowledgement was stored: " + describe(id));
  if (message.rejected == Settled::durable) fail("came back after its rejection was stored: " + describe(id));
}

void Oracle::deliver_dead(MessageId id, const Delivery&) {
  Message& message = messages_[id];
  if (!has_dead_letters(message.queue)) return fail("dead-lettered from a queue without dead letters: " + describe(id));
  if (message.rejected == Settled::no && !may_be_dead(message)) {
    return fail("dead-lettered although nobody rejected it: " + describe(id));
  }
  if (!message.seen_dead && message.rejected == Settled::no) {
    const auto expires = expires_at(message);
    events_.count(expires.has_value() && now() >= *expires ? "dead.expired" : "dead.for_length");
  } else if (!message.seen_dead) {
    events_.count("dead.rejected");
  }
  message.seen_dead = true;
  heard(message.dead_told);
  if (damaged_) return;
  if (message.accepted == Settled::durable) fail("dead-lettered after its acknowledgement was stored: " + describe(id));
  if (message.dead_settled == Settled::durable) fail("the dead letter came back after it was settled: " + describe(id));
}

void Oracle::released(MessageId id) {
  messages_[id].holder = 0;
}

void Oracle::accepted(MessageId id, std::size_t from, Settled how) {
  trace(fmt::format("message {} from queue {} accepted {}", id, from, how == Settled::durable));
  Message& message = messages_[id];
  Settled& state = from == message.queue ? message.accepted : message.dead_settled;
  state = std::max(state, how);
  if (how == Settled::asked) message.holder = 0;
}

void Oracle::rejected(MessageId id, std::size_t from, Settled how) {
  if (!has_dead_letters(from)) return accepted(id, from, how);
  trace(fmt::format("message {} from queue {} rejected {}", id, from, how == Settled::durable));
  Message& message = messages_[id];
  message.rejected = std::max(message.rejected, how);
  if (how == Settled::asked) message.holder = 0;
}

void Oracle::removal_began(std::size_t queue) {
  trace(fmt::format("removal from queue {} begins", queue));
  ++open_removals_[queue];
  for (Message& message : messages_) {
    if (message.queue == queue || queue == dead_queue()) message.purged = true;
  }
}

void Oracle::removal_ended(std::size_t queue) {
  trace(fmt::format("removal from queue {} ends", queue));
  --open_removals_[queue];
}

void Oracle::judge_message(MessageId id, std::size_t own, std::size_t dead, std::vector<std::uint64_t>& missing) {
  const Message& message = messages_[id];
  if (own + dead > 1 && !damaged_) fail(fmt::format("found {} times and {} times dead: {}", own, dead, describe(id)));
  const bool buried = own == 0 && traits_[message.queue].buries_refused();
  if (own + dead > 0 && message.refused && !buried) fail("refused and yet stored: " + describe(id));
  if (own > 0 && !damaged_ && (message.accepted == Settled::durable || message.rejected == Settled::durable)) {
    fail("found although its settlement was stored: " + describe(id));
  }
  if (dead > 0 && !damaged_ && message.dead_settled == Settled::durable) {
    fail("the dead letter was found although it was settled: " + describe(id));
  }
  if (own + dead > 0 || message.purged || message.accepted != Settled::no) return;
  if (!message.confirmed && !message.delivered && !message.seen_dead) return;
  const bool may_be_gone = message.rejected != Settled::no || may_be_dead(message);
  if (has_dead_letters(message.queue) ? may_be_gone && message.dead_settled != Settled::no : may_have_left(message)) {
    return;
  }
  if (!damaged_) return fail("lost: " + describe(id));
  if (message.in_doubt) return;
  trace("missing: " + describe(id));
  ++missing[message.queue];
}

/// In a unit with any message that ever was in its queue, everything is as good as confirmed.
void Oracle::judge_units(const std::vector<std::size_t>& own, const std::vector<std::size_t>& dead) {
  const auto existed = [&](MessageId id) {
    const Message& message = messages_[id];
    return own[id] + dead[id] > 0 || message.delivered || message.seen_dead;
  };
  for (const Unit& unit : doubtful_units_) {
    if (unit.messages.empty() || messages_[unit.messages[0]].confirmed) continue;
    const bool done = std::any_of(unit.messages.begin(), unit.messages.end(), existed);
    events_.count(done ? "unit.doubtful_done" : "unit.doubtful_not_done");
    if (done) committed(unit);
  }
}

void Oracle::judge_order(const std::vector<MessageId>& found, std::size_t queue) {
  std::unordered_map<std::uint64_t, std::uint64_t> last;
  for (const MessageId id : found) {
    const Message& message = messages_[id];
    std::uint64_t& before = last[(message.stream << 8) + message.priority];
    if (message.sequence <= before) {
      return fail(fmt::format("queue {} gave number {} of channel {} after number {}", queue, message.sequence,
                              message.stream, before));
    }
    before = message.sequence;
  }
}

/// A log loses nothing but its end: where a later message of a channel was stored, the earlier ones were.
void Oracle::judge_holes(const std::vector<std::size_t>& own, const std::vector<std::size_t>& dead) {
  std::map<std::pair<std::uint64_t, std::size_t>, MessageId> later;  // by channel and queue
  for (MessageId id = messages_.size() - 1; id > 0; --id) {
    const Message& message = messages_[id];
    const std::pair key(message.stream, message.queue);
    const bool existed = own[id] + dead[id] > 0 || message.confirmed || message.delivered || message.seen_dead;
    if (existed) {
      later[key] = id;
    } else if (!message.refused && !message.purged && !may_have_left(message) && !may_be_refused(message.queue) &&
               later.contains(key)) {
      return fail(fmt::format("{} is not there, but {} is", describe(id), describe(later[key])));
    }
  }
}

void Oracle::judge_final(const std::vector<std::vector<MessageId>>& found,
                         const std::vector<std::uint64_t>& quarantined) {
  std::vector<std::size_t> own(messages_.size());
  std::vector<std::size_t> dead(messages_.size());
  for (std::size_t queue = 0; queue < found.size(); ++queue) {
    for (const MessageId id : found[queue]) ++(messages_[id].queue == queue ? own : dead)[id];
    if (queue != dead_queue()) judge_order(found[queue], queue);
  }
  if (!damaged_) judge_units(own, dead);
  std::vector<std::uint64_t> missing(queues_ + 1);
  for (MessageId id = 1; id < messages_.size() && !failed(); ++id) judge_message(id, own[id], dead[id], missing);
  if (!damaged_ && !failed()) judge_holes(own, dead);
  // A dead letter may have been lost from the dead letter queue's log.
  for (std::size_t queue = 0; queue <= queues_ && !failed(); ++queue) {
    if (missing[queue] > quarantined[queue] + quarantined[dead_queue()]) {
      fail(fmt::format("queue {} lost {} messages, but reported only {} damaged ones", queue, missing[queue],
                       quarantined[queue]));
    }
  }
}

}  // namespace millrace::simtest
