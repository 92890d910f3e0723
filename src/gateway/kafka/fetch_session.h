#pragma once

#include <cstdint>
#include <list>
#include <map>
#include <memory>
#include <optional>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "wire/kafka/generated/fetch_request.h"
#include "wire/kafka/primitives.h"

namespace millrace::gateway::kafka {

namespace wire = ::millrace::wire::kafka;

/// One partition that a fetch wants, named by its topic's name or (from version 13 on) by its topic's id.
struct FetchWanted {
  wire::Text topic;
  wire::Uuid topic_id;
  std::int32_t partition = 0;
  std::int64_t offset = 0;
  std::int32_t max_bytes = 0;
  /// Keeps the name alive where it is not the request's.
  std::shared_ptr<const std::string> owner;
};

/// What a consumer fetches again and again, so that it names only what changes and is answered only what is new
/// (KIP-227). Belongs to a connection; its requests carry a number that grows by one.
class FetchSession {
 public:
  /// Partitions of a session; who wants more does without one.
  static constexpr std::size_t kMaxPartitions = 20'000;

  /// Nothing when there are too many partitions.
  static std::unique_ptr<FetchSession> open(std::int32_t id, const wire::FetchRequest& request, bool by_id);

  std::int32_t id() const { return id_; }
  bool by_id() const { return by_id_; }
  /// The number of the next request.
  std::int32_t epoch() const { return epoch_; }
  /// Takes over what a request changes. False when there would be too many partitions: the session is of no use then.
  [[nodiscard]] bool update(const wire::FetchRequest& request);
  std::vector<FetchWanted> wanted() const;

  /// What a client was told of a partition.
  struct Told {
    std::int64_t high_watermark = -1;
    std::int64_t log_start = -1;
    friend bool operator==(const Told&, const Told&) = default;
  };
  /// Whether these numbers are news; remembers them. A partition that is not in the session any more is no news.
  bool tell(const FetchWanted& partition, const Told& now);
  /// It was served: next time it comes after the others.
  void move_back(const FetchWanted& partition);

 private:
  struct Key {
    std::string_view topic;  // into the entry
    wire::Uuid topic_id;
    std::int32_t partition = 0;
    friend auto operator<=>(const Key&, const Key&) = default;
  };
  struct Entry {
    FetchWanted wanted;
    Told told;
  };
  using Entries = std::list<Entry>;

  FetchSession(std::int32_t id, bool by_id) : id_(id), by_id_(by_id) {}
  static Key key_of(const FetchWanted& wanted) { return {wanted.topic, wanted.topic_id, wanted.partition}; }

  std::int32_t id_;
  bool by_id_;
  std::int32_t epoch_ = 1;
  Entries entries_;  // in the order of serving
  std::map<Key, Entries::iterator> index_;
};

/// The partitions of a request that stands for itself; names point into the request.
std::vector<FetchWanted> wanted_of(const wire::FetchRequest& request);

}  // namespace millrace::gateway::kafka
