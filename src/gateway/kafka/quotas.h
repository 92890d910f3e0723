#pragma once

#include <array>
#include <atomic>
#include <cstdint>
#include <memory>
#include <mutex>
#include <optional>
#include <string>
#include <string_view>
#include <unordered_map>

#include "base/units.h"
#include "catalog/state.h"

// Limits of what clients may use, as the catalog's quotas say.
namespace millrace::gateway::kafka {

/// What is told with throttling_quota_exceeded.
inline constexpr std::string_view kTooManyPartitionChanges = "more partitions than the client's quota allows";

/// What one client, or several that count together, have used of one limit: up to when it is spoken for. Any thread.
///
/// Everybody has one second's worth in advance; what is used beyond that has to be waited for.
class QuotaBucket {
 public:
  /// Uses `amount` of a limit of `per_second`; returns how long to wait before the next use.
  base::Nanos charge(base::Nanos now, double amount, double per_second);
  /// Uses it only if there is enough in advance, or all that there can be; else returns how long to wait for that.
  base::Nanos try_charge(base::Nanos now, double amount, double per_second);
  /// How long until what was used too much is made up for.
  base::Nanos debt(base::Nanos now) const {
    const base::Nanos until(busy_until_.load(std::memory_order_relaxed));
    return until > now ? until - now : base::Nanos(0);
  }
  bool idle(base::Nanos now) const { return busy_until_.load(std::memory_order_relaxed) <= now.value; }

 private:
  std::atomic<std::int64_t> busy_until_{INT64_MIN};
};

/// The buckets of all shards, so that a limit is one limit for the whole process. Asked only when a client comes or
/// what is known of quotas changes; using a bucket takes no lock.
class QuotaBuckets {
 public:
  std::shared_ptr<QuotaBucket> find(const std::string& key, base::Nanos now);

 private:
  std::mutex mutex_;
  std::unordered_map<std::string, std::shared_ptr<QuotaBucket>> buckets_;
};

/// The limits in force for one connection. Of several quotas that fit, the one counts that says most about the client:
/// user and client id, then user, then client id, a name before the default.
class ClientLimits {
 public:
  explicit ClientLimits(std::shared_ptr<QuotaBuckets> buckets) : buckets_(std::move(buckets)) {}

  /// To be called before charge(); looks things up again when something is new.
  void refresh(const catalog::State& catalog, std::uint64_t generation, std::string_view user,
               std::string_view client_id, base::Nanos now);
  bool limited(catalog::QuotaKind kind) const { return limits_[static_cast<std::size_t>(kind)].bucket != nullptr; }
  /// How long the client has to wait after this.
  base::Nanos charge(catalog::QuotaKind kind, double amount, base::Nanos now);
  /// See QuotaBucket.
  base::Nanos try_charge(catalog::QuotaKind kind, double amount, base::Nanos now);
  base::Nanos debt(catalog::QuotaKind kind, base::Nanos now) const;
  /// Nothing without a limit.
  std::optional<double> per_second(catalog::QuotaKind kind) const;

 private:
  struct Limit {
    std::shared_ptr<QuotaBucket> bucket;
    double per_second = 0;
  };
  static constexpr std::size_t kKinds = 4;

  std::shared_ptr<QuotaBuckets> buckets_;
  std::uint64_t generation_ = 0;
  std::string user_;
  std::string client_id_;
  std::array<Limit, kKinds> limits_;
};

/// How long a connection from this address has to wait before it is served.
base::Nanos charge_connection(const catalog::State& catalog, QuotaBuckets& buckets, std::string_view address,
                              base::Nanos now);

}  // namespace millrace::gateway::kafka
