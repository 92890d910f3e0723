#pragma once

#include <cstdint>
#include <string>
#include <unordered_map>

#include "order_system/order.h"

namespace order_system {

/// What a service did, in a file that only grows: one line per order, and one for each repetition that it recognised.
/// Everything recorded is on the disk after sync(). A last line that a crash cut is dropped when the file is opened.
class Ledger {
 public:
  /// Opens or creates the file and reads it. Ends the program when that fails: without its ledger a service must not
  /// run.
  explicit Ledger(const std::string& path);
  ~Ledger();
  Ledger(const Ledger&) = delete;
  Ledger& operator=(const Ledger&) = delete;

  /// True when this is news; false when the order is there already, which is then noted as a repetition.
  bool record(const Order& order);
  void sync();

  const std::unordered_map<std::string, Order>& orders() const { return orders_; }
  std::uint64_t repetitions() const { return repetitions_; }
  /// Orders that the file holds more than once: work done twice, which must never happen.
  std::uint64_t done_twice() const { return done_twice_; }
  /// Lines that cannot be read.
  std::uint64_t bad_lines() const { return bad_lines_; }

 private:
  void load();
  void take_line(std::string_view line);
  void append(const std::string& line);

  std::string path_;
  int descriptor_ = -1;
  std::unordered_map<std::string, Order> orders_;
  std::uint64_t repetitions_ = 0;
  std::uint64_t done_twice_ = 0;
  std::uint64_t bad_lines_ = 0;
};

}  // namespace order_system
