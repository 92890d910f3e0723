// The load of the crash tests: crash_load publish|consume|drain|transactions --port N --prefix NAME --ledger FILE ...
// --kind plain|priorities|expiring says what is special about the messages.
#include <charconv>
#include <iostream>
#include <string_view>

#include "message.h"

namespace millrace::crash {

namespace {

template <class T>
bool number(std::string_view text, T& value) {
  const auto [end, problem] = std::from_chars(text.data(), text.data() + text.size(), value);
  return problem == std::errc{} && end == text.data() + text.size();
}

bool kind(std::string_view text, Kind& value) {
  if (text == "plain") value = Kind::plain;
  if (text == "priorities") value = Kind::priorities;
  if (text == "expiring") value = Kind::expiring;
  return text == "plain" || text == "priorities" || text == "expiring";
}

bool set(Options& options, std::string_view name, std::string_view value) {
  if (name == "--port") return number(value, options.port);
  if (name == "--queues") return number(value, options.queues) && options.queues > 0;
  if (name == "--seed") return number(value, options.seed);
  if (name == "--limit") return number(value, options.limit);
  if (name == "--window") return number(value, options.window) && options.window > 0;
  if (name == "--dead") return number(value, options.dead);
  if (name == "--kind") return kind(value, options.kind);
  if (name == "--prefix") options.prefix = value;
  if (name == "--ledger") options.ledger = value;
  if (name == "--transactions") options.transactions = value == "1";
  return name == "--prefix" || name == "--ledger" || name == "--transactions";
}

int run(int argc, char** argv) {
  const std::string_view mode = argc > 1 ? argv[1] : "";
  Options options;
  for (int i = 2; i < argc; i += 2) {
    if (i + 1 >= argc || !set(options, argv[i], argv[i + 1])) {
      std::cerr << "crash_load: cannot use " << argv[i] << '\n';
      return 2;
    }
  }
  if (mode == "publish") return publish(options);
  if (mode == "consume") return consume(options);
  if (mode == "drain") return drain(options);
  if (mode == "transactions") return has_transactions(options);
  std::cerr << "crash_load: publish, consume, drain or transactions\n";
  return 2;
}

}  // namespace

}  // namespace millrace::crash

int main(int argc, char** argv) {
  try {
    return millrace::crash::run(argc, argv);
  } catch (const std::exception& problem) {
    std::cout << "error: " << problem.what() << std::endl;
    return 1;
  }
}
