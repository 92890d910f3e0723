#pragma once

#include <memory>
#include <string>
#include <vector>

#include "amqp_load/consumer.h"
#include "amqp_load/options.h"
#include "amqp_load/producer.h"
#include "amqp_load/totals.h"

namespace millrace::bench {

/// Processor time in seconds.
struct Cpu {
  double user = 0;
  double system = 0;
};

/// Of this process, or of another one (from /proc).
Cpu own_cpu();
Cpu cpu_of(std::uint64_t pid);

/// The state of things at the begin or the end of the measured time.
struct Mark {
  std::uint64_t at = 0;
  Counts counts;
  Cpu own;
  Cpu watched;
};

/// Runs all connections on one epoll loop: warm-up, measured time, then waiting for what is still under way.
class Runner {
 public:
  explicit Runner(const Options& options);
  ~Runner();
  Runner(const Runner&) = delete;
  Runner& operator=(const Runner&) = delete;

  /// The answer is a line of JSON.
  std::string run();

 private:
  /// Serves the connections until `until`, or until `done`, publishing or not.
  template <class Done>
  void serve(std::uint64_t until, bool publish, Done done);
  void turn(int timeout_ms, bool publish);
  bool publish_some();
  std::uint64_t allowed_now() const;
  void update_interest();
  Mark mark() const;
  std::string report(const Mark& begin, const Mark& end, bool complete) const;

  const Options& options_;
  Totals totals_;
  std::vector<std::unique_ptr<Producer>> producers_;
  std::vector<std::unique_ptr<Consumer>> consumers_;
  std::vector<bool> wants_write_;  // per connection, producers first
  int epoll_ = -1;
  std::size_t first_producer_ = 0;
  std::uint64_t rate_began_ = 0;
};

}  // namespace millrace::bench
