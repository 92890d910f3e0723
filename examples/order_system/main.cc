#include <charconv>
#include <cstdio>
#include <cstdlib>
#include <cstring>

#include "order_system/producer.h"
#include "order_system/service.h"
#include "order_system/summary.h"

namespace {

using order_system::Settings;

constexpr const char* kUsage =
    "order-demo producer|inventory|payment|summary [--host HOST] [--port PORT] [--state FOLDER] [--orders N]\n"
    "           [--rate ORDERS_PER_SECOND] [--seconds S]\n";

template <class Number>
bool to_number(const char* text, Number& number) {
  const char* end = text + std::strlen(text);
  const auto result = std::from_chars(text, end, number);
  return result.ec == std::errc() && result.ptr == end;
}

bool parse(int argc, char** argv, Settings& settings, double& seconds) {
  if (argc % 2 != 0 || argc < 2) return false;
  for (int i = 2; i + 1 < argc; i += 2) {
    const std::string name = argv[i];
    const char* value = argv[i + 1];
    bool good = true;
    if (name == "--host") {
      settings.host = value;
    } else if (name == "--state") {
      settings.state = value;
    } else if (name == "--port") {
      good = to_number(value, settings.port);
    } else if (name == "--orders") {
      good = to_number(value, settings.orders);
    } else if (name == "--rate") {
      good = to_number(value, settings.rate) && settings.rate > 0;
    } else if (name == "--seconds") {
      good = to_number(value, seconds);
    } else {
      good = false;
    }
    if (!good) return false;
  }
  return true;
}

}  // namespace

int main(int argc, char** argv) {
  Settings settings;
  double seconds = 0;
  if (!parse(argc, argv, settings, seconds)) {
    std::fputs(kUsage, stderr);
    return 2;
  }
  order_system::stop_on_signals();
  const std::string command = argv[1];
  if (command == "producer") return order_system::Producer(settings).run() ? 0 : 1;
  if (command == "summary") return order_system::print_summary(settings.state, settings.orders, seconds) ? 0 : 1;
  if (command == "inventory" || command == "payment") {
    order_system::Service(settings, command).run();
    return 0;
  }
  std::fputs(kUsage, stderr);
  return 2;
}
