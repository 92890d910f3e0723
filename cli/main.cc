#include <CLI/CLI.hpp>
#include <cstdio>
#include <cstdlib>
#include <fstream>

#include "groups.h"
#include "topics.h"

namespace {

using namespace millrace::cli;

struct Options {
  std::string server = "127.0.0.1:9092";
  std::string user;
  std::string password_file;
  std::string password;
  std::string mechanism = "SCRAM-SHA-256";
  double timeout = 10;
  bool json = false;
};

int report(const std::vector<Error>& errors) {
  for (const Error& error : errors) {
    std::fprintf(stderr, "millrace: %s\n", error.what.c_str());
    if (!error.hint.empty()) std::fprintf(stderr, "  %s\n", error.hint.c_str());
  }
  return errors.empty() ? 0 : 1;
}

Result<std::string> read_password(const Options& options) {
  if (options.password_file.empty()) {
    if (!options.password.empty()) return options.password;
    return fail("no password for '" + options.user + "'", "use --password-file FILE, or set MILLRACE_CLI_PASSWORD");
  }
  std::ifstream file(options.password_file);
  std::string line;
  if (!file || !std::getline(file, line)) {
    return fail("cannot read a password from " + options.password_file, "it stands in the first line of the file");
  }
  if (line.ends_with('\r')) line.pop_back();
  return line;
}

Result<Target> target_of(const Options& options) {
  auto target = parse_target(options.server);
  if (!target.has_value()) return target;
  target->timeout = millrace::base::Millis(static_cast<std::int64_t>(options.timeout * 1000));
  if (options.user.empty()) return target;
  auto password = read_password(options);
  if (!password.has_value()) return std::unexpected(password.error());
  target->login = Login{options.user, std::move(*password), options.mechanism};
  return target;
}

void add_connection_options(CLI::App& app, Options& options) {
  app.add_option("-s,--server", options.server, "HOST:PORT for Kafka clients")
      ->envname("MILLRACE_CLI_SERVER")
      ->capture_default_str();
  app.add_option("-u,--user", options.user, "log in as this user")->envname("MILLRACE_CLI_USER");
  app.add_option("--password-file", options.password_file,
                 "the password is its first line; without it, in the environment: MILLRACE_CLI_PASSWORD");
  app.add_option("--mechanism", options.mechanism, "how to log in")
      ->check(CLI::IsMember({"PLAIN", "SCRAM-SHA-256", "SCRAM-SHA-512"}))
      ->capture_default_str();
  app.add_option("--timeout", options.timeout, "seconds to wait for an answer")
      ->check(CLI::Range(0.1, 3600.0))
      ->capture_default_str();
  app.add_flag("--json", options.json, "print JSON");
}

}  // namespace

int main(int argc, char** argv) {
  CLI::App app("Looks after the topics and consumer groups of a Millrace server.", "millrace");
  Options options;
  Command chosen;
  app.require_subcommand(1);
  app.fallthrough();
  app.set_version_flag("--version", "millrace " MILLRACE_VERSION);
  add_connection_options(app, options);
  add_topics(app, chosen);
  add_groups(app, chosen);
  app.footer(
      "Examples:\n"
      "  millrace topics list\n"
      "  millrace groups describe billing --server queue.example:9092 --user ann --password-file ~/.ann\n"
      "`millrace topics --help` and `millrace groups reset-offsets --help` tell more.");
  CLI11_PARSE(app, argc, argv);
  if (const char* password = std::getenv("MILLRACE_CLI_PASSWORD")) options.password = password;

  const auto target = target_of(options);
  if (!target.has_value()) return report({target.error()});
  auto connection = Connection::open(*target);
  if (!connection.has_value()) return report({connection.error()});
  Admin admin(**connection);
  const Outcome outcome = chosen(admin, options.json);
  std::fputs(outcome.text.c_str(), stdout);
  return report(outcome.errors);
}
