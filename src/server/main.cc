#include <fmt/core.h>

#include <CLI/CLI.hpp>
#include <algorithm>
#include <cstdio>
#include <cstdlib>

#include "base/log.h"
#include "io/real_disk.h"
#include "server/check.h"
#include "server/config.h"
#include "server/process.h"

extern char** environ;

namespace {

using namespace millrace;

int fail(const std::string& text) {
  std::fprintf(stderr, "millrace-server: %s\n", text.c_str());
  return 1;
}

std::vector<std::pair<std::string, std::string>> environment() {
  std::vector<std::pair<std::string, std::string>> all;
  for (char** entry = environ; *entry != nullptr; ++entry) {
    const std::string text = *entry;
    const std::size_t equals = text.find('=');
    if (equals != std::string::npos) all.emplace_back(text.substr(0, equals), text.substr(equals + 1));
  }
  return all;
}

int show_config(const server::Config& config) {
  for (const server::Setting& setting : server::settings()) {
    std::printf("%s = %s\n", setting.key.c_str(), setting.show(config).c_str());
  }
  std::printf("The configuration is valid.\n");
  return 0;
}

std::string unknown_flag(const std::string& given) {
  if (!given.starts_with("--")) return fmt::format("'{}' is not expected; see --help", given);
  std::string key = given.substr(2, given.find('=') - 2);
  std::replace(key.begin(), key.end(), '-', '.');
  return fmt::format("unknown flag '{}'; did you mean '{}'? See --help", given,
                     server::flag_name(server::nearest_setting(key)));
}

int serve(const server::Config& config) {
  server::Process process(config);
  if (auto started = process.start(); !started.has_value()) return fail(started.error().detail);
  std::printf("%s\n%s\n", process.ready_line().c_str(), process.welcome().c_str());
  std::fflush(stdout);
  process.run();
  return 0;
}

}  // namespace

int main(int argc, char** argv) {
  CLI::App app(
      "Millrace: a message queue server for AMQP 0-9-1 and Kafka clients.\n"
      "Every setting can also stand in the TOML file (as in amqp.port) or in the environment (as in "
      "MILLRACE_AMQP_PORT); flags win over the environment, the environment over the file.",
      "millrace-server");
  std::string file;
  std::string check_directory;
  bool check_config = false;
  app.add_option("-c,--config", file, "TOML file with settings (or MILLRACE_CONFIG)")->envname("MILLRACE_CONFIG");
  app.add_flag("--check-config", check_config, "print the settings in force and stop");
  app.add_option("--check", check_directory, "verify a data directory, changing nothing, and stop");
  app.set_version_flag("--version", "millrace " MILLRACE_VERSION);
  std::vector<std::pair<const server::Setting*, std::string>> flags;
  const server::Config defaults;
  flags.reserve(server::settings().size());
  for (const server::Setting& setting : server::settings()) {
    flags.emplace_back(&setting, std::string());
    const std::string shown = setting.show(defaults);
    app.add_option(server::flag_name(setting), flags.back().second,
                   setting.help + (shown.empty() ? "" : " [" + shown + "]"));
  }
  try {
    app.parse(argc, argv);
  } catch (const CLI::ExtrasError&) {
    return fail(unknown_flag(app.remaining().front()));
  } catch (const CLI::ParseError& end) {
    return app.exit(end) == 0 ? 0 : 1;  // help and version end it, too
  }

  if (!check_directory.empty()) return server::check_data_directory(check_directory);
  server::Config config;
  if (!file.empty()) {
    if (auto loaded = server::load_file(config, file); !loaded.has_value()) return fail(loaded.error().detail);
  }
  if (auto loaded = server::load_environment(config, environment()); !loaded.has_value()) {
    return fail(loaded.error().detail);
  }
  for (const auto& [setting, text] : flags) {
    if (app.count(server::flag_name(*setting)) == 0) continue;
    if (auto set = setting->set(config, text); !set.has_value()) return fail(set.error().detail);
  }
  if (auto valid = server::validate(config); !valid.has_value()) return fail(valid.error().detail);
  base::log::Level level{};
  base::log::parse_level(config.log_level, level);
  base::log::set_level(level);
  return check_config ? show_config(config) : serve(config);
}
