#include "groups.h"

#include <fmt/format.h>

#include <boost/json.hpp>
#include <set>

#include "reset.h"

namespace millrace::cli {

namespace {

struct GroupArguments {
  std::vector<std::string> names;
  std::string group;
  std::vector<std::string> topics;
  bool all_topics = false;
  std::optional<std::int64_t> to_offset;
  std::optional<std::int64_t> shift_by;
  std::string to_time;
  bool to_earliest = false;
  bool to_latest = false;
  bool execute = false;
  bool dry_run = false;
};
using GroupArgumentsPtr = std::shared_ptr<GroupArguments>;

Outcome list_groups(Admin& admin, bool json) {
  const auto groups = admin.groups();
  if (!groups.has_value()) return groups.error();
  if (json) {
    boost::json::array all;
    for (const GroupName& group : *groups) {
      all.push_back({{"name", group.name}, {"state", group.state}, {"protocol_type", group.protocol_type}});
    }
    return boost::json::serialize(all) + "\n";
  }
  Table table({"GROUP", "STATE", "TYPE"});
  for (const GroupName& group : *groups) {
    table.add({group.name, group.state, group.protocol_type.empty() ? "-" : group.protocol_type});
  }
  return table.text();
}

/// A partition that the group has an offset of, or a member for.
struct Progress {
  std::optional<std::int64_t> offset;
  std::optional<std::int64_t> end;
  const Member* member = nullptr;

  std::optional<std::int64_t> lag() const {
    if (!offset.has_value() || !end.has_value()) return std::nullopt;
    return std::max<std::int64_t>(0, *end - *offset);
  }
};

struct Standing {
  Group group;
  std::map<TopicPartition, Progress> partitions;
};

Result<Standing> look_at_group(Admin& admin, const std::string& name) {
  auto group = admin.group(name);
  if (!group.has_value()) return std::unexpected(group.error());
  if (!group->has_value()) {
    return std::unexpected(explain(wire::ErrorCode::group_id_not_found, fmt::format("group '{}'", name)));
  }
  const auto committed = admin.committed(name);
  if (!committed.has_value()) return std::unexpected(committed.error());
  Standing standing{std::move(**group), {}};
  for (const auto& [where, offset] : *committed) standing.partitions[where].offset = offset;
  for (const Member& member : standing.group.members) {
    for (const TopicPartition& where : member.assigned) standing.partitions[where].member = &member;
  }
  std::vector<TopicPartition> wanted;
  wanted.reserve(standing.partitions.size());
  for (const auto& [where, progress] : standing.partitions) wanted.push_back(where);
  const auto ends = admin.offsets(wanted, kLatest);
  if (!ends.has_value()) return std::unexpected(ends.error());
  for (const auto& [where, end] : *ends) standing.partitions[where].end = end;
  return standing;
}

std::string shown(const std::optional<std::int64_t>& number) {
  return number.has_value() ? std::to_string(*number) : "-";
}

boost::json::value in_json(const std::optional<std::int64_t>& number) {
  return number.has_value() ? boost::json::value(*number) : boost::json::value(nullptr);
}

std::string as_text(const Standing& standing) {
  const Group& group = standing.group;
  std::int64_t total = 0;
  Table partitions({"TOPIC", "PARTITION", "OFFSET", "END", "LAG", "MEMBER"});
  for (const auto& [where, progress] : standing.partitions) {
    total += progress.lag().value_or(0);
    partitions.add({where.topic, std::to_string(where.partition), shown(progress.offset), shown(progress.end),
                    shown(progress.lag()), progress.member == nullptr ? "-" : progress.member->id});
  }
  std::string text = fmt::format("Group '{}', {}, {} member{}, lag {}\n", group.name, group.state, group.members.size(),
                                 group.members.size() == 1 ? "" : "s", total);
  if (!partitions.empty()) text += partitions.text(2);
  Table members({"MEMBER", "INSTANCE", "CLIENT", "HOST", "PARTITIONS"});
  for (const Member& member : group.members) {
    members.add({member.id, member.instance.empty() ? "-" : member.instance, member.client, member.host,
                 std::to_string(member.assigned.size())});
  }
  return text + (members.empty() ? "" : members.text(2));
}

boost::json::object as_json(const Standing& standing) {
  boost::json::array partitions;
  for (const auto& [where, progress] : standing.partitions) {
    partitions.push_back({{"topic", where.topic},
                          {"partition", where.partition},
                          {"offset", in_json(progress.offset)},
                          {"end", in_json(progress.end)},
                          {"lag", in_json(progress.lag())},
                          {"member", progress.member == nullptr ? boost::json::value(nullptr)
                                                                : boost::json::value(progress.member->id)}});
  }
  boost::json::array members;
  for (const Member& member : standing.group.members) {
    members.push_back(
        {{"id", member.id}, {"instance", member.instance}, {"client", member.client}, {"host", member.host}});
  }
  const Group& group = standing.group;
  return {{"name", group.name},         {"state", group.state},     {"protocol_type", group.protocol_type},
          {"protocol", group.protocol}, {"partitions", partitions}, {"members", members}};
}

Outcome describe_groups(Admin& admin, bool json, const GroupArguments& arguments) {
  std::vector<std::string> names = arguments.names;
  if (names.empty()) {
    const auto groups = admin.groups();
    if (!groups.has_value()) return groups.error();
    for (const GroupName& group : *groups) names.push_back(group.name);
  }
  return describe_each(
      names, json, [&admin](const std::string& name) { return look_at_group(admin, name); },
      [](const Standing& one) { return as_text(one); }, [](const Standing& one) { return as_json(one); });
}

/// The partitions that --topic and --all-topics name, each once, in order.
Result<std::vector<TopicPartition>> chosen_partitions(Admin& admin, const GroupArguments& arguments,
                                                      const Offsets& committed) {
  std::set<TopicPartition> chosen;
  if (arguments.all_topics) {
    for (const auto& [where, offset] : committed) chosen.insert(where);
  }
  for (const std::string& text : arguments.topics) {
    const auto choice = parse_topic_choice(text);
    if (!choice.has_value()) return std::unexpected(choice.error());
    for (const std::int32_t partition : choice->partitions) chosen.insert({choice->topic, partition});
    if (!choice->partitions.empty()) continue;
    const auto topic = admin.topic(choice->topic);
    if (!topic.has_value()) return std::unexpected(topic.error());
    for (std::int32_t i = 0; i < topic->partitions; ++i) chosen.insert({choice->topic, i});
  }
  if (chosen.empty()) {
    return fail(fmt::format("group '{}' has no offsets, and no topic was named", arguments.group),
                "name one with --topic TOPIC, or TOPIC:0,2 for some partitions");
  }
  return std::vector<TopicPartition>(chosen.begin(), chosen.end());
}

Result<ResetGoal> goal_of(const GroupArguments& arguments) {
  if (arguments.to_earliest) return ResetGoal{ResetTo::earliest, 0};
  if (arguments.to_latest) return ResetGoal{ResetTo::latest, 0};
  if (arguments.to_offset.has_value()) return ResetGoal{ResetTo::offset, *arguments.to_offset};
  if (arguments.shift_by.has_value()) return ResetGoal{ResetTo::shift, *arguments.shift_by};
  const auto time = parse_time(arguments.to_time);
  if (!time.has_value()) return std::unexpected(time.error());
  return ResetGoal{ResetTo::time, *time};
}

Result<std::vector<ResetStep>> plan(Admin& admin, const GroupArguments& arguments, const ResetGoal& goal) {
  ResetFacts facts;
  auto committed = admin.committed(arguments.group);
  if (!committed.has_value()) return std::unexpected(committed.error());
  facts.committed = std::move(*committed);
  const auto partitions = chosen_partitions(admin, arguments, facts.committed);
  if (!partitions.has_value()) return std::unexpected(partitions.error());
  auto earliest = admin.offsets(*partitions, kEarliest);
  if (!earliest.has_value()) return std::unexpected(earliest.error());
  auto latest = admin.offsets(*partitions, kLatest);
  if (!latest.has_value()) return std::unexpected(latest.error());
  facts.earliest = std::move(*earliest);
  facts.latest = std::move(*latest);
  if (goal.to == ResetTo::time) {
    auto at_time = admin.offsets(*partitions, goal.value);
    if (!at_time.has_value()) return std::unexpected(at_time.error());
    facts.at_time = std::move(*at_time);
  }
  return plan_reset(*partitions, goal, facts);
}

std::string shown_steps(const std::vector<ResetStep>& steps, bool executed, bool json) {
  if (json) {
    boost::json::array all;
    for (const ResetStep& step : steps) {
      all.push_back({{"topic", step.where.topic},
                     {"partition", step.where.partition},
                     {"before", in_json(step.before)},
                     {"after", step.after},
                     {"adjusted", step.adjusted}});
    }
    return boost::json::serialize(boost::json::object{{"executed", executed}, {"offsets", all}}) + "\n";
  }
  Table table({"TOPIC", "PARTITION", "BEFORE", "AFTER", "NOTE"});
  for (const ResetStep& step : steps) {
    table.add({step.where.topic, std::to_string(step.where.partition), shown(step.before), std::to_string(step.after),
               step.adjusted ? "nearest that is there" : ""});
  }
  return table.text() + (executed ? "" : "Nothing was changed. Add --execute to do it.\n");
}

Outcome reset_offsets(Admin& admin, bool json, const GroupArguments& arguments) {
  const auto goal = goal_of(arguments);
  if (!goal.has_value()) return goal.error();
  const auto group = admin.group(arguments.group);
  if (!group.has_value()) return group.error();
  if (group->has_value() && !(*group)->members.empty()) {
    return Error{fmt::format("group '{}' has {} members, which would go on where they are", arguments.group,
                             (*group)->members.size()),
                 "stop its consumers first"};
  }
  const auto steps = plan(admin, arguments, *goal);
  if (!steps.has_value()) return steps.error();
  if (arguments.execute) {
    Offsets offsets;
    for (const ResetStep& step : *steps) offsets[step.where] = step.after;
    if (auto done = admin.commit(arguments.group, offsets); !done.has_value()) return done.error();
  }
  return shown_steps(*steps, arguments.execute, json);
}

Outcome delete_groups(Admin& admin, bool json, const GroupArguments& arguments) {
  return for_each_name(arguments.names, "group", "deleted", json,
                       [&admin](const std::string& name) { return admin.delete_group(name); });
}

Outcome delete_offsets(Admin& admin, bool json, const GroupArguments& arguments) {
  const auto committed = admin.committed(arguments.group);
  if (!committed.has_value()) return committed.error();
  const auto partitions = chosen_partitions(admin, arguments, *committed);
  if (!partitions.has_value()) return partitions.error();
  return for_each_name({arguments.group}, "group", "offsets deleted", json,
                       [&](const std::string& name) { return admin.delete_offsets(name, *partitions); });
}

void add_reset(CLI::App& groups, Command& chosen, const GroupArgumentsPtr& arguments) {
  CLI::App* reset = groups.add_subcommand("reset-offsets", "Say where a group without members goes on reading");
  reset->footer(
      "Shows what it would do; --execute does it. Examples:\n"
      "  millrace groups reset-offsets billing --all-topics --to-earliest\n"
      "  millrace groups reset-offsets billing --topic orders --to-datetime 2026-11-27T04:30:00Z --execute\n"
      "  millrace groups reset-offsets billing --topic orders:0,2 --shift-by -100 --execute");
  reset->add_option("GROUP", arguments->group, "the group")->required();
  CLI::Option_group* where = reset->add_option_group("Where");
  where->add_option("-t,--topic", arguments->topics, "TOPIC, or TOPIC:0,2 for some partitions; may be repeated")
      ->allow_extra_args(false);
  where->add_flag("--all-topics", arguments->all_topics, "all partitions that the group has offsets of");
  where->require_option(1, 0);
  CLI::Option_group* goal = reset->add_option_group("To");
  goal->add_flag("--to-earliest", arguments->to_earliest, "the first record that is there");
  goal->add_flag("--to-latest", arguments->to_latest, "the end: only what comes from now on");
  goal->add_option("--to-offset", arguments->to_offset, "an offset");
  goal->add_option("--to-datetime", arguments->to_time, "the first record not older than a time (ISO 8601)");
  goal->add_option("--shift-by", arguments->shift_by, "so many offsets forward, or back with a minus");
  goal->require_option(1);
  CLI::Option* execute = reset->add_flag("--execute", arguments->execute, "do it");
  reset->add_flag("--dry-run", arguments->dry_run, "only show what would be done (the default)")->excludes(execute);
  bind_command(reset, chosen, arguments, reset_offsets);
}

}  // namespace

void add_groups(CLI::App& app, Command& chosen) {
  CLI::App* groups = app.add_subcommand("groups", "List and describe groups of consumers, and move their offsets");
  groups->require_subcommand(1);
  groups->footer(
      "Examples:\n"
      "  millrace groups list\n"
      "  millrace groups describe billing\n"
      "  millrace groups reset-offsets billing --topic orders --to-earliest --execute\n"
      "  millrace groups delete billing");
  const auto arguments = std::make_shared<GroupArguments>();

  groups->add_subcommand("list", "Names and states of the groups")->callback([&chosen] { chosen = list_groups; });

  CLI::App* describe = groups->add_subcommand("describe", "Offsets, lag and members of groups (none named: all)");
  describe->add_option("NAME", arguments->names, "groups");
  bind_command(describe, chosen, arguments, describe_groups);

  add_reset(*groups, chosen, arguments);

  CLI::App* remove = groups->add_subcommand("delete", "Delete groups without members, with their offsets");
  remove->add_option("NAME", arguments->names, "groups")->required();
  bind_command(remove, chosen, arguments, delete_groups);

  CLI::App* forget = groups->add_subcommand("delete-offsets", "Delete a group's offsets of topics");
  forget->add_option("GROUP", arguments->group, "the group")->required();
  forget->add_option("-t,--topic", arguments->topics, "TOPIC, or TOPIC:0,2 for some partitions; may be repeated")
      ->allow_extra_args(false)
      ->required();
  bind_command(forget, chosen, arguments, delete_offsets);
}

}  // namespace millrace::cli
