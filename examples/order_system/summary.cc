#include "order_system/summary.h"

#include <fmt/format.h>

#include <cstdio>

namespace order_system {

namespace {

void print_verdict(const char* what, const Verdict& verdict) {
  fmt::print("  {:<9} exactly once: {:>7}   missing: {}   twice: {}   not ordered: {}   duplicates recognised: {}\n",
             what, verdict.exactly_once, verdict.missing, verdict.twice, verdict.foreign, verdict.repetitions);
}

}  // namespace

Verdict judge(const Ledger& ledger, std::uint64_t orders) {
  Verdict verdict;
  verdict.twice = ledger.done_twice();
  verdict.repetitions = ledger.repetitions();
  verdict.foreign = ledger.bad_lines();
  for (std::uint64_t number = 0; number < orders; ++number) {
    const Order wanted = make_order(number);
    const auto found = ledger.orders().find(wanted.id);
    if (found == ledger.orders().end()) {
      ++verdict.missing;
    } else if (found->second == wanted) {
      ++verdict.exactly_once;
      verdict.units += wanted.quantity;
      verdict.cents += wanted.cents;
    } else {
      ++verdict.foreign;
    }
  }
  const std::uint64_t known = orders - verdict.missing;
  if (ledger.orders().size() > known) verdict.foreign += ledger.orders().size() - known;
  return verdict;
}

bool print_summary(const std::string& state, std::uint64_t orders, double seconds) {
  const Verdict inventory = judge(Ledger(state + "/inventory.ledger"), orders);
  const Verdict payment = judge(Ledger(state + "/payment.ledger"), orders);
  fmt::print("\nSummary, from what the services recorded\n");
  fmt::print("  orders placed: {}\n", orders);
  print_verdict("reserved", inventory);
  print_verdict("paid", payment);
  fmt::print("  units reserved: {}   amount paid: {}.{:02}\n", inventory.units, payment.cents / 100,
             payment.cents % 100);
  if (std::FILE* file = std::fopen((state + "/producer.txt").c_str(), "r"); file != nullptr) {
    char line[256] = {};
    if (std::fgets(line, sizeof line, file) != nullptr) fmt::print("  {}", line);
    std::fclose(file);
  }
  if (seconds > 0) {
    fmt::print("  time: {:.1f} s, {:.0f} orders/s, kills and restarts included\n", seconds,
               static_cast<double>(orders) / seconds);
  }
  const bool good = inventory.good() && payment.good();
  fmt::print("{}\n", good ? "OK: every order was reserved and paid exactly once"
                          : "FAILED: not every order was reserved and paid exactly once");
  return good;
}

}  // namespace order_system
