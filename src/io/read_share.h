#pragma once

#include <algorithm>
#include <cstddef>
#include <cstdint>
#include <utility>

namespace millrace::io {

/// How much one read may take.
///
/// What a turn of the loop reads is shared among the sockets that had more to give in the turn before, so that a turn
/// stays short however many peers send without pause: what others wait for, like the answer to an acknowledgement,
/// comes at its end.
class ReadShare {
 public:
  static constexpr std::size_t kMost = std::size_t{256} << 10;
  static constexpr std::size_t kLeast = std::size_t{16} << 10;

  /// `turn` numbers the turns of the loop.
  std::size_t of_turn(std::uint64_t turn) {
    if (turn != turn_) {
      eager_before_ = std::exchange(eager_, 0);
      turn_ = turn;
    }
    return std::clamp(kMost / std::max<std::size_t>(eager_before_, 1), kLeast, kMost);
  }
  /// A read of this turn took all that it was allowed.
  void took_all() { ++eager_; }

 private:
  std::uint64_t turn_ = 0;
  std::size_t eager_ = 0;
  std::size_t eager_before_ = 0;
};

}  // namespace millrace::io
