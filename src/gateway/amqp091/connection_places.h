#pragma once

#include <cstdint>
#include <memory>
#include <mutex>
#include <optional>
#include <unordered_map>

#include "model/ids.h"

namespace millrace::gateway::amqp091 {

/// How many connections are in each virtual host, of all gateways of the process. Any thread; asked only when a client
/// comes or goes.
class ConnectionPlaces {
 public:
  /// Holds one connection's place until it is destroyed.
  class Place {
   public:
    Place(std::shared_ptr<ConnectionPlaces> places, model::ObjectId vhost)
        : places_(std::move(places)), vhost_(vhost) {}
    Place(const Place&) = delete;
    Place& operator=(const Place&) = delete;
    ~Place() { places_->leave(vhost_); }

   private:
    std::shared_ptr<ConnectionPlaces> places_;
    model::ObjectId vhost_;
  };

  /// Null when as many as `limit` are in the virtual host.
  static std::unique_ptr<Place> enter(const std::shared_ptr<ConnectionPlaces>& places, model::ObjectId vhost,
                                      std::optional<std::uint32_t> limit) {
    const std::lock_guard lock(places->mutex_);
    std::uint32_t& count = places->counts_[vhost.value];
    if (limit.has_value() && count >= *limit) return nullptr;
    auto place = std::make_unique<Place>(places, vhost);
    ++count;
    return place;
  }

 private:
  void leave(model::ObjectId vhost) {
    const std::lock_guard lock(mutex_);
    const auto it = counts_.find(vhost.value);
    if (--it->second == 0) counts_.erase(it);
  }

  std::mutex mutex_;
  std::unordered_map<std::uint64_t, std::uint32_t> counts_;
};

}  // namespace millrace::gateway::amqp091
