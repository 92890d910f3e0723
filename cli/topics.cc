#include "topics.h"

#include <fmt/format.h>

#include <boost/json.hpp>

namespace millrace::cli {

namespace {

struct TopicArguments {
  std::vector<std::string> names;
  std::int32_t partitions = 0;
  std::vector<std::string> set;
  std::vector<std::string> unset;
  bool all_settings = false;
  bool if_exists = false;
  bool if_not_exists = false;
};
using TopicArgumentsPtr = std::shared_ptr<TopicArguments>;

Result<std::vector<SettingChange>> changes_of(const TopicArguments& arguments) {
  std::vector<SettingChange> changes;
  for (const std::string& text : arguments.set) {
    auto change = parse_setting(text);
    if (!change.has_value()) return std::unexpected(change.error());
    changes.push_back(std::move(*change));
  }
  for (const std::string& name : arguments.unset) changes.emplace_back(name, std::nullopt);
  return changes;
}

Outcome list_topics(Admin& admin, bool json) {
  const auto topics = admin.topics();
  if (!topics.has_value()) return topics.error();
  if (json) {
    boost::json::array all;
    for (const Topic& topic : *topics) {
      all.push_back({{"name", topic.name}, {"id", topic.id}, {"partitions", topic.partitions}});
    }
    return boost::json::serialize(all) + "\n";
  }
  Table table({"TOPIC", "PARTITIONS"});
  for (const Topic& topic : *topics) table.add({topic.name, std::to_string(topic.partitions)});
  return table.text();
}

struct Description {
  Topic topic;
  std::vector<Setting> settings;
  Offsets first;
  Offsets end;
};

Result<Description> look_at_topic(Admin& admin, const std::string& name) {
  auto topic = admin.topic(name);
  if (!topic.has_value()) return std::unexpected(topic.error());
  auto settings = admin.settings(name);
  if (!settings.has_value()) return std::unexpected(settings.error());
  std::vector<TopicPartition> partitions;
  partitions.reserve(static_cast<std::size_t>(topic->partitions));
  for (std::int32_t i = 0; i < topic->partitions; ++i) partitions.push_back({name, i});
  auto first = admin.offsets(partitions, kEarliest);
  if (!first.has_value()) return std::unexpected(first.error());
  auto end = admin.offsets(partitions, kLatest);
  if (!end.has_value()) return std::unexpected(end.error());
  return Description{std::move(*topic), std::move(*settings), std::move(*first), std::move(*end)};
}

boost::json::object as_json(const Description& one, bool all_settings) {
  boost::json::array partitions;
  for (const auto& [where, end] : one.end) {
    const auto first = one.first.find(where);
    partitions.push_back(
        {{"partition", where.partition}, {"first", first == one.first.end() ? end : first->second}, {"end", end}});
  }
  boost::json::object settings;
  for (const Setting& setting : one.settings) {
    if (setting.own || all_settings) settings[setting.name] = setting.value;
  }
  return {{"name", one.topic.name}, {"id", one.topic.id}, {"partitions", partitions}, {"settings", settings}};
}

std::string as_text(const Description& one, bool all_settings) {
  std::string text = fmt::format("Topic '{}', {} partition{}, id {}\n", one.topic.name, one.topic.partitions,
                                 one.topic.partitions == 1 ? "" : "s", one.topic.id);
  Table partitions({"PARTITION", "FIRST", "END", "OFFSETS"});
  for (const auto& [where, end] : one.end) {
    const auto found = one.first.find(where);
    const std::int64_t first = found == one.first.end() ? end : found->second;
    partitions.add(
        {std::to_string(where.partition), std::to_string(first), std::to_string(end), std::to_string(end - first)});
  }
  text += partitions.text(2);
  Table settings({"SETTING", "VALUE"});
  for (const Setting& setting : one.settings) {
    if (setting.own || all_settings) settings.add({setting.name, setting.value});
  }
  return text + (settings.empty() ? "" : settings.text(2));
}

Outcome describe_topics(Admin& admin, bool json, const TopicArguments& arguments) {
  std::vector<std::string> names = arguments.names;
  if (names.empty()) {
    const auto topics = admin.topics();
    if (!topics.has_value()) return topics.error();
    for (const Topic& topic : *topics) names.push_back(topic.name);
  }
  const bool all = arguments.all_settings;
  return describe_each(
      names, json, [&admin](const std::string& name) { return look_at_topic(admin, name); },
      [all](const Description& one) { return as_text(one, all); },
      [all](const Description& one) { return as_json(one, all); });
}

Outcome create_topics(Admin& admin, bool json, const TopicArguments& arguments) {
  const auto settings = changes_of(arguments);
  if (!settings.has_value()) return settings.error();
  return for_each_name(arguments.names, "topic", "created", json, [&](const std::string& name) -> Result<void> {
    if (arguments.if_not_exists && admin.topic(name).has_value()) return {};
    return admin.create_topic(name, arguments.partitions > 0 ? arguments.partitions : -1, *settings);
  });
}

Outcome delete_topics(Admin& admin, bool json, const TopicArguments& arguments) {
  return for_each_name(arguments.names, "topic", "deleted", json, [&](const std::string& name) -> Result<void> {
    if (arguments.if_exists) {
      const auto topics = admin.topics();
      if (!topics.has_value()) return std::unexpected(topics.error());
      const auto named = [&name](const Topic& topic) { return topic.name == name; };
      if (std::none_of(topics->begin(), topics->end(), named)) return {};
    }
    return admin.delete_topic(name);
  });
}

Outcome alter_topics(Admin& admin, bool json, const TopicArguments& arguments) {
  const auto changes = changes_of(arguments);
  if (!changes.has_value()) return changes.error();
  if (changes->empty() && arguments.partitions == 0) {
    return Error{"nothing to change", "use --set NAME=VALUE, --unset NAME or --partitions N"};
  }
  return for_each_name(arguments.names, "topic", "altered", json, [&](const std::string& name) -> Result<void> {
    if (!changes->empty()) {
      if (auto changed = admin.change_settings(name, *changes); !changed.has_value()) return changed;
    }
    return arguments.partitions > 0 ? admin.add_partitions(name, arguments.partitions) : Result<void>{};
  });
}

}  // namespace

Result<SettingChange> parse_setting(std::string_view text) {
  const std::size_t equals = text.find('=');
  if (equals == 0 || equals == std::string_view::npos) {
    return fail(fmt::format("'{}' is not a setting", text), "write NAME=VALUE, as in retention.ms=86400000");
  }
  return SettingChange{std::string(text.substr(0, equals)), std::string(text.substr(equals + 1))};
}

void add_topics(CLI::App& app, Command& chosen) {
  CLI::App* topics = app.add_subcommand("topics", "List, describe, create, alter and delete topics");
  topics->require_subcommand(1);
  topics->footer(
      "Examples:\n"
      "  millrace topics list\n"
      "  millrace topics create orders --partitions 6 --set retention.ms=86400000\n"
      "  millrace topics describe orders --all-settings\n"
      "  millrace topics alter orders --partitions 12 --unset retention.ms\n"
      "  millrace topics delete orders");
  const auto arguments = std::make_shared<TopicArguments>();
  const CLI::Range counts(1, 100'000);

  topics->add_subcommand("list", "Names of the topics, and of the queues that can be read as topics")
      ->callback([&chosen] { chosen = list_topics; });

  CLI::App* describe =
      topics->add_subcommand("describe", "Partitions, offsets and settings of topics (none named: all)");
  describe->add_option("NAME", arguments->names, "topics");
  describe->add_flag("--all-settings", arguments->all_settings, "also the settings that are defaults");
  bind_command(describe, chosen, arguments, describe_topics);

  CLI::App* create = topics->add_subcommand("create", "Create topics");
  create->add_option("NAME", arguments->names, "topics")->required();
  create->add_option("-p,--partitions", arguments->partitions, "how many; without, the server's default")
      ->check(counts);
  create->add_option("--set", arguments->set, "a setting, as NAME=VALUE; may be repeated")->allow_extra_args(false);
  create->add_flag("--if-not-exists", arguments->if_not_exists, "it is no error when the topic is there already");
  bind_command(create, chosen, arguments, create_topics);

  CLI::App* alter = topics->add_subcommand("alter", "Change settings, or add partitions");
  alter->add_option("NAME", arguments->names, "topics")->required();
  alter->add_option("-p,--partitions", arguments->partitions, "how many there are to be; more than now")->check(counts);
  alter->add_option("--set", arguments->set, "a setting, as NAME=VALUE; may be repeated")->allow_extra_args(false);
  alter->add_option("--unset", arguments->unset, "a setting that goes back to its default")->allow_extra_args(false);
  bind_command(alter, chosen, arguments, alter_topics);

  CLI::App* remove = topics->add_subcommand("delete", "Delete topics with all their records");
  remove->add_option("NAME", arguments->names, "topics")->required();
  remove->add_flag("--if-exists", arguments->if_exists, "it is no error when there is no such topic");
  bind_command(remove, chosen, arguments, delete_topics);
}

}  // namespace millrace::cli
