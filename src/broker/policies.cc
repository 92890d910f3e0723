#include "broker/policies.h"

#include <algorithm>

namespace millrace::broker {

using catalog::Policy;
using catalog::PolicyDefinition;
using catalog::PolicyTarget;
using catalog::QueueSettings;

namespace {

template <class T>
void lower(std::optional<T>& limit, const std::optional<T>& other) {
  if (!other.has_value()) return;
  limit = limit.has_value() ? std::min(*limit, *other) : *other;
}

template <class T>
void complete(std::optional<T>& value, const std::optional<T>& other) {
  if (!value.has_value()) value = other;
}

std::optional<base::Millis> time_of(const std::optional<std::uint64_t>& ms) {
  if (!ms.has_value()) return std::nullopt;
  return base::Millis(static_cast<std::int64_t>(std::min<std::uint64_t>(*ms, INT64_MAX)));
}

void lower_limits(QueueSettings& settings, const PolicyDefinition& definition) {
  lower(settings.max_length, definition.max_length);
  lower(settings.max_length_bytes, definition.max_length_bytes);
  lower(settings.delivery_limit, definition.delivery_limit);
  lower(settings.message_time_to_live, time_of(definition.message_ttl_ms));
  lower(settings.expires, time_of(definition.expires_ms));
}

/// 0 is no limit.
void lower_timeout(std::optional<base::Millis>& timeout, const std::optional<base::Millis>& other) {
  const bool endless = timeout.has_value() && timeout->value == 0;
  if (other.has_value() && other->value == 0 && timeout.has_value()) return;
  if (endless && other.has_value()) timeout.reset();
  lower(timeout, other);
}

/// Which policies a queue falls under.
std::array<PolicyTarget, 3> kinds_of(const catalog::Queue& queue) {
  const PolicyTarget own = queue.kind == catalog::QueueKind::stream     ? PolicyTarget::streams
                           : queue.kind == catalog::QueueKind::counting ? PolicyTarget::counting_queues
                                                                        : PolicyTarget::ordinary_queues;
  return {PolicyTarget::all, PolicyTarget::queues, own};
}
constexpr std::array<PolicyTarget, 3> kExchangeKinds = {PolicyTarget::all, PolicyTarget::exchanges,
                                                        PolicyTarget::exchanges};

/// What a stream keeps is for its policy to say, if it says anything.
void replace_retention(QueueSettings& settings, const PolicyDefinition& definition) {
  if (definition.max_length_bytes.has_value()) settings.max_length_bytes = definition.max_length_bytes;
  if (definition.retain_ms.has_value()) settings.retain_time = time_of(definition.retain_ms);
  if (definition.segment_bytes.has_value()) settings.segment_bytes = definition.segment_bytes;
}

void complete_retries(QueueSettings& settings, const PolicyDefinition& definition) {
  complete(settings.delayed_retry, definition.delayed_retry);
  complete(settings.retry_min, time_of(definition.retry_min_ms));
  complete(settings.retry_max, time_of(definition.retry_max_ms));
}

}  // namespace

bool Policies::fits(const std::string& pattern, std::string_view name) {
  auto it = compiled_.find(pattern);
  if (it == compiled_.end()) {
    auto made = auth::Pattern::compile(pattern);
    it = compiled_.emplace(pattern, made.has_value() ? std::optional(std::move(*made)) : std::nullopt).first;
  }
  return it->second.has_value() && it->second->found_in(name);
}

const Policy* Policies::find(catalog::ObjectId vhost, bool of_operator, const Kinds& kinds, std::string_view name) {
  const Policy* best = nullptr;
  for (const Policy* policy : catalog_.policies(vhost, of_operator)) {
    if (std::find(kinds.begin(), kinds.end(), policy->target) == kinds.end()) continue;
    if (best != nullptr && best->priority >= policy->priority) continue;
    if (fits(policy->pattern, name)) best = policy;
  }
  return best;
}

QueueSettings Policies::settings_of(const catalog::Queue& queue) {
  QueueSettings settings = queue.settings;
  if (settings.delays) return settings;  // part of its exchange, and nobody's queue
  const auto kinds = kinds_of(queue);
  if (const Policy* policy = find(queue.vhost, false, kinds, queue.name)) {
    const PolicyDefinition& definition = policy->definition;
    if (queue.kind == catalog::QueueKind::stream) replace_retention(settings, definition);
    lower_timeout(settings.consumer_timeout, time_of(definition.consumer_timeout_ms));
    if (queue.kind == catalog::QueueKind::counting) complete_retries(settings, definition);
    complete(settings.dead_letter_exchange, definition.dead_letter_exchange);
    complete(settings.dead_letter_routing_key, definition.dead_letter_routing_key);
    const bool overflow_counts = !settings.overflow_given || queue.kind == catalog::QueueKind::counting;
    if (overflow_counts && definition.overflow.has_value()) settings.overflow = *definition.overflow;
    if (queue.kind != catalog::QueueKind::stream) lower_limits(settings, definition);
  }
  if (const Policy* policy = find(queue.vhost, true, kinds, queue.name)) {
    lower_limits(settings, policy->definition);
  }
  if (queue.kind == catalog::QueueKind::counting) {
    complete(settings.delivery_limit, std::optional(catalog::kCountingDeliveryLimit));
  }
  // What a queue over a topic shows is not its own to drop.
  if (queue.source.has_value()) {
    settings.max_length.reset();
    settings.max_length_bytes.reset();
    settings.overflow = catalog::Overflow::drop_head;
  }
  return settings;
}

std::string Policies::alternate_of(const catalog::Exchange& exchange) {
  if (!exchange.alternate_exchange.empty()) return exchange.alternate_exchange;
  const Policy* policy = find(exchange.vhost, false, kExchangeKinds, exchange.name);
  return policy == nullptr ? std::string() : policy->definition.alternate_exchange.value_or("");
}

bool Policies::changed(const catalog::Command& command) {
  const bool concerns =
      std::holds_alternative<catalog::PutPolicy>(command) || std::holds_alternative<catalog::DeletePolicy>(command);
  if (concerns) compiled_.clear();
  return concerns;
}

}  // namespace millrace::broker
