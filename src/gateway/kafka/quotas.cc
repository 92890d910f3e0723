#include "gateway/kafka/quotas.h"

#include <algorithm>

namespace millrace::gateway::kafka {

namespace {

using catalog::ClientQuota;
using catalog::QuotaEntity;
using catalog::QuotaKind;
using catalog::QuotaSubject;

constexpr std::int64_t kSecond = 1'000'000'000;
/// Nobody waits longer for one use, however much it was.
constexpr double kLongestUse = 3600e9;
constexpr std::size_t kManyBuckets = 10'000;

std::optional<double> limit_of(const ClientQuota* quota, QuotaKind kind) {
  if (quota == nullptr) return std::nullopt;
  for (const auto& [limited, thousandths] : quota->limits) {
    if (limited == kind) return static_cast<double>(thousandths) / 1000;
  }
  return std::nullopt;
}

struct FoundLimit {
  double per_second = 0;
  bool by_user = false;
  bool by_client = false;
};

std::optional<FoundLimit> find_limit(const catalog::State& catalog, QuotaKind kind, const std::string& user,
                                     const std::string& client) {
  const std::optional<std::string> any;
  const auto both = [](const auto& u, const auto& c) {
    return QuotaSubject{{QuotaEntity::user, u}, {QuotaEntity::client_id, c}};
  };
  struct Try {
    QuotaSubject subject;
    bool by_user;
    bool by_client;
  };
  const Try tries[] = {
      {both(std::optional(user), std::optional(client)), true, true},
      {both(std::optional(user), any), true, true},
      {{{QuotaEntity::user, user}}, true, false},
      {both(any, std::optional(client)), true, true},
      {both(any, any), true, true},
      {{{QuotaEntity::user, any}}, true, false},
      {{{QuotaEntity::client_id, client}}, false, true},
      {{{QuotaEntity::client_id, any}}, false, true},
  };
  for (const Try& one : tries) {
    if (const auto limit = limit_of(catalog.find_client_quota(one.subject), kind); limit.has_value()) {
      return FoundLimit{*limit, one.by_user, one.by_client};
    }
  }
  return std::nullopt;
}

}  // namespace

base::Nanos QuotaBucket::charge(base::Nanos now, double amount, double per_second) {
  const auto cost = static_cast<std::int64_t>(std::min(amount / per_second * 1e9, kLongestUse));
  std::int64_t before = busy_until_.load(std::memory_order_relaxed);
  std::int64_t after = 0;
  do {
    after = std::max(before, now.value - kSecond) + cost;
  } while (!busy_until_.compare_exchange_weak(before, after, std::memory_order_relaxed));
  return base::Nanos(std::max<std::int64_t>(after - now.value, 0));
}

base::Nanos QuotaBucket::try_charge(base::Nanos now, double amount, double per_second) {
  const auto cost = static_cast<std::int64_t>(std::min(amount / per_second * 1e9, kLongestUse));
  const std::int64_t rested = now.value - kSecond;
  std::int64_t before = busy_until_.load(std::memory_order_relaxed);
  std::int64_t after = 0;
  do {
    const std::int64_t from = std::max(before, rested);
    after = from + cost;
    if (after > now.value && from > rested) return base::Nanos(std::min(after - now.value, from - rested));
  } while (!busy_until_.compare_exchange_weak(before, after, std::memory_order_relaxed));
  return base::Nanos(0);
}

std::shared_ptr<QuotaBucket> QuotaBuckets::find(const std::string& key, base::Nanos now) {
  const std::lock_guard lock(mutex_);
  if (buckets_.size() >= kManyBuckets) {
    std::erase_if(buckets_,
                  [now](const auto& entry) { return entry.second.use_count() == 1 && entry.second->idle(now); });
  }
  auto& bucket = buckets_[key];
  if (bucket == nullptr) bucket = std::make_shared<QuotaBucket>();
  return bucket;
}

void ClientLimits::refresh(const catalog::State& catalog, std::uint64_t generation, std::string_view user,
                           std::string_view client_id, base::Nanos now) {
  if (generation == generation_ && user == user_ && client_id == client_id_) return;
  generation_ = generation;
  user_ = user;
  client_id_ = client_id;
  limits_ = {};
  if (catalog.client_quotas().empty()) return;
  for (std::size_t i = 0; i < kKinds; ++i) {
    const auto found = find_limit(catalog, static_cast<QuotaKind>(i), user_, client_id_);
    if (!found.has_value()) continue;
    std::string key = std::to_string(i);
    if (found->by_user) key += "u" + std::to_string(user_.size()) + ":" + user_;
    if (found->by_client) key += "c:" + client_id_;
    limits_[i] = {buckets_->find(key, now), found->per_second};
  }
}

base::Nanos ClientLimits::charge(QuotaKind kind, double amount, base::Nanos now) {
  const Limit& limit = limits_[static_cast<std::size_t>(kind)];
  return limit.bucket == nullptr ? base::Nanos(0) : limit.bucket->charge(now, amount, limit.per_second);
}

base::Nanos ClientLimits::try_charge(QuotaKind kind, double amount, base::Nanos now) {
  const Limit& limit = limits_[static_cast<std::size_t>(kind)];
  return limit.bucket == nullptr ? base::Nanos(0) : limit.bucket->try_charge(now, amount, limit.per_second);
}

base::Nanos ClientLimits::debt(QuotaKind kind, base::Nanos now) const {
  const Limit& limit = limits_[static_cast<std::size_t>(kind)];
  return limit.bucket == nullptr ? base::Nanos(0) : limit.bucket->debt(now);
}

std::optional<double> ClientLimits::per_second(QuotaKind kind) const {
  const Limit& limit = limits_[static_cast<std::size_t>(kind)];
  if (limit.bucket == nullptr) return std::nullopt;
  return limit.per_second;
}

base::Nanos charge_connection(const catalog::State& catalog, QuotaBuckets& buckets, std::string_view address,
                              base::Nanos now) {
  if (catalog.client_quotas().empty()) return base::Nanos(0);
  auto limit =
      limit_of(catalog.find_client_quota({{QuotaEntity::address, std::string(address)}}), QuotaKind::connections);
  if (!limit.has_value()) {
    limit = limit_of(catalog.find_client_quota({{QuotaEntity::address, std::nullopt}}), QuotaKind::connections);
  }
  if (!limit.has_value()) return base::Nanos(0);
  return buckets.find("a:" + std::string(address), now)->charge(now, 1, *limit);
}

}  // namespace millrace::gateway::kafka
