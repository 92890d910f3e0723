#include "server/definitions.h"

#include <fmt/core.h>

#include <algorithm>
#include <boost/json.hpp>
#include <fstream>
#include <iterator>
#include <optional>

#include "auth/authorizer.h"
#include "auth/password.h"
#include "base/log.h"
#include "broker/placement.h"
#include "broker/topology.h"
#include "gateway/amqp091/definitions.h"
#include "gateway/amqp091/queue_types.h"
#include "gateway/amqp091/stream_arguments.h"
#include "wire/amqp091/field_table.h"

namespace millrace::server {

namespace json = boost::json;
namespace amqp = gateway::amqp091;
namespace wire = ::millrace::wire::amqp091;

namespace {

using catalog::ObjectId;

constexpr std::string_view kUsualType = "default_queue_type";

/// What went wrong with one object; caught by nobody outside of this file.
struct Refused {
  DefinitionsErrc code;
  std::string text;
};

[[noreturn]] void refuse(std::string text) {
  throw Refused{DefinitionsErrc::refused, std::move(text)};
}

std::string text_of(const json::object& object, std::string_view key, std::optional<std::string> otherwise = {}) {
  const json::value* value = object.if_contains(key);
  if (value != nullptr && value->is_string()) return std::string(value->get_string());
  if ((value != nullptr && !value->is_null()) || !otherwise.has_value()) refuse(fmt::format("'{}' is no text", key));
  return *otherwise;
}

bool flag_of(const json::object& object, std::string_view key) {
  const json::value* value = object.if_contains(key);
  if (value == nullptr) return false;
  if (!value->is_bool()) refuse(fmt::format("'{}' is neither true nor false", key));
  return value->get_bool();
}

std::int64_t number_of(const json::value& value, std::string_view key) {
  if (value.is_int64()) return value.get_int64();
  refuse(fmt::format("'{}' is no whole number", key));
}

std::uint64_t limit_of(const json::value& value, std::string_view key) {
  const std::int64_t number = number_of(value, key);
  if (number < 0) refuse(fmt::format("'{}' is negative", key));
  return static_cast<std::uint64_t>(number);
}

wire::FieldTable to_table(const json::object& object);

/// As RabbitMQ turns JSON into arguments: whole numbers are of type long.
wire::FieldValue to_field(const json::value& value) {
  switch (value.kind()) {
    case json::kind::bool_:
      return {value.get_bool()};
    case json::kind::int64:
      return {value.get_int64()};
    case json::kind::uint64:
      refuse("a number is too large");
    case json::kind::double_:
      return {value.get_double()};
    case json::kind::string:
      return {std::string_view(value.get_string())};
    case json::kind::array: {
      wire::FieldArray array;
      for (const json::value& element : value.get_array()) array.push_back(to_field(element));
      return {std::move(array)};
    }
    case json::kind::object:
      return {to_table(value.get_object())};
    case json::kind::null:
      return {wire::FieldNothing{}};
  }
  return {wire::FieldNothing{}};
}

wire::FieldTable to_table(const json::object& object) {
  wire::FieldTable table;
  for (const auto& entry : object) {
    if (entry.key().size() > wire::kMaxShortstr) refuse("the name of an argument is longer than 255 bytes");
    table.add(entry.key(), to_field(entry.value()));
  }
  return table;
}

bytes::ByteVector arguments_of(const json::object& object) {
  const json::value* arguments = object.if_contains("arguments");
  if (arguments == nullptr || (arguments->is_array() && arguments->get_array().empty())) return {};
  if (!arguments->is_object()) refuse("'arguments' is no object");
  return to_table(arguments->get_object()).content();
}

catalog::PolicyTarget target_of(const std::string& text) {
  if (text == "all") return catalog::PolicyTarget::all;
  if (text == "exchanges") return catalog::PolicyTarget::exchanges;
  if (text == "queues") return catalog::PolicyTarget::queues;
  if (text == "classic_queues") return catalog::PolicyTarget::ordinary_queues;
  if (text == "quorum_queues") return catalog::PolicyTarget::counting_queues;
  if (text == "streams") return catalog::PolicyTarget::streams;
  refuse(fmt::format("'apply-to' is '{}'", text));
}

catalog::Overflow overflow_of(const std::string& text) {
  if (text == "drop-head") return catalog::Overflow::drop_head;
  if (text == "reject-publish") return catalog::Overflow::reject_publish;
  if (text == "reject-publish-dlx") return catalog::Overflow::reject_publish_dead_letter;
  refuse(fmt::format("'overflow' is '{}'", text));
}

catalog::DelayedRetry retry_of(const std::string& text) {
  if (text == "disabled") return catalog::DelayedRetry::none;
  if (text == "all") return catalog::DelayedRetry::all;
  if (text == "failed") return catalog::DelayedRetry::failed;
  if (text == "returned") return catalog::DelayedRetry::returned;
  refuse(fmt::format("'delayed-retry-type' is '{}'", text));
}

/// Keys of streams, of retries and of time-outs; false for other keys.
bool of_newer_queues(const json::object& object, std::string_view key, const json::value& value,
                     catalog::PolicyDefinition& result) {
  if (key == "max-age") {
    const auto age = gateway::amqp091::parse_age(text_of(object, key));
    if (!age.has_value()) refuse(fmt::format("'max-age' is '{}'", text_of(object, key)));
    result.retain_ms = static_cast<std::uint64_t>(age->value);
  } else if (key == "stream-max-segment-size-bytes") {
    result.segment_bytes = limit_of(value, key);
  } else if (key == "consumer-timeout") {
    result.consumer_timeout_ms = limit_of(value, key);
  } else if (key == "delayed-retry-type") {
    result.delayed_retry = retry_of(text_of(object, key));
  } else if (key == "delayed-retry-min") {
    result.retry_min_ms = limit_of(value, key);
  } else if (key == "delayed-retry-max") {
    result.retry_max_ms = limit_of(value, key);
  } else {
    return false;
  }
  return true;
}

/// What other servers do with these is so anyway, or has no counterpart: where a queue's copies are, what is kept in
/// memory.
bool is_meaningless(std::string_view key) {
  constexpr std::string_view kKeys[] = {"dead-letter-strategy",
                                        "ha-mode",
                                        "ha-params",
                                        "ha-promote-on-failure",
                                        "ha-promote-on-shutdown",
                                        "ha-sync-batch-size",
                                        "ha-sync-mode",
                                        "initial-cluster-size",
                                        "max-in-memory-bytes",
                                        "max-in-memory-length",
                                        "queue-leader-locator",
                                        "queue-master-locator",
                                        "queue-mode",
                                        "queue-version",
                                        "stream-filter-size-bytes",
                                        "target-group-size"};
  return std::ranges::binary_search(kKeys, key);
}

catalog::PolicyDefinition definition_of(const json::object& object, const std::string& policy) {
  catalog::PolicyDefinition result;
  for (const auto& entry : object) {
    const std::string_view key = entry.key();
    const json::value& value = entry.value();
    if (key == "alternate-exchange") {
      result.alternate_exchange = text_of(object, key);
    } else if (key == "dead-letter-exchange") {
      result.dead_letter_exchange = text_of(object, key);
    } else if (key == "dead-letter-routing-key") {
      result.dead_letter_routing_key = text_of(object, key);
    } else if (key == "max-length") {
      result.max_length = limit_of(value, key);
    } else if (key == "max-length-bytes") {
      result.max_length_bytes = limit_of(value, key);
    } else if (key == "overflow") {
      result.overflow = overflow_of(text_of(object, key));
    } else if (key == "delivery-limit") {
      result.delivery_limit = catalog::delivery_limit_of(number_of(value, key));
    } else if (key == "message-ttl") {
      result.message_ttl_ms = limit_of(value, key);
    } else if (key == "expires") {
      result.expires_ms = limit_of(value, key);
      if (*result.expires_ms == 0) refuse("'expires' is 0");
    } else if (!of_newer_queues(object, key, value, result) && !is_meaningless(key)) {
      base::log::warning("definitions: policy '{}': '{}' has no effect", policy, key);
    }
  }
  return result;
}

/// Carries out what one file says.
class Importer {
 public:
  Importer(catalog::CatalogStore& catalog, std::size_t shards) : catalog_(catalog), shards_(shards) {}

  void run(const json::object& root) {
    each(root, "users", "name", [this](const json::object& o) { user(o); });
    each(root, "vhosts", "name", [this](const json::object& o) { virtual_host(o); });
    each(root, "permissions", "user", [this](const json::object& o) { permission(o); });
    each(root, "topic_permissions", "user", [this](const json::object& o) { topic_permission(o); });
    each(root, "policies", "name", [this](const json::object& o) { policy(o, o, false); });
    each(root, "parameters", "name", [this](const json::object& o) { parameter(o); });
    each(root, "exchanges", "name", [this](const json::object& o) { exchange(o); });
    each(root, "queues", "name", [this](const json::object& o) { queue(o); });
    each(root, "bindings", "source", [this](const json::object& o) { binding(o); });
    for (const char* ignored : {"global_parameters", "vhost_limits", "user_limits"}) {
      const json::value* list = root.if_contains(ignored);
      if (list != nullptr && list->is_array() && !list->get_array().empty()) {
        base::log::warning("definitions: '{}' have no effect", ignored);
      }
    }
    base::log::info("definitions: {} objects were made or changed, {} existed", made_, present_);
  }

  std::vector<std::string> users;

 private:
  const catalog::State& state() const { return catalog_.state(); }

  template <class Make>
  void each(const json::object& root, const char* section, const char* name, Make make) {
    const json::value* list = root.if_contains(section);
    if (list == nullptr) return;
    if (!list->is_array()) refuse(fmt::format("'{}' is no list", section));
    for (const json::value& element : list->get_array()) {
      if (!element.is_object()) refuse(fmt::format("'{}' holds something else than objects", section));
      const json::object& object = element.get_object();
      try {
        make(object);
      } catch (const Refused& refused) {
        throw Refused{refused.code,
                      fmt::format("{} '{}': {}", section, text_of(object, name, std::string("?")), refused.text)};
      }
    }
  }
  void execute(std::vector<catalog::Command> commands) {
    std::optional<std::string> error;
    catalog_.execute({.commands = std::move(commands)}, [&error](const catalog::Result<catalog::Revision>& result) {
      if (!result.has_value()) error = result.error().detail;
    });
    // What is refused is refused at once; what is taken is told later, to nobody.
    if (error.has_value()) refuse(*error);
    ++made_;
  }
  const catalog::VirtualHost& vhost_of(const json::object& object) const {
    const std::string name = text_of(object, "vhost", std::string("/"));
    const catalog::VirtualHost* vhost = state().find_virtual_host(name);
    if (vhost == nullptr) refuse(fmt::format("there is no virtual host '{}'", name));
    return *vhost;
  }
  static std::string pattern_of(const json::object& object, std::string_view key) {
    std::string pattern = text_of(object, key);
    if (const auto valid = auth::Authorizer::check_pattern(pattern); !valid.has_value()) {
      refuse(fmt::format("pattern '{}': {}", pattern, valid.error().detail));
    }
    return pattern;
  }

  void user(const json::object& object);
  void virtual_host(const json::object& object);
  void permission(const json::object& object);
  void topic_permission(const json::object& object);
  void policy(const json::object& named, const json::object& content, bool of_operator);
  void parameter(const json::object& object);
  void limits(const json::object& named, const json::object& content);
  void exchange(const json::object& object);
  void queue(const json::object& object);
  void binding(const json::object& object);

  catalog::CatalogStore& catalog_;
  std::size_t shards_;
  std::uint64_t made_ = 0;
  std::uint64_t present_ = 0;
};

std::vector<std::string> tags_of(const json::object& object) {
  std::vector<std::string> tags;
  const json::value* value = object.if_contains("tags");
  if (value == nullptr) return tags;
  if (value->is_array()) {
    for (const json::value& tag : value->get_array()) {
      if (!tag.is_string()) refuse("a tag is no text");
      tags.emplace_back(tag.get_string());
    }
    return tags;
  }
  // Older files: one text with commas.
  const std::string all = text_of(object, "tags");
  for (std::size_t at = 0; at < all.size();) {
    const std::size_t comma = std::min(all.find(',', at), all.size());
    std::string tag = all.substr(at, comma - at);
    std::erase(tag, ' ');
    if (!tag.empty()) tags.push_back(std::move(tag));
    at = comma + 1;
  }
  return tags;
}

void Importer::user(const json::object& object) {
  catalog::User user;
  user.name = text_of(object, "name");
  user.tags = tags_of(object);
  const std::string hash = text_of(object, "password_hash", std::string());
  if (object.contains("password")) {
    user.password_hash = auth::hash_password(text_of(object, "password"));
  } else if (!hash.empty()) {
    const std::string algorithm = text_of(object, "hashing_algorithm", std::string("rabbit_password_hashing_sha256"));
    if (algorithm != "rabbit_password_hashing_sha256") refuse(fmt::format("password hashes of {}", algorithm));
    user.password_hash = "rabbit-sha256$" + hash;
  }  // else without a password: nobody logs in by one
  users.push_back(user.name);
  execute({catalog::PutUser{std::move(user)}});
}

/// What the virtual host says of itself, in this version's place or in an older one's; nothing where it says nothing.
std::optional<catalog::QueueKind> usual_kind_of(const json::object& vhost) {
  const json::value* metadata = vhost.if_contains("metadata");
  const bool inside = metadata != nullptr && metadata->is_object() && metadata->get_object().contains(kUsualType);
  const std::string name = text_of(inside ? metadata->get_object() : vhost, kUsualType, std::string());
  if (name.empty() || name == "undefined") return std::nullopt;
  // Long names are those of the types' modules, which some versions write.
  for (const auto type : {amqp::QueueType::classic, amqp::QueueType::quorum, amqp::QueueType::stream}) {
    if (name == amqp::name_of(type) || name == amqp::implementation_name(type)) return amqp::kind_of(type);
  }
  refuse(fmt::format("'{}' is '{}'", kUsualType, name));
}

void Importer::virtual_host(const json::object& object) {
  const std::string name = text_of(object, "name");
  std::vector<catalog::Command> commands;
  const catalog::VirtualHost* vhost = state().find_virtual_host(name);
  if (vhost == nullptr) commands = catalog::new_virtual_host(name, [this] { return catalog_.allocate_id(); });
  const auto usual_kind = usual_kind_of(object);
  catalog::AlterVirtualHost alter;
  alter.id = vhost != nullptr ? vhost->id : std::get<catalog::CreateVirtualHost>(commands.front()).vhost.id;
  if (vhost != nullptr) alter.settings = vhost->settings;
  if (usual_kind.has_value() && usual_kind != alter.settings.usual_kind) {
    alter.settings.usual_kind = usual_kind;
    commands.emplace_back(alter);
  }
  if (commands.empty()) {
    ++present_;
    return;
  }
  execute(std::move(commands));
}

/// Negative: no limit.
std::optional<std::uint32_t> host_limit_of(const json::object& limits, std::string_view key) {
  const json::value* value = limits.if_contains(key);
  if (value == nullptr) return std::nullopt;
  const std::int64_t number = number_of(*value, key);
  if (number < 0 || number > UINT32_MAX) return std::nullopt;
  return static_cast<std::uint32_t>(number);
}

void Importer::limits(const json::object& named, const json::object& content) {
  const catalog::VirtualHost& vhost = vhost_of(named);
  catalog::AlterVirtualHost alter{vhost.id, vhost.settings};
  alter.settings.max_queues = host_limit_of(content, "max-queues");
  alter.settings.max_connections = host_limit_of(content, "max-connections");
  if (alter.settings == vhost.settings) {
    ++present_;
    return;
  }
  execute({alter});
}

void Importer::permission(const json::object& object) {
  execute({catalog::PutPermission{{.user = text_of(object, "user"),
                                   .vhost = vhost_of(object).id,
                                   .configure = pattern_of(object, "configure"),
                                   .write = pattern_of(object, "write"),
                                   .read = pattern_of(object, "read")}}});
}

void Importer::topic_permission(const json::object& object) {
  execute({catalog::PutTopicPermission{{.user = text_of(object, "user"),
                                        .vhost = vhost_of(object).id,
                                        .exchange = text_of(object, "exchange"),
                                        .write = pattern_of(object, "write"),
                                        .read = pattern_of(object, "read")}}});
}

void Importer::policy(const json::object& named, const json::object& content, bool of_operator) {
  catalog::Policy policy;
  policy.vhost = vhost_of(named).id;
  policy.name = text_of(named, "name");
  policy.of_operator = of_operator;
  policy.pattern = pattern_of(content, "pattern");
  if (const json::value* priority = content.if_contains("priority")) {
    const std::int64_t number = number_of(*priority, "priority");
    if (number < INT32_MIN || number > INT32_MAX) refuse("'priority' is too large");
    policy.priority = static_cast<std::int32_t>(number);
  }
  policy.target = target_of(text_of(content, "apply-to", std::string(of_operator ? "queues" : "all")));
  const json::value* definition = content.if_contains("definition");
  if (definition == nullptr || !definition->is_object()) refuse("'definition' is no object");
  policy.definition = definition_of(definition->get_object(), policy.name);
  execute({catalog::PutPolicy{std::move(policy)}});
}

void Importer::parameter(const json::object& object) {
  const std::string component = text_of(object, "component");
  const json::value* value = object.if_contains("value");
  if (component == "operator_policy" && value != nullptr && value->is_object()) {
    return policy(object, value->get_object(), true);
  }
  if (component == "vhost-limits" && value != nullptr && value->is_object()) {
    return limits(object, value->get_object());
  }
  base::log::warning("definitions: parameter '{}' of component '{}' has no effect",
                     text_of(object, "name", std::string("?")), component);
}

void Importer::exchange(const json::object& object) {
  amqp::DefinedExchange wanted;
  wanted.name = text_of(object, "name");
  wanted.type = text_of(object, "type");
  wanted.durable = flag_of(object, "durable");
  wanted.auto_delete = flag_of(object, "auto_delete");
  wanted.internal = flag_of(object, "internal");
  wanted.arguments = arguments_of(object);
  const catalog::VirtualHost& vhost = vhost_of(object);
  if (state().find_exchange(vhost.id, wanted.name) != nullptr) {
    ++present_;
    return;
  }
  auto made = amqp::define_exchange(std::move(wanted), vhost);
  if (!made.has_value()) refuse(made.error().text);
  execute(broker::new_exchange(std::move(*made), shards_, [this] { return catalog_.allocate_id(); }));
}

void Importer::queue(const json::object& object) {
  amqp::DefinedQueue wanted;
  wanted.name = text_of(object, "name");
  wanted.durable = flag_of(object, "durable");
  wanted.auto_delete = flag_of(object, "auto_delete");
  wanted.arguments = arguments_of(object);
  const catalog::VirtualHost& vhost = vhost_of(object);
  if (state().find_queue(vhost.id, wanted.name) != nullptr) {
    ++present_;
    return;
  }
  auto made = amqp::define_queue(std::move(wanted), vhost);
  if (!made.has_value()) refuse(made.error().text);
  made->id = catalog_.allocate_id();
  made->shard = broker::shard_of_new(made->id, shards_);
  execute({catalog::CreateQueue{std::move(*made)}});
}

void Importer::binding(const json::object& object) {
  const catalog::VirtualHost& vhost = vhost_of(object);
  const std::string source_name = text_of(object, "source");
  if (source_name.empty()) return;  // every queue is bound to the default exchange anyway
  const catalog::Exchange* source = state().find_exchange(vhost.id, source_name);
  if (source == nullptr) refuse("there is no such exchange");
  const std::string destination = text_of(object, "destination");
  const bool to_queue = text_of(object, "destination_type") == "queue";
  const catalog::Queue* queue = to_queue ? state().find_queue(vhost.id, destination) : nullptr;
  const catalog::Exchange* exchange = to_queue ? nullptr : state().find_exchange(vhost.id, destination);
  if (queue == nullptr && exchange == nullptr) refuse(fmt::format("there is no destination '{}'", destination));
  const bytes::ByteVector arguments = arguments_of(object);
  auto made = amqp::define_binding(*source, queue, exchange, text_of(object, "routing_key"), arguments);
  if (!made.has_value()) refuse(made.error().text);
  if (state().has_binding(*made)) {
    ++present_;
    return;
  }
  execute({catalog::Bind{std::move(*made)}});
}

}  // namespace

base::Result<void, DefinitionsError> DefinitionsImport::run(std::string_view text) {
  boost::system::error_code error;
  json::value root = json::parse(text, error);
  if (error) return base::fail(DefinitionsErrc::syntax, fmt::format("not JSON: {}", error.message()));
  if (!root.is_object()) return base::fail(DefinitionsErrc::syntax, "not a JSON object");
  Importer importer(catalog_, shards_);
  try {
    importer.run(root.get_object());
  } catch (const Refused& refused) {
    return base::fail(refused.code, refused.text);
  }
  users_ = std::move(importer.users);
  return {};
}

bool DefinitionsImport::named_user(std::string_view name) const {
  return std::ranges::find(users_, name) != users_.end();
}

base::Result<void, DefinitionsError> import_definitions_file(const std::string& path, bool new_directory,
                                                             catalog::CatalogStore& catalog, std::size_t shards) {
  std::ifstream file(path, std::ios::binary);
  const std::string text((std::istreambuf_iterator<char>(file)), std::istreambuf_iterator<char>());
  if (!file) return base::fail(DefinitionsErrc::unreadable, fmt::format("definitions '{}' cannot be read", path));
  DefinitionsImport import(catalog, shards);
  if (auto done = import.run(text); !done.has_value()) {
    return base::fail(done.error().code, fmt::format("definitions '{}': {}", path, done.error().detail));
  }
  constexpr const char* kFirstUser = "guest";
  if (new_directory && import.named_users() && !import.named_user(kFirstUser)) {
    catalog.execute({.commands = {catalog::DeleteUser{kFirstUser}}}, [](const catalog::Result<catalog::Revision>&) {});
  }
  return {};
}

}  // namespace millrace::server
