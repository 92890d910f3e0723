#include "amqp_load/options.h"

#include <fmt/format.h>

#include <algorithm>
#include <charconv>
#include <variant>

namespace millrace::bench {

namespace {

struct Flag {
  std::string_view name;
  std::variant<bool Options::*, std::uint64_t Options::*, std::uint16_t Options::*, std::string Options::*> field;
  std::string_view help;
};

const Flag kFlags[] = {
    {"--host", &Options::host, "where the broker listens"},
    {"--port", &Options::port, "its AMQP port"},
    {"--user", &Options::user, "user name"},
    {"--password", &Options::password, "password"},
    {"--vhost", &Options::virtual_host, "virtual host"},
    {"--null-sink", &Options::null_sink, "be a broker that keeps nothing, to see what this generator can do at most"},
    {"--task", &Options::task,
     "load, or: requests (a client and a server that answers), churn-queues, churn-connections, idle (connections that "
     "do nothing until standard input ends), purge"},
    {"--producers", &Options::producers, "publishing connections; 0 drains only"},
    {"--consumers", &Options::consumers, "consuming connections; 0 publishes only"},
    {"--queues", &Options::queues, "queues, used in turn"},
    {"--prefix", &Options::prefix, "their names are PREFIX-0, PREFIX-1 ..."},
    {"--queue-type", &Options::queue_type, "x-queue-type to declare with, such as quorum"},
    {"--durable", &Options::durable, "durable queues"},
    {"--fanout", &Options::fanout, "publish to a fanout exchange bound to all the queues"},
    {"--bindings", &Options::bindings, "publish to a topic exchange with so many bindings to the queues"},
    {"--ttl", &Options::ttl_ms, "x-message-ttl to declare with, in milliseconds"},
    {"--no-declare", &Options::no_declare, "the queues exist"},
    {"--delete-first", &Options::delete_first, "delete the queues before declaring them"},
    {"--delete-after", &Options::delete_after, "delete the queues at the end"},
    {"--size", &Options::size, "bytes of a body"},
    {"--persistent", &Options::persistent, "delivery mode 2"},
    {"--window", &Options::window, "publisher confirms with this many outstanding per producer; 0: no confirms"},
    {"--prefetch", &Options::prefetch, "unacknowledged deliveries per consumer; 0: no limit"},
    {"--auto-ack", &Options::auto_ack, "consume without acknowledgements"},
    {"--ack-multiple", &Options::ack_multiple, "acknowledge up to this many at once, at the latest after each read"},
    {"--max-ahead", &Options::max_ahead, "pause producers while this many messages are not delivered yet; 0: never"},
    {"--rate", &Options::rate, "messages a second of all producers together; 0: as fast as possible"},
    {"--count", &Options::count, "messages to publish (to drain, without producers); 0: by time"},
    {"--seconds", &Options::seconds, "measured time when there is no count"},
    {"--warmup", &Options::warmup, "seconds before the measured time"},
    {"--drain-seconds", &Options::drain_seconds, "how long to wait for confirms and deliveries at the end"},
    {"--latency", &Options::latency, "measure publish-to-deliver and publish-to-confirm times"},
    {"--wait", &Options::wait, "print 'open' when all connections are, and begin when a line comes on standard input"},
    {"--watch-pid", &Options::watch_pid, "report the processor time of this process in the measured time"},
};

template <class Number>
std::string set_number(Number& field, const Flag& flag, std::string_view text) {
  const auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), field);
  if (error == std::errc() && end == text.data() + text.size()) return {};
  return fmt::format("{} needs a number, not '{}'", flag.name, text);
}

std::string help() {
  std::string text = "amqp-load: drives an AMQP 0-9-1 broker and prints one line of JSON\n";
  for (const Flag& flag : kFlags) text += fmt::format("  {:<16} {}\n", flag.name, flag.help);
  return text;
}

std::string check(const Options& options) {
  if (options.null_sink) return {};
  static const std::string_view kTasks[] = {"load", "requests", "churn-queues", "churn-connections", "idle", "purge"};
  if (std::ranges::find(kTasks, options.task) == std::end(kTasks)) return "--task: no such task: " + options.task;
  if (options.queues == 0) return "--queues must be at least 1";
  if (options.fanout && options.bindings > 0) return "--fanout and --bindings are two things";
  if (options.producers + options.consumers == 0) return "nothing to do: no producers and no consumers";
  if (options.latency && options.size < 8) return "--latency keeps its time in the body: --size must be at least 8";
  if (options.producers == 0 && options.count == 0) return "draining needs --count";
  if (options.max_ahead != 0 && options.consumers == 0) return "--max-ahead needs consumers";
  if (options.prefetch > 65535) return "--prefetch is at most 65535";
  return {};
}

}  // namespace

std::string parse_options(const std::vector<std::string>& arguments, Options& options) {
  for (std::size_t at = 0; at < arguments.size(); ++at) {
    const std::string& name = arguments[at];
    const Flag* found = nullptr;
    for (const Flag& flag : kFlags) {
      if (flag.name == name) found = &flag;
    }
    if (found == nullptr) return name == "--help" ? help() : fmt::format("unknown option '{}'\n{}", name, help());
    if (const auto* on = std::get_if<bool Options::*>(&found->field)) {
      options.** on = true;
      continue;
    }
    if (++at == arguments.size()) return fmt::format("{} needs a value", name);
    const std::string& value = arguments[at];
    std::string error;
    if (const auto* text = std::get_if<std::string Options::*>(&found->field)) {
      options.** text = value;
    } else if (const auto* number = std::get_if<std::uint64_t Options::*>(&found->field)) {
      error = set_number(options.**number, *found, value);
    } else if (const auto* port = std::get_if<std::uint16_t Options::*>(&found->field)) {
      error = set_number(options.**port, *found, value);
    }
    if (!error.empty()) return error;
  }
  return check(options);
}

}  // namespace millrace::bench
