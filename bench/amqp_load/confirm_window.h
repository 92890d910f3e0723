#pragma once

#include <bit>
#include <cstdint>
#include <vector>

namespace millrace::bench {

/// Published messages that the server has not confirmed: a ring with the time of sending of each, so that confirms cost
/// no allocation. Sequence numbers begin at 1.
class ConfirmWindow {
 public:
  /// At most `window` messages are outstanding.
  explicit ConfirmWindow(std::uint64_t window)
      : window_(window), slots_(std::bit_ceil(std::max<std::uint64_t>(2 * window, 1024))) {}

  std::uint64_t outstanding() const { return outstanding_; }
  /// How many may be sent now. A straggler also holds back others when the ring ends.
  std::uint64_t room() const {
    const std::uint64_t ring_room = slots_.size() - (next_ - floor_);
    return std::min(window_ - outstanding_, ring_room);
  }
  void sent(std::uint64_t at_nanos) {
    slots_[next_ & (slots_.size() - 1)] = at_nanos;
    ++next_;
    ++outstanding_;
  }
  /// Calls `each(sent_at_nanos)` for what is newly settled.
  template <class Each>
  void settle(std::uint64_t tag, bool multiple, Each each) {
    if (tag >= next_ || tag < floor_) return;
    for (std::uint64_t at = multiple ? floor_ : tag; at <= tag; ++at) {
      std::uint64_t& slot = slots_[at & (slots_.size() - 1)];
      if (slot == kSettled) continue;
      each(slot);
      slot = kSettled;
      --outstanding_;
    }
    while (floor_ < next_ && slots_[floor_ & (slots_.size() - 1)] == kSettled) ++floor_;
  }

 private:
  static constexpr std::uint64_t kSettled = ~std::uint64_t{0};

  std::uint64_t window_;
  std::uint64_t outstanding_ = 0;
  std::uint64_t floor_ = 1;
  std::uint64_t next_ = 1;
  std::vector<std::uint64_t> slots_;
};

}  // namespace millrace::bench
