#include "server/definitions.h"

#include <gtest/gtest.h>

#include "auth/password.h"
#include "testing/sim_disk.h"
#include "testing/sim_world.h"

namespace millrace::server {
namespace {

constexpr const char* kFile = R"({
  "rabbit_version": "3.10.8",
  "users": [
    {"name": "ann", "password_hash": "kI3GCqW5JLMJa4iX1lo7X4D6XbYqlLgxIs30+P6tENUV2POR", "hashing_algorithm":
     "rabbit_password_hashing_sha256", "tags": ["administrator"], "limits": {}},
    {"name": "bob", "password_hash": "", "tags": "monitoring, impersonator"}
  ],
  "vhosts": [{"name": "/"}, {"name": "shop"}],
  "permissions": [{"user": "ann", "vhost": "shop", "configure": ".*", "write": "^o", "read": ""}],
  "topic_permissions": [{"user": "ann", "vhost": "shop", "exchange": "events", "write": "^{username}", "read": ".*"}],
  "parameters": [
    {"component": "operator_policy", "vhost": "shop", "name": "cap",
     "value": {"pattern": "", "apply-to": "queues", "priority": 0, "definition": {"max-length": 1000}}},
    {"component": "federation-upstream", "vhost": "shop", "name": "up", "value": {"uri": "amqp://x"}}
  ],
  "policies": [
    {"vhost": "shop", "name": "limits", "pattern": "^orders", "apply-to": "queues", "priority": 3,
     "definition": {"message-ttl": 60000, "overflow": "reject-publish", "ha-mode": "all"}}
  ],
  "exchanges": [
    {"name": "events", "vhost": "shop", "type": "topic", "durable": true, "auto_delete": false, "internal": false,
     "arguments": {"alternate-exchange": "lost"}},
    {"name": "lost", "vhost": "shop", "type": "headers", "durable": true, "auto_delete": false, "internal": false,
     "arguments": {}}
  ],
  "queues": [
    {"name": "orders", "vhost": "shop", "durable": true, "auto_delete": false,
     "arguments": {"x-max-length": 5, "x-dead-letter-exchange": "lost"}},
    {"name": "rest", "vhost": "shop", "durable": true, "auto_delete": false, "arguments": {"x-queue-type": "quorum"}}
  ],
  "bindings": [
    {"source": "events", "vhost": "shop", "destination": "orders", "destination_type": "queue",
     "routing_key": "orders.#", "arguments": {}},
    {"source": "lost", "vhost": "shop", "destination": "rest", "destination_type": "queue", "routing_key": "",
     "arguments": {"x-match": "any", "kind": "order", "n": 3}},
    {"source": "events", "vhost": "shop", "destination": "lost", "destination_type": "exchange",
     "routing_key": "#", "arguments": {}}
  ]
})";

class DefinitionsTest : public ::testing::Test {
 protected:
  DefinitionsTest() : world_(1), disk_(1), sync_pool_(world_, 1), pool_(world_, 2) {
    storage::RecoveryReport report;
    auto opened =
        catalog::CatalogStore::open({.loop = &world_.add_loop(),
                                     .disk = &disk_,
                                     .sync_pool = &sync_pool_,
                                     .pool = &pool_,
                                     .mutations = nullptr,
                                     .fatal = {}},
                                    {.must_exist = false, .accept_damage = false, .guest_password_hash = "h"}, report);
    EXPECT_TRUE(opened.has_value());
    catalog_ = std::move(*opened);
  }
  ~DefinitionsTest() override {
    catalog_.reset();
    world_.destroy_loops();
  }
  base::Result<void, DefinitionsError> import(std::string_view text) {
    return DefinitionsImport(*catalog_, 2).run(text);
  }
  std::string refusal(std::string_view text) {
    const auto done = import(text);
    return done.has_value() ? "" : done.error().detail;
  }
  const catalog::State& state() { return catalog_->state(); }

  sim::SimWorld world_;
  sim::SimDisk disk_;
  sim::SimWorkPool sync_pool_;
  sim::SimWorkPool pool_;
  std::unique_ptr<catalog::CatalogStore> catalog_;
};

TEST_F(DefinitionsTest, MakeWhatTheFileNames) {
  const auto done = import(kFile);
  ASSERT_TRUE(done.has_value()) << done.error().detail;
  EXPECT_TRUE(auth::verify(state().find_user("ann")->password_hash, "test12"));
  EXPECT_EQ(state().find_user("bob")->tags, (std::vector<std::string>{"monitoring", "impersonator"}));
  EXPECT_FALSE(auth::verify(state().find_user("bob")->password_hash, ""));
  const auto vhost = state().find_virtual_host("shop")->id;
  EXPECT_NE(state().find_exchange(vhost, "amq.topic"), nullptr);
  EXPECT_EQ(state().find_permission("ann", vhost)->write, "^o");
  EXPECT_EQ(state().find_topic_permission("ann", vhost, "events")->write, "^{username}");
  const catalog::Policy* policy = state().find_policy(vhost, false, "limits");
  ASSERT_NE(policy, nullptr);
  EXPECT_EQ(policy->priority, 3);
  EXPECT_EQ(policy->definition.message_ttl_ms, 60000U);
  EXPECT_EQ(policy->definition.overflow, catalog::Overflow::reject_publish);
  EXPECT_EQ(state().find_policy(vhost, true, "cap")->definition.max_length, 1000U);
  const catalog::Exchange* events = state().find_exchange(vhost, "events");
  EXPECT_EQ(events->type, catalog::ExchangeType::topic);
  EXPECT_EQ(events->alternate_exchange, "lost");
  const catalog::Queue* orders = state().find_queue(vhost, "orders");
  EXPECT_EQ(orders->settings.max_length, 5U);
  EXPECT_EQ(orders->settings.dead_letter_exchange, "lost");
  EXPECT_EQ(orders->shard.value, orders->id.value % 2);
  EXPECT_EQ(state().bindings_of_source(events->id).size(), 2U);
  const auto bindings = state().bindings_of_destination(state().find_queue(vhost, "rest")->id);
  ASSERT_EQ(bindings.size(), 1U);
  EXPECT_TRUE(bindings[0]->match.any);
  EXPECT_EQ(bindings[0]->match.terms.size(), 2U);
}

TEST_F(DefinitionsTest, TheSameFileAgainChangesNothing) {
  ASSERT_TRUE(import(kFile).has_value());
  bytes::ByteVector before;
  state().save(before);
  ASSERT_TRUE(import(kFile).has_value());
  bytes::ByteVector after;
  state().save(after);
  EXPECT_EQ(before, after);
}

TEST_F(DefinitionsTest, VirtualHostsHaveAUsualQueueTypeAndLimits) {
  EXPECT_EQ(refusal(R"({
    "vhosts": [{"name": "/", "default_queue_type": "undefined"},
               {"name": "new", "metadata": {"description": "", "tags": [], "default_queue_type": "quorum"}},
               {"name": "old", "default_queue_type": "stream"}, {"name": "none", "default_queue_type": null}],
    "parameters": [{"component": "vhost-limits", "vhost": "new", "name": "limits",
                    "value": {"max-connections": 10, "max-queues": 0}},
                   {"component": "vhost-limits", "vhost": "old", "name": "limits", "value": {"max-connections": -1}}],
    "queues": [{"name": "q", "vhost": "new", "durable": true, "auto_delete": false, "arguments": {}}]
  })"),
            "queues 'q': the virtual host's queue limit of 0 is reached");
  const auto settings = [this](const char* name) { return state().find_virtual_host(name)->settings; };
  EXPECT_EQ(settings("/"), catalog::VirtualHostSettings{});
  EXPECT_EQ(settings("none"), catalog::VirtualHostSettings{});
  EXPECT_EQ(settings("new").usual_kind, catalog::QueueKind::counting);
  EXPECT_EQ(settings("new").max_connections, 10U);
  EXPECT_EQ(settings("new").max_queues, 0U);
  EXPECT_EQ(settings("old"), (catalog::VirtualHostSettings{.usual_kind = catalog::QueueKind::stream}));
  // What the file says of those that are there is what counts then; what it does not say stays.
  ASSERT_TRUE(import(R"({
    "vhosts": [{"name": "new"}, {"name": "old", "default_queue_type": "rabbit_classic_queue"}],
    "parameters": [{"component": "vhost-limits", "vhost": "new", "name": "limits", "value": {"max-queues": 7}}],
    "queues": [{"name": "q", "vhost": "new", "durable": true, "auto_delete": false, "arguments": {}}]
  })")
                  .has_value());
  EXPECT_EQ(settings("new").usual_kind, catalog::QueueKind::counting);
  EXPECT_EQ(settings("new").max_queues, 7U);
  EXPECT_EQ(settings("new").max_connections, std::nullopt);
  EXPECT_EQ(settings("old").usual_kind, catalog::QueueKind::ordinary);
  EXPECT_EQ(state().find_queue(state().find_virtual_host("new")->id, "q")->kind, catalog::QueueKind::counting);
  EXPECT_EQ(refusal(R"({"vhosts": [{"name": "v", "default_queue_type": "odd"}]})"),
            "vhosts 'v': 'default_queue_type' is 'odd'");
}

TEST_F(DefinitionsTest, WhatCannotBeMadeIsNamed) {
  EXPECT_TRUE(refusal("{").starts_with("not JSON"));
  EXPECT_EQ(refusal("[]"), "not a JSON object");
  EXPECT_EQ(refusal(R"({"users": {}})"), "'users' is no list");
  EXPECT_EQ(refusal(R"({"queues": [{"name": "q", "vhost": "none"}]})"), "queues 'q': there is no virtual host 'none'");
  EXPECT_EQ(refusal(R"({"permissions": [{"user": "nobody", "vhost": "/", "configure": "", "write": "", "read": ""}]})"),
            "permissions 'nobody': no such user");
  EXPECT_EQ(refusal(R"({"exchanges": [{"name": "x", "vhost": "/", "type": "odd"}]})"),
            "exchanges 'x': unknown exchange type 'odd'");
  EXPECT_TRUE(refusal(R"({"policies": [{"name": "p", "vhost": "/", "pattern": "(", "definition": {}}]})")
                  .starts_with("policies 'p': pattern '(':"));
  EXPECT_EQ(refusal(R"({"users": [{"name": "u", "password_hash": "x", "hashing_algorithm": "other"}]})"),
            "users 'u': password hashes of other");
  EXPECT_TRUE(refusal(R"({"queues": [{"name": "q", "vhost": "/", "durable": true, "arguments": {"x-expires": 0}}]})")
                  .starts_with("queues 'q': invalid arg 'x-expires'"));
  EXPECT_EQ(refusal(R"({"bindings": [{"source": "none", "vhost": "/"}]})"),
            "bindings 'none': there is no such exchange");
}

}  // namespace
}  // namespace millrace::server
