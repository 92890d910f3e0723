#include "catalog/command_codec.h"

#include <concepts>

namespace millrace::catalog {

namespace {

// Fields that a later version added are at the end of their object, and read only from that version on.
constexpr std::uint8_t kVersion = 5;
// No list in a command is longer.
constexpr std::uint32_t kMaxListLength = 1'000'000;

// One description of each object serves both directions: `codec(fields...)` writes or reads them.

struct Encoder {
  bytes::Writer& out;
  static constexpr std::uint8_t version = kVersion;

  void operator()(const auto&... fields) { (put(fields), ...); }
  void put(bool v) { out.u8(v ? 1 : 0); }
  template <std::integral T>
  void put(T v) {
    out.be(v);
  }
  template <class E>
    requires std::is_enum_v<E>
  void put(E v) {
    out.u8(static_cast<std::uint8_t>(v));
  }
  template <class Tag, class Rep>
  void put(const base::StrongId<Tag, Rep>& id) {
    out.be(id.value);
  }
  template <class Tag, class Rep>
  void put(const base::Quantity<Tag, Rep>& quantity) {
    out.be(quantity.value);
  }
  void put(const std::string& text) {
    out.u32(static_cast<std::uint32_t>(text.size()));
    out.text(text);
  }
  void put(const bytes::ByteVector& blob) {
    out.u32(static_cast<std::uint32_t>(blob.size()));
    out.raw(blob);
  }
  void put(const std::array<std::uint8_t, 16>& raw) { out.raw(raw); }
  template <class T>
  void put(const std::optional<T>& value) {
    put(value.has_value());
    if (value.has_value()) put(*value);
  }
  template <class T>
  void put(const std::vector<T>& list) {
    out.u32(static_cast<std::uint32_t>(list.size()));
    for (const T& element : list) put(element);
  }
  template <class A, class B>
  void put(const std::pair<A, B>& pair) {
    put(pair.first);
    put(pair.second);
  }
  template <class T>
    requires requires(T& t, Encoder& e) { describe(t, e); }
  void put(const T& object) {
    describe(const_cast<T&>(object), *this);
  }
};

struct Decoder {
  bytes::Reader& in;
  std::uint8_t version = kVersion;

  void operator()(auto&... fields) { (get(fields), ...); }
  void get(bool& v) { v = in.u8() != 0; }
  template <std::integral T>
  void get(T& v) {
    v = in.be<T>();
  }
  template <class E>
    requires std::is_enum_v<E>
  void get(E& v) {
    v = static_cast<E>(in.u8());
  }
  template <class Tag, class Rep>
  void get(base::StrongId<Tag, Rep>& id) {
    id.value = in.be<Rep>();
  }
  template <class Tag, class Rep>
  void get(base::Quantity<Tag, Rep>& quantity) {
    quantity.value = in.be<Rep>();
  }
  void get(std::string& text) { text = std::string(in.text(in.u32())); }
  void get(bytes::ByteVector& blob) {
    const bytes::ByteView view = in.view(in.u32());
    blob.assign(view.begin(), view.end());
  }
  void get(std::array<std::uint8_t, 16>& raw) {
    const bytes::ByteView view = in.view(raw.size());
    if (view.size() == raw.size()) std::copy(view.begin(), view.end(), raw.begin());
  }
  template <class T>
  void get(std::optional<T>& value) {
    bool present = false;
    get(present);
    if (present) get(value.emplace());
  }
  template <class T>
  void get(std::vector<T>& list) {
    const std::uint32_t count = in.u32();
    // Every element takes at least one byte.
    if (count > kMaxListLength || count > in.remaining()) return in.fail();
    for (std::uint32_t i = 0; i < count && in.ok(); ++i) get(list.emplace_back());
  }
  template <class A, class B>
  void get(std::pair<A, B>& pair) {
    get(pair.first);
    get(pair.second);
  }
  template <class T>
    requires requires(T& t, Decoder& d) { describe(t, d); }
  void get(T& object) {
    describe(object, *this);
  }
};

template <class Codec>
void describe(VirtualHostSettings& v, Codec& c) {
  c(v.usual_kind, v.max_queues, v.max_connections);
}
template <class Codec>
void describe(VirtualHost& v, Codec& c) {
  c(v.id, v.name);
  if (c.version >= 5) c(v.settings);
}
template <class Codec>
void describe(User& v, Codec& c) {
  c(v.name, v.password_hash, v.tags);
}
template <class Codec>
void describe(Permission& v, Codec& c) {
  c(v.user, v.vhost, v.configure, v.write, v.read);
}
template <class Codec>
void describe(Exchange& v, Codec& c) {
  c(v.id, v.vhost, v.name, v.type, v.durable, v.auto_delete, v.internal, v.alternate_exchange, v.hash_source,
    v.hash_header, v.native_arguments, v.native_protocol);
  if (c.version >= 5) c(v.delays, v.delay_queue);
}
template <class Codec>
void describe(QueueSettings& v, Codec& c) {
  c(v.dead_letter_exchange, v.dead_letter_routing_key, v.max_length, v.max_length_bytes, v.overflow, v.overflow_given,
    v.delivery_limit, v.message_time_to_live, v.expires, v.consumer_timeout, v.max_priority, v.single_active_consumer);
  if (c.version >= 2) c(v.retain_time, v.segment_bytes, v.delayed_retry, v.retry_min, v.retry_max);
  if (c.version >= 4) c(v.synced);
  if (c.version >= 5) c(v.delays);
}
template <class Codec>
void describe(QueuePart& v, Codec& c) {
  c(v.id, v.log, v.shard, v.start);
}
template <class Codec>
void describe(QueueSource& v, Codec& c) {
  c(v.topic, v.parts);
}
template <class Codec>
void describe(Queue& v, Codec& c) {
  c(v.id, v.vhost, v.name, v.shard, v.durable, v.auto_delete, v.exclusive_owner, v.settings, v.native_arguments,
    v.native_protocol, v.owner_user);
  if (c.version >= 2) c(v.kind);
  if (c.version >= 3) c(v.source);
}
template <class Codec>
void describe(TopicPermission& v, Codec& c) {
  c(v.user, v.vhost, v.exchange, v.write, v.read);
}
template <class Codec>
void describe(PolicyDefinition& v, Codec& c) {
  c(v.alternate_exchange, v.dead_letter_exchange, v.dead_letter_routing_key, v.max_length, v.max_length_bytes,
    v.overflow, v.delivery_limit, v.message_ttl_ms, v.expires_ms);
  if (c.version >= 2)
    c(v.retain_ms, v.segment_bytes, v.consumer_timeout_ms, v.delayed_retry, v.retry_min_ms, v.retry_max_ms);
}
template <class Codec>
void describe(Policy& v, Codec& c) {
  c(v.vhost, v.name, v.of_operator, v.pattern, v.priority, v.target, v.definition);
}
template <class Codec>
void describe(AccessRule& v, Codec& c) {
  c(v.vhost, v.resource, v.name, v.prefix, v.user, v.host, v.action, v.allow);
}
template <class Codec>
void describe(ClientQuota& v, Codec& c) {
  c(v.subject, v.limits);
}
template <class Codec>
void describe(Partition& v, Codec& c) {
  c(v.log, v.shard);
}
template <class Codec>
void describe(Topic& v, Codec& c) {
  c(v.id, v.vhost, v.name, v.topic_id, v.partitions, v.settings);
}
template <class Codec>
void describe(BindingDestination& v, Codec& c) {
  c(v.kind, v.id);
}
template <class Codec>
void describe(model::HeaderTerm& v, Codec& c) {
  c(v.name, v.present, v.value);
}
template <class Codec>
void describe(model::HeaderMatch& v, Codec& c) {
  c(v.any, v.terms);
}
template <class Codec>
void describe(Binding& v, Codec& c) {
  c(v.vhost, v.source, v.destination, v.routing_key, v.native_arguments, v.match);
}

template <class Codec>
void describe(CreateVirtualHost& v, Codec& c) {
  c(v.vhost);
}
template <class Codec>
void describe(DeleteVirtualHost& v, Codec& c) {
  c(v.id);
}
template <class Codec>
void describe(PutUser& v, Codec& c) {
  c(v.user);
}
template <class Codec>
void describe(DeleteUser& v, Codec& c) {
  c(v.name);
}
template <class Codec>
void describe(PutPermission& v, Codec& c) {
  c(v.permission);
}
template <class Codec>
void describe(DeletePermission& v, Codec& c) {
  c(v.user, v.vhost);
}
template <class Codec>
void describe(CreateExchange& v, Codec& c) {
  c(v.exchange);
}
template <class Codec>
void describe(DeleteExchange& v, Codec& c) {
  c(v.id);
}
template <class Codec>
void describe(CreateQueue& v, Codec& c) {
  c(v.queue);
}
template <class Codec>
void describe(DeleteQueue& v, Codec& c) {
  c(v.id);
}
template <class Codec>
void describe(CreateTopic& v, Codec& c) {
  c(v.topic);
}
template <class Codec>
void describe(DeleteTopic& v, Codec& c) {
  c(v.id);
}
template <class Codec>
void describe(AddPartitions& v, Codec& c) {
  c(v.topic, v.partitions);
}
template <class Codec>
void describe(AlterTopicSettings& v, Codec& c) {
  c(v.topic, v.settings);
}
template <class Codec>
void describe(Bind& v, Codec& c) {
  c(v.binding);
}
template <class Codec>
void describe(Unbind& v, Codec& c) {
  c(v.binding);
}
template <class Codec>
void describe(ReserveIds& v, Codec& c) {
  c(v.up_to);
}
template <class Codec>
void describe(PutTopicPermission& v, Codec& c) {
  c(v.permission);
}
template <class Codec>
void describe(DeleteTopicPermission& v, Codec& c) {
  c(v.user, v.vhost, v.exchange);
}
template <class Codec>
void describe(PutPolicy& v, Codec& c) {
  c(v.policy);
}
template <class Codec>
void describe(DeletePolicy& v, Codec& c) {
  c(v.vhost, v.of_operator, v.name);
}

template <class Codec>
void describe(PutAccessRule& v, Codec& c) {
  c(v.rule);
}
template <class Codec>
void describe(DeleteAccessRule& v, Codec& c) {
  c(v.rule);
}
template <class Codec>
void describe(PutClientQuota& v, Codec& c) {
  c(v.quota);
}
template <class Codec>
void describe(DeleteClientQuota& v, Codec& c) {
  c(v.subject);
}

template <class Codec>
void describe(AddQueueParts& v, Codec& c) {
  c(v.queue, v.parts);
}

template <class Codec>
void describe(AlterVirtualHost& v, Codec& c) {
  c(v.id, v.settings);
}

template <std::size_t Kind = 0>
std::optional<Command> decode_kind(std::size_t kind, std::uint8_t version, bytes::Reader& body) {
  if constexpr (Kind < std::variant_size_v<Command>) {
    if (kind != Kind) return decode_kind<Kind + 1>(kind, version, body);
    std::variant_alternative_t<Kind, Command> command;
    Decoder decoder{body, version};
    describe(command, decoder);
    if (!body.ok() || !body.at_end()) return std::nullopt;
    return Command(std::move(command));
  } else {
    return std::nullopt;
  }
}

}  // namespace

void encode_command(bytes::Writer& out, const Command& command) {
  out.u8(static_cast<std::uint8_t>(command.index()));
  out.u8(kVersion);
  const std::size_t length_at = out.size();
  out.u32(0);
  Encoder encoder{out};
  std::visit([&](const auto& one) { encoder.put(one); }, command);
  out.patch_be(length_at, static_cast<std::uint32_t>(out.size() - length_at - 4));
}

std::optional<Command> decode_command(bytes::Reader& in) {
  const std::uint8_t kind = in.u8();
  const std::uint8_t version = in.u8();
  bytes::Reader body(in.view(in.u32()));
  if (!in.ok() || version == 0 || version > kVersion) return std::nullopt;
  return decode_kind(kind, version, body);
}

}  // namespace millrace::catalog
