#pragma once

#include <cstdint>
#include <deque>

namespace millrace::client {

/// What became of the messages published on a channel in confirm mode. Sequence numbers begin at 1, as on the wire.
class Confirms {
 public:
  std::uint64_t published() const { return next_ - 1; }
  std::uint64_t acked() const { return acked_; }
  std::uint64_t nacked() const { return nacked_; }
  std::uint64_t outstanding() const { return published() - acked_ - nacked_; }
  /// The oldest sequence number that has no answer yet; published() + 1 when all have.
  std::uint64_t oldest_outstanding() const { return floor_; }

  /// Takes the next sequence number.
  std::uint64_t publish() {
    settled_.push_back(false);
    return next_++;
  }

  /// Applies basic.ack or basic.nack and calls `each(sequence)` for what it newly settles; `multiple` means all up to
  /// `tag`, and then 0 means all. False when the tag was never published, or was settled alone already.
  template <class Each>
  bool settle(std::uint64_t tag, bool multiple, bool ack, Each each) {
    if (multiple && tag == 0) tag = published();
    if (tag >= next_) return false;
    const std::uint64_t first = multiple ? floor_ : tag;
    if (!multiple && (tag < floor_ || settled_[tag - floor_])) return false;
    for (std::uint64_t at = first; at <= tag; ++at) {
      if (settled_[at - floor_]) continue;
      settled_[at - floor_] = true;
      ++(ack ? acked_ : nacked_);
      each(at);
    }
    while (!settled_.empty() && settled_.front()) {
      settled_.pop_front();
      ++floor_;
    }
    return true;
  }

 private:
  std::uint64_t next_ = 1;
  std::uint64_t floor_ = 1;
  std::uint64_t acked_ = 0;
  std::uint64_t nacked_ = 0;
  std::deque<bool> settled_;  // settled_[n] is about sequence floor_ + n
};

}  // namespace millrace::client
