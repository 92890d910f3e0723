#include "order_system/ledger.h"

#include <fcntl.h>
#include <unistd.h>

#include <cerrno>
#include <cstdio>
#include <cstdlib>
#include <cstring>

namespace order_system {

namespace {

constexpr std::string_view kDone = "done ";
constexpr std::string_view kAgain = "again ";

[[noreturn]] void give_up(const std::string& path, const char* what) {
  std::fprintf(stderr, "ledger %s: %s: %s\n", path.c_str(), what, std::strerror(errno));
  std::exit(1);
}

}  // namespace

Ledger::Ledger(const std::string& path) : path_(path) {
  descriptor_ = ::open(path.c_str(), O_RDWR | O_CREAT | O_APPEND | O_CLOEXEC, 0644);
  if (descriptor_ < 0) give_up(path, "open");
  load();
}

Ledger::~Ledger() {
  ::close(descriptor_);
}

void Ledger::load() {
  std::string text;
  char buffer[1 << 16];
  ssize_t got = 0;
  while ((got = ::read(descriptor_, buffer, sizeof buffer)) > 0) text.append(buffer, static_cast<std::size_t>(got));
  if (got < 0) give_up(path_, "read");
  const std::size_t whole = text.rfind('\n') == std::string::npos ? 0 : text.rfind('\n') + 1;
  if (whole != text.size() && ::ftruncate(descriptor_, static_cast<off_t>(whole)) != 0) give_up(path_, "truncate");
  std::string_view rest(text.data(), whole);
  while (!rest.empty()) {
    const std::size_t end = rest.find('\n');
    take_line(rest.substr(0, end));
    rest.remove_prefix(end + 1);
  }
}

void Ledger::take_line(std::string_view line) {
  if (line.starts_with(kAgain)) {
    ++repetitions_;
    return;
  }
  const auto order = line.starts_with(kDone) ? decode(line.substr(kDone.size())) : std::nullopt;
  if (!order.has_value()) {
    ++bad_lines_;
  } else if (!orders_.emplace(order->id, *order).second) {
    ++done_twice_;
  }
}

bool Ledger::record(const Order& order) {
  const bool is_new = orders_.emplace(order.id, order).second;
  if (!is_new) ++repetitions_;
  append(std::string(is_new ? kDone : kAgain) + encode(order) + "\n");
  return is_new;
}

void Ledger::append(const std::string& line) {
  // One write() for one line: being killed cannot cut it.
  if (::write(descriptor_, line.data(), line.size()) != static_cast<ssize_t>(line.size())) give_up(path_, "write");
}

void Ledger::sync() {
  if (::fdatasync(descriptor_) != 0) give_up(path_, "sync");
}

}  // namespace order_system
