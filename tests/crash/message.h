#pragma once

#include <cstdint>
#include <cstdio>
#include <string>
#include <vector>

#include "base/prng.h"
#include "bytes/view.h"

namespace millrace::crash {

/// Says of itself which queue it was sent to, its number there, and the checksum of everything.
struct Identity {
  std::uint32_t queue = 0;  // or what else tells sequences apart, see Kind
  std::uint64_t sequence = 0;
  std::uint32_t checksum = 0;
};

/// Mostly small bodies; one of a thousand needs several frames and its own write to the segment.
bytes::ByteVector make_message(base::Prng& random, Identity& identity);
/// False when the body is not what was made.
bool read_message(bytes::ByteView body, Identity& identity);

/// What a ledger says about a message. verdict.py reads the same numbers.
enum class Mark : std::uint8_t {
  sent = 0,       // published, nothing heard
  confirmed = 1,  // the server took it
  refused = 2,    // the server said no
  delivered = 3,  // delivered, not settled
  acknowledged = 4,
  acknowledged_committed = 5,
  rejected = 6,
  rejected_committed = 7,
  requeued = 8,
  found = 9,              // found in its queue after the restart, in this order
  found_dead_letter = 10  // found in the dead letter queue
};

/// Entries in a file, 17 bytes each: mark, queue, sequence, checksum; little endian.
class Ledger {
 public:
  explicit Ledger(const std::string& path);
  ~Ledger();
  Ledger(const Ledger&) = delete;
  Ledger& operator=(const Ledger&) = delete;
  void write(Mark mark, const Identity& identity);

 private:
  std::FILE* file_;
};

/// What is special about the messages of a load. With anything but `plain` all go to one queue, and the `queue` in
/// their identity is what they are told apart by.
enum class Kind : std::uint8_t {
  plain,
  priorities,  // their priority, of as many as there are queues in the options
  expiring     // kLasting or kExpiring
};
constexpr std::uint32_t kLasting = 0;   // lives as long as any test
constexpr std::uint32_t kExpiring = 1;  // has little time, and is then a dead letter

struct Options {
  std::uint16_t port = 0;
  std::string prefix;
  std::string ledger;
  std::uint32_t queues = 1;
  std::uint64_t seed = 1;
  std::uint64_t limit = 0;  // messages to send, or to settle; 0: no limit
  std::size_t window = 2000;
  bool transactions = false;
  Kind kind = Kind::plain;
  std::uint64_t dead = 0;  // so many dead letters at least are waited for

  /// Queues that there are.
  std::uint32_t real_queues() const { return kind == Kind::plain ? queues : 1; }
};

std::string queue_name(const Options& options, std::uint32_t queue);
std::string dead_letter_name(const Options& options);

/// Publishes until the server dies or `limit` is reached; prints "confirmed N" as it goes on.
int publish(const Options& options);
/// Consumes, acknowledges, rejects and requeues until the server dies or `limit` is reached.
int consume(const Options& options);
/// Prints "yes" or "no": whether the server has transactions.
int has_transactions(const Options& options);
/// Empties all queues and writes down what was in them.
int drain(const Options& options);

}  // namespace millrace::crash
