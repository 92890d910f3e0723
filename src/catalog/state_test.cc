#include "catalog/state.h"

#include <gtest/gtest.h>

#include <set>

#include "catalog/catalog_store.h"
#include "catalog/command_codec.h"

namespace millrace::catalog {
namespace {

std::multiset<std::string> contents(const State& state);

/// A state with virtual host "/" and its exchanges.
class CatalogState : public ::testing::Test {
 protected:
  CatalogState() {
    for (const Command& command : new_virtual_host("/", [this] { return next(); })) apply(command);
    vhost_ = state_.find_virtual_host("/")->id;
  }
  ObjectId next() { return ObjectId(++last_); }
  void apply(const Command& command) {
    const auto valid = state_.validate(command);
    ASSERT_TRUE(valid.has_value()) << valid.error().detail;
    state_.apply(command);
  }
  /// Each is undone, and applied again.
  void apply_and_undo(const std::vector<Command>& commands) {
    for (const Command& command : commands) {
      const auto before = contents(state_);
      const auto undo = state_.inverse(command);
      ASSERT_TRUE(undo.has_value());
      apply(command);
      for (const Command& back : *undo) apply(back);
      EXPECT_EQ(contents(state_), before) << command.index();
      apply(command);
    }
  }
  Queue queue(const std::string& name) {
    Queue queue;
    queue.id = next();
    queue.vhost = vhost_;
    queue.name = name;
    return queue;
  }
  Binding binding(ObjectId destination, const std::string& key) {
    return {.vhost = vhost_,
            .source = state_.find_exchange(vhost_, "amq.topic")->id,
            .destination = {DestinationKind::queue, destination},
            .routing_key = key,
            .native_arguments = {},
            .match = {}};
  }

  State state_;
  ObjectId vhost_;
  std::uint64_t last_ = 0;
};

TEST_F(CatalogState, AVirtualHostHasTheStandardExchanges) {
  for (const char* name : {"", "amq.direct", "amq.fanout", "amq.topic"}) {
    EXPECT_NE(state_.find_exchange(vhost_, name), nullptr) << name;
  }
  EXPECT_EQ(state_.find_exchange(vhost_, "amq.none"), nullptr);
}

TEST_F(CatalogState, ANameIsTakenOnceInAVirtualHost) {
  apply(CreateQueue{queue("q")});
  EXPECT_EQ(state_.validate(CreateQueue{queue("q")}).error().code, CatalogErrc::already_exists);
  for (const Command& command : new_virtual_host("other", [this] { return next(); })) apply(command);
  Queue elsewhere = queue("q");
  elsewhere.vhost = state_.find_virtual_host("other")->id;
  EXPECT_TRUE(state_.validate(CreateQueue{elsewhere}).has_value());
}

TEST_F(CatalogState, ADeletedQueueTakesItsBindingsAlong) {
  const Queue made = queue("q");
  apply(CreateQueue{made});
  apply(Bind{binding(made.id, "a.#")});
  apply(Bind{binding(made.id, "b.*")});
  EXPECT_TRUE(state_.has_binding(binding(made.id, "a.#")));
  EXPECT_EQ(state_.bindings_of_destination(made.id).size(), 2U);
  apply(Unbind{binding(made.id, "b.*")});
  EXPECT_EQ(state_.bindings_of_destination(made.id).size(), 1U);
  apply(DeleteQueue{made.id});
  EXPECT_EQ(state_.find_queue(made.id), nullptr);
  EXPECT_EQ(state_.find_queue(vhost_, "q"), nullptr);
  EXPECT_TRUE(state_.bindings_of_source(binding(made.id, "").source).empty());
}

TEST_F(CatalogState, WhatDoesNotExistCannotBeBoundOrDeleted) {
  EXPECT_EQ(state_.validate(DeleteQueue{ObjectId(999)}).error().code, CatalogErrc::not_found);
  EXPECT_FALSE(state_.validate(Bind{binding(ObjectId(999), "k")}).has_value());
  EXPECT_FALSE(state_.validate(DeleteUser{"nobody"}).has_value());
  const Permission permission{.user = "nobody", .vhost = vhost_, .configure = "", .write = "", .read = ""};
  EXPECT_FALSE(state_.validate(PutPermission{permission}).has_value());
}

TEST_F(CatalogState, ADeletedUserLosesItsPermissions) {
  apply(PutUser{{.name = "ann", .password_hash = "h", .tags = {}}});
  apply(PutPermission{{.user = "ann", .vhost = vhost_, .configure = "", .write = ".*", .read = "^a"}});
  ASSERT_NE(state_.find_permission("ann", vhost_), nullptr);
  EXPECT_EQ(state_.find_permission("ann", vhost_)->read, "^a");
  apply(DeleteUser{"ann"});
  EXPECT_EQ(state_.find_permission("ann", vhost_), nullptr);
  apply(PutUser{{.name = "ann", .password_hash = "h2", .tags = {}}});
  EXPECT_EQ(state_.find_permission("ann", vhost_), nullptr);
}

TEST_F(CatalogState, ADeletedVirtualHostTakesEverythingAlong) {
  const Queue made = queue("q");
  apply(CreateQueue{made});
  apply(Bind{binding(made.id, "k")});
  apply(DeleteVirtualHost{vhost_});
  EXPECT_TRUE(state_.virtual_hosts().empty());
  EXPECT_TRUE(state_.exchanges().empty());
  EXPECT_TRUE(state_.queues().empty());
}

TEST_F(CatalogState, TheDurablePartSurvivesASnapshotAndTheRestDoesNot) {
  const Queue kept = queue("kept");
  Queue exclusive = queue("exclusive");
  exclusive.exclusive_owner = 5;
  Queue transient = queue("transient");
  transient.durable = false;
  apply(CreateQueue{kept});
  apply(CreateQueue{exclusive});
  apply(CreateQueue{transient});
  apply(Bind{binding(kept.id, "k")});
  apply(Bind{binding(exclusive.id, "k")});
  EXPECT_FALSE(state_.is_durable(CreateQueue{exclusive}));
  EXPECT_FALSE(state_.is_durable(CreateQueue{transient}));

  bytes::ByteVector snapshot;
  state_.save(snapshot);
  State loaded;
  ASSERT_TRUE(loaded.load(snapshot));
  EXPECT_NE(loaded.find_queue(vhost_, "kept"), nullptr);
  EXPECT_TRUE(loaded.has_binding(binding(kept.id, "k")));
  EXPECT_EQ(loaded.queue_count(), 1U);
  EXPECT_EQ(loaded.bindings_of_source(binding(kept.id, "k").source).size(), 1U);
}

TEST_F(CatalogState, AVirtualHostKeepsItsSettings) {
  const VirtualHostSettings settings{.usual_kind = QueueKind::counting, .max_queues = 7, .max_connections = 0};
  apply(AlterVirtualHost{vhost_, settings});
  bytes::ByteVector snapshot;
  state_.save(snapshot);
  State loaded;
  ASSERT_TRUE(loaded.load(snapshot));
  EXPECT_EQ(loaded.find_virtual_host(vhost_)->settings, settings);
  EXPECT_EQ(state_.validate(AlterVirtualHost{ObjectId(999), {}}).error().code, CatalogErrc::not_found);
}

TEST_F(CatalogState, ADamagedOrNewerSnapshotIsRefused) {
  bytes::ByteVector snapshot;
  state_.save(snapshot);
  for (std::size_t size = 0; size < snapshot.size(); ++size) {
    State loaded;
    EXPECT_FALSE(loaded.load(bytes::ByteView(snapshot).first(size))) << "cut to " << size;
  }
  snapshot[0] = 200;
  State loaded;
  EXPECT_FALSE(loaded.load(snapshot));
}

/// What is there, whatever the order of bindings.
std::multiset<std::string> contents(const State& state) {
  std::multiset<std::string> all;
  bytes::ByteVector snapshot;
  state.save(snapshot);
  bytes::Reader in(snapshot);
  in.u8();
  for (std::uint32_t left = in.u32(); left > 0; --left) {
    const auto command = decode_command(in);
    bytes::ByteVector encoded;
    bytes::Writer writer(encoded);
    encode_command(writer, *command);
    all.insert(bytes::to_string(encoded));
  }
  return all;
}

TEST_F(CatalogState, EveryChangeCanBeUndone) {
  const Queue made = queue("q");
  const ObjectId topic = next();
  const ObjectId exchange = state_.find_exchange(vhost_, "amq.topic")->id;
  Binding inner = binding(exchange, "inner");
  inner.destination = {DestinationKind::exchange, exchange};
  Topic logs;
  logs.id = topic;
  logs.vhost = vhost_;
  logs.name = "t";
  logs.partitions = {{model::LogId(topic.value), ShardId(0)}};
  const auto permission = [this](const char* read) {
    return PutPermission{{.user = "ann", .vhost = vhost_, .configure = "", .write = "", .read = read}};
  };
  const auto topic_permission = [this](const char* read) {
    return PutTopicPermission{{.user = "ann", .vhost = vhost_, .exchange = "amq.topic", .write = "", .read = read}};
  };
  const auto policy = [this](std::int32_t priority) {
    Policy one;
    one.vhost = vhost_;
    one.name = "p";
    one.priority = priority;
    return PutPolicy{one};
  };
  const std::vector<Command> commands{
      PutUser{{.name = "ann", .password_hash = "h", .tags = {}}},
      PutUser{{.name = "ann", .password_hash = "other", .tags = {"t"}}},
      permission("a"),
      permission("b"),
      topic_permission("a"),
      topic_permission("b"),
      policy(1),
      policy(2),
      CreateQueue{made},
      Bind{binding(made.id, "k")},
      Bind{binding(made.id, "l")},
      Bind{inner},
      CreateTopic{logs},
      AddPartitions{topic, {{model::LogId(99), ShardId(1)}}},
      AlterTopicSettings{topic, {{"retention.ms", "5"}}},
      Unbind{binding(made.id, "l")},
      DeletePolicy{vhost_, false, "p"},
      DeleteTopicPermission{"ann", vhost_, "amq.topic"},
      topic_permission("c"),
      DeletePermission{"ann", vhost_},
      permission("d"),
      DeleteUser{"ann"},
      PutUser{{.name = "ann", .password_hash = "h", .tags = {}}},
      permission("e"),
      AlterVirtualHost{vhost_, {.usual_kind = QueueKind::counting, .max_queues = 5}},
      AlterVirtualHost{vhost_, {}},
      AlterVirtualHost{vhost_, {.usual_kind = QueueKind::stream, .max_queues = 5, .max_connections = 0}},
      DeleteExchange{exchange},
      DeleteQueue{made.id},
      DeleteTopic{topic},
      DeleteVirtualHost{vhost_},
  };
  apply_and_undo(commands);
  EXPECT_FALSE(state_.inverse(ReserveIds{5}).has_value());
}

TEST_F(CatalogState, WhatConcernsTopicsAndTheirQueuesCanBeUndone) {
  Topic topic;
  topic.id = next();
  topic.vhost = vhost_;
  topic.name = "t";
  topic.partitions = {{model::LogId(topic.id.value), ShardId(0)}};
  Queue over = queue("over");
  over.source = QueueSource{topic.id, {{next(), model::LogId(topic.id.value), ShardId(0), model::Offset(7)}}};
  Binding to_topic = binding(topic.id, "topic");
  to_topic.destination.kind = DestinationKind::topic;
  apply_and_undo({
      CreateTopic{topic},
      CreateQueue{over},
      Bind{binding(over.id, "over")},
      Bind{to_topic},
      AddPartitions{topic.id, {{model::LogId(99), ShardId(1)}}},
      AddQueueParts{over.id, {{next(), model::LogId(99), ShardId(1), model::Offset(0)}}},
      DeleteQueue{over.id},
      DeleteTopic{topic.id},
  });
}

TEST_F(CatalogState, AQueueOverATopicFollowsItsPartitions) {
  Topic topic;
  topic.id = next();
  topic.vhost = vhost_;
  topic.name = "t";
  topic.partitions = {{model::LogId(50), ShardId(0)}, {model::LogId(51), ShardId(1)}};
  const auto part = [this](std::uint64_t log, std::uint16_t shard) {
    return QueuePart{next(), model::LogId(log), ShardId(shard), model::Offset(3)};
  };
  Queue over = queue("over");
  over.source = QueueSource{topic.id, {part(50, 0), part(51, 1)}};
  EXPECT_EQ(state_.validate(CreateQueue{over}).error().code, CatalogErrc::not_found);
  apply(CreateTopic{topic});
  Queue wrong = over;
  wrong.source->parts[1].log = model::LogId(52);
  EXPECT_EQ(state_.validate(CreateQueue{wrong}).error().code, CatalogErrc::invalid);
  apply(CreateQueue{over});
  EXPECT_EQ(state_.find_holder(over.source->parts[1].id), state_.find_queue(over.id));
  EXPECT_EQ(state_.find_holder(over.id), state_.find_queue(over.id));
  const AddQueueParts more{over.id, {part(52, 0)}};
  EXPECT_EQ(state_.validate(more).error().code, CatalogErrc::invalid) << "there is no such partition yet";
  apply(AddPartitions{topic.id, {{model::LogId(52), ShardId(0)}}});
  apply(more);
  EXPECT_EQ(state_.find_holder(more.parts[0].id), state_.find_queue(over.id));
  EXPECT_EQ(state_.validate(DeleteTopic{topic.id}).error().code, CatalogErrc::conflict);
  bytes::ByteVector snapshot;
  state_.save(snapshot);
  State loaded;
  ASSERT_TRUE(loaded.load(snapshot));
  ASSERT_NE(loaded.find_queue(over.id), nullptr);
  EXPECT_EQ(loaded.find_queue(over.id)->source->parts.size(), 3U);
  EXPECT_EQ(loaded.queues_of_topic(topic.id).size(), 1U);
  apply(DeleteQueue{over.id});
  EXPECT_EQ(state_.find_holder(more.parts[0].id), nullptr);
  apply(DeleteTopic{topic.id});
}

TEST(CatalogCommand, ReadsWhatItWroteAndNothingShorter) {
  Queue queue;
  queue.id = ObjectId(9);
  queue.name = "q";
  queue.settings.dead_letter_exchange = "dead";
  queue.settings.synced = false;
  queue.settings.max_length = 10;
  bytes::ByteVector out;
  bytes::Writer writer(out);
  encode_command(writer, CreateQueue{queue});
  bytes::Reader in(out);
  const auto command = decode_command(in);
  ASSERT_TRUE(command.has_value() && std::holds_alternative<CreateQueue>(*command));
  EXPECT_EQ(std::get<CreateQueue>(*command).queue.settings, queue.settings);
  for (std::size_t size = 0; size < out.size(); ++size) {
    bytes::Reader cut(bytes::ByteView(out).first(size));
    EXPECT_FALSE(decode_command(cut).has_value()) << "cut to " << size;
  }
  out[0] = 250;
  bytes::Reader unknown(out);
  EXPECT_FALSE(decode_command(unknown).has_value());
}

TEST(CatalogCommand, ReadsWhatAnOlderVersionWrote) {
  Queue queue;
  queue.id = ObjectId(9);
  queue.name = "q";
  queue.settings.max_length = 10;
  bytes::ByteVector out;
  bytes::Writer writer(out);
  encode_command(writer, CreateQueue{queue});
  // Version 2 has five settings before the last fields (arguments, protocol, user), and the kind behind them; version 3
  // has the source behind that, version 4 a sixth setting, version 5 a seventh.
  constexpr std::size_t kLastFields = 4 + 1 + 4;
  constexpr std::size_t kSettings = 7;
  out.resize(out.size() - 2);
  out.erase(out.end() - kLastFields - kSettings, out.end() - kLastFields);
  out[1] = 1;
  out[5] = static_cast<std::uint8_t>(out[5] - kSettings - 2);
  bytes::Reader in(out);
  const auto command = decode_command(in);
  ASSERT_TRUE(command.has_value());
  EXPECT_EQ(std::get<CreateQueue>(*command).queue.settings, queue.settings);
  EXPECT_EQ(std::get<CreateQueue>(*command).queue.kind, QueueKind::ordinary);
}

TEST(CatalogCommand, AVirtualHostOfAnOlderVersionHasNoSettings) {
  bytes::ByteVector out;
  bytes::Writer writer(out);
  encode_command(writer, CreateVirtualHost{{ObjectId(9), "v", {.max_queues = 5}}});
  constexpr std::size_t kSettings = 1 + 5 + 1;
  out.resize(out.size() - kSettings);
  out[1] = 4;
  out[5] = static_cast<std::uint8_t>(out[5] - kSettings);
  bytes::Reader in(out);
  const auto command = decode_command(in);
  ASSERT_TRUE(command.has_value());
  EXPECT_EQ(std::get<CreateVirtualHost>(*command).vhost.name, "v");
  EXPECT_EQ(std::get<CreateVirtualHost>(*command).vhost.settings, VirtualHostSettings{});
}

TEST(CatalogRules, RulesAndQuotasSurviveAndAreTakenBack) {
  State state;
  state.apply(CreateVirtualHost{{ObjectId(1), "/", {}}});
  const AccessRule rule{.vhost = ObjectId(1), .name = "t", .user = "ann", .host = "*", .action = RuleAction::read};
  const QuotaSubject subject{{QuotaEntity::user, std::nullopt}, {QuotaEntity::client_id, "app"}};
  const ClientQuota quota{.subject = subject, .limits = {{QuotaKind::write_bytes, 1500}}};
  for (const Command& command : {Command(PutAccessRule{rule}), Command(PutClientQuota{quota})}) {
    ASSERT_TRUE(state.validate(command).has_value());
    state.apply(command);
  }
  EXPECT_TRUE(state.inverse(PutAccessRule{rule})->empty()) << "it was there before";
  bytes::ByteVector saved;
  state.save(saved);
  State loaded;
  ASSERT_TRUE(loaded.load(saved));
  EXPECT_TRUE(loaded.access_rules().contains(rule));
  ASSERT_NE(loaded.find_client_quota(subject), nullptr);
  EXPECT_EQ(loaded.find_client_quota(subject)->limits, quota.limits);
  const auto undo = loaded.inverse(DeleteClientQuota{subject});
  loaded.apply(DeleteClientQuota{subject});
  EXPECT_FALSE(loaded.validate(DeleteClientQuota{subject}).has_value());
  loaded.apply(undo->front());
  EXPECT_NE(loaded.find_client_quota(subject), nullptr);
  loaded.apply(DeleteVirtualHost{ObjectId(1)});
  EXPECT_TRUE(loaded.access_rules().empty());

  AccessRule bad = rule;
  bad.name.clear();
  EXPECT_FALSE(state.validate(PutAccessRule{bad}).has_value());
  EXPECT_FALSE(state.validate(PutClientQuota{{.subject = {}, .limits = quota.limits}}).has_value());
  EXPECT_FALSE(
      state.validate(PutClientQuota{{.subject = {subject[1], subject[0]}, .limits = quota.limits}}).has_value());
}

}  // namespace
}  // namespace millrace::catalog
