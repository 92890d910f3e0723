#include "gateway/kafka/access_rules.h"

#include <gtest/gtest.h>

#include "gateway/kafka/test_client_test.h"

namespace millrace::gateway::kafka {
namespace {

using wire::ErrorCode;

Options logins_only() {
  Options options;
  options.anonymous_user.clear();
  return options;
}

/// "ann" may do nothing; "root" is an administrator without any permission; the test's own client is "test".
class AccessRulesTest : public testing::Test {
 protected:
  AccessRulesTest() {
    world.put_user("ann", "pw");
    world.execute({.commands = {catalog::PutUser{{"root", auth::hash_password("pw", 1), {"administrator"}}}}});
    EXPECT_EQ(root.login("root", "pw"), ErrorCode::none);
    EXPECT_EQ(ann.login("ann", "pw"), ErrorCode::none);
    EXPECT_EQ(other.login(), ErrorCode::none);
    other.create_topic("t");
  }

  static wire::CreateAclsRequest::Creation rule(AclOperation operation, std::string_view name = "t",
                                                AclPermission permission = AclPermission::allow) {
    wire::CreateAclsRequest::Creation one;
    one.resource_type = static_cast<std::int8_t>(AclResource::topic);
    one.resource_name = name;
    one.principal = "User:ann";
    one.host = "*";
    one.operation = static_cast<std::int8_t>(operation);
    one.permission_type = static_cast<std::int8_t>(permission);
    return one;
  }
  ErrorCode add(TestClient& by, const wire::CreateAclsRequest::Creation& one) {
    wire::CreateAclsRequest request;
    request.creations.push_back(one);
    return by.ask<wire::CreateAclsResponse>(3, request).results.at(0).error_code;
  }
  static wire::DescribeAclsRequest everything() {
    wire::DescribeAclsRequest request;
    request.resource_type_filter = request.pattern_type_filter = 1;
    request.operation = request.permission_type = 1;
    return request;
  }
  std::size_t count(const wire::DescribeAclsRequest& request) {
    std::size_t found = 0;
    for (const auto& one : root.ask<wire::DescribeAclsResponse>(3, request).resources) found += one.acls.size();
    return found;
  }
  wire::MetadataResponse::Topic metadata(TestClient& by, std::int16_t version = 9) {
    wire::MetadataRequest request;
    request.topics.emplace();
    request.topics->emplace_back().name = "t";
    request.include_topic_authorized_operations = request.include_cluster_authorized_operations = true;
    return by.ask<wire::MetadataResponse>(version, request).topics.at(0);
  }

  GatewayWorld world{71, logins_only()};
  TestClient root{world};
  TestClient ann{world};
  TestClient other{world};
};

TEST_F(AccessRulesTest, DecideWhatAUserMayDo) {
  EXPECT_EQ(metadata(ann).error_code, ErrorCode::topic_authorization_failed);
  EXPECT_EQ(ann.produce("t", 0, {"a"}).error_code, ErrorCode::topic_authorization_failed);
  EXPECT_EQ(add(root, rule(AclOperation::write)), ErrorCode::none);
  EXPECT_EQ(metadata(ann).topic_authorized_operations, 1 << 4 | 1 << 8) << "write, and describe that follows";
  EXPECT_EQ(ann.produce("t", 0, {"a"}).error_code, ErrorCode::none);
  EXPECT_EQ(add(root, rule(AclOperation::write, "t", AclPermission::deny)), ErrorCode::none);
  EXPECT_EQ(ann.produce("t", 0, {"a"}).error_code, ErrorCode::topic_authorization_failed) << "a denial wins";
  EXPECT_EQ(other.produce("t", 0, {"a"}).error_code, ErrorCode::none);

  world.restart();
  TestClient again(world);
  EXPECT_EQ(again.login("ann", "pw"), ErrorCode::none);
  EXPECT_EQ(again.produce("t", 0, {"a"}).error_code, ErrorCode::topic_authorization_failed) << "rules are stored";
}

TEST_F(AccessRulesTest, IdsTellNothingToWhoMayNotKnow) {
  world.broker.declare("queue");
  wire::MetadataRequest every;
  every.topics.reset();
  const auto known = other.ask<wire::MetadataResponse>(13, every);
  ASSERT_EQ(known.topics.size(), 2U);
  for (const auto& topic : known.topics) {
    SCOPED_TRACE(*topic.name);
    const auto ask = [&](TestClient& by) {
      wire::MetadataRequest request;
      request.topics.emplace();
      request.topics->push_back({topic.topic_id, std::nullopt});
      return by.ask<wire::MetadataResponse>(13, request).topics.at(0);
    };
    const auto drop = [&](const std::optional<wire::Text>& name) {
      wire::DeleteTopicsRequest request;
      request.topics.push_back({name, name.has_value() ? wire::Uuid{} : topic.topic_id});
      return ann.ask<wire::DeleteTopicsResponse>(6, request).responses.at(0);
    };
    EXPECT_EQ(ask(other).name, topic.name);
    EXPECT_EQ(ask(ann).error_code, ErrorCode::unknown_topic_id);
    EXPECT_EQ(ask(ann).name, std::nullopt);
    EXPECT_TRUE(ask(ann).partitions.empty());
    EXPECT_EQ(drop(std::nullopt).error_code, ErrorCode::unknown_topic_id);
    EXPECT_EQ(drop(std::nullopt).name, std::nullopt);
    EXPECT_EQ(drop(topic.name).error_code, ErrorCode::topic_authorization_failed);
    EXPECT_EQ(drop(topic.name).topic_id, wire::Uuid{});
    EXPECT_EQ(drop(wire::Text("nowhere")).error_code, ErrorCode::topic_authorization_failed);

    EXPECT_EQ(add(root, rule(AclOperation::describe, *topic.name)), ErrorCode::none);
    EXPECT_EQ(ask(ann).name, topic.name);
    EXPECT_EQ(drop(std::nullopt).error_code, ErrorCode::topic_authorization_failed);
    EXPECT_EQ(drop(std::nullopt).name, topic.name);
    EXPECT_EQ(drop(topic.name).topic_id, topic.topic_id);
  }
}

TEST_F(AccessRulesTest, AreListedAndRemovedByFilter) {
  EXPECT_EQ(add(root, rule(AclOperation::read)), ErrorCode::none);
  EXPECT_EQ(add(root, rule(AclOperation::read)), ErrorCode::none) << "again";
  auto prefixed = rule(AclOperation::all, "te");
  prefixed.resource_pattern_type = static_cast<std::int8_t>(AclPattern::prefixed);
  EXPECT_EQ(add(root, prefixed), ErrorCode::none);
  EXPECT_EQ(add(root, rule(AclOperation::write, "*")), ErrorCode::none);
  EXPECT_EQ(count(everything()), 3U);
  auto filter = everything();
  filter.resource_name_filter = "test";
  EXPECT_EQ(count(filter), 0U);
  filter.pattern_type_filter = static_cast<std::int8_t>(AclPattern::match);
  EXPECT_EQ(count(filter), 2U) << "the prefix and the one for every name";
  filter = everything();
  filter.principal_filter = "User:bob";
  EXPECT_EQ(count(filter), 0U);
  filter = everything();
  filter.operation = static_cast<std::int8_t>(AclOperation::read);
  EXPECT_EQ(count(filter), 1U);

  wire::DeleteAclsRequest remove;
  auto& one = remove.filters.emplace_back();
  one.resource_type_filter = static_cast<std::int8_t>(AclResource::topic);
  one.pattern_type_filter = static_cast<std::int8_t>(AclPattern::literal);
  one.operation = one.permission_type = 1;
  const auto removed = root.ask<wire::DeleteAclsResponse>(3, remove);
  ASSERT_EQ(removed.filter_results.at(0).matching_acls.size(), 2U);
  EXPECT_EQ(removed.filter_results[0].matching_acls[0].principal, "User:ann");
  EXPECT_EQ(count(everything()), 1U);
}

TEST_F(AccessRulesTest, AreForAdministratorsAndWellFormed) {
  EXPECT_EQ(add(other, rule(AclOperation::read)), ErrorCode::cluster_authorization_failed);
  EXPECT_EQ(other.ask<wire::DescribeAclsResponse>(3, everything()).error_code, ErrorCode::cluster_authorization_failed);
  const auto refused = [&](auto change) {
    auto one = rule(AclOperation::read);
    change(one);
    return add(root, one);
  };
  EXPECT_EQ(refused([](auto& r) { r.resource_type = 1; }), ErrorCode::invalid_request);
  EXPECT_EQ(refused([](auto& r) { r.resource_type = 6; }), ErrorCode::invalid_request);
  EXPECT_EQ(refused([](auto& r) { r.resource_pattern_type = 2; }), ErrorCode::invalid_request);
  EXPECT_EQ(refused([](auto& r) { r.operation = 1; }), ErrorCode::invalid_request);
  EXPECT_EQ(refused([](auto& r) { r.operation = 9; }), ErrorCode::invalid_request) << "not of topics";
  EXPECT_EQ(refused([](auto& r) { r.permission_type = 0; }), ErrorCode::invalid_request);
  EXPECT_EQ(refused([](auto& r) { r.principal = "Group:x"; }), ErrorCode::invalid_request);
  EXPECT_EQ(refused([](auto& r) { r.principal = "User:"; }), ErrorCode::invalid_request);
  EXPECT_EQ(refused([](auto& r) { r.host = ""; }), ErrorCode::invalid_request);
  EXPECT_EQ(refused([](auto& r) { r.resource_type = 4; }), ErrorCode::invalid_request) << "not the cluster's name";

  auto cluster = rule(AclOperation::alter, kClusterResource);
  cluster.resource_type = static_cast<std::int8_t>(AclResource::cluster);
  cluster.principal = "User:test";
  EXPECT_EQ(add(root, cluster), ErrorCode::none);
  EXPECT_EQ(add(other, rule(AclOperation::read)), ErrorCode::none) << "now it may";
  wire::DescribeClusterRequest describe;
  describe.include_cluster_authorized_operations = true;
  EXPECT_EQ(other.ask<wire::DescribeClusterResponse>(1, describe).cluster_authorized_operations, 1 << 7 | 1 << 8);
}

wire::AlterUserScramCredentialsRequest::Upsertion upsertion(std::string_view user, bytes::ByteView salt,
                                                            bytes::ByteView salted) {
  return {.name = wire::Text(user), .mechanism = 1, .iterations = 4096, .salt = salt, .salted_password = salted};
}

TEST_F(AccessRulesTest, WhoMayWriteSomewhereMayBeIdempotent) {
  const auto init = [](TestClient& by) {
    return by.ask<wire::InitProducerIdResponse>(4, wire::InitProducerIdRequest{.transactional_id = std::nullopt})
        .error_code;
  };
  EXPECT_EQ(init(other), ErrorCode::none) << "by a permission";
  EXPECT_EQ(init(ann), ErrorCode::cluster_authorization_failed);
  EXPECT_EQ(add(root, rule(AclOperation::read)), ErrorCode::none);
  EXPECT_EQ(init(ann), ErrorCode::cluster_authorization_failed);
  EXPECT_EQ(add(root, rule(AclOperation::write, "some")), ErrorCode::none);
  EXPECT_EQ(init(ann), ErrorCode::none);
  EXPECT_EQ(add(root, rule(AclOperation::all, "some", AclPermission::deny)), ErrorCode::none);
  EXPECT_EQ(init(ann), ErrorCode::cluster_authorization_failed) << "that one is denied";
  auto cluster = rule(AclOperation::idempotent_write, kClusterResource);
  cluster.resource_type = static_cast<std::int8_t>(AclResource::cluster);
  EXPECT_EQ(add(root, cluster), ErrorCode::none);
  EXPECT_EQ(init(ann), ErrorCode::none);
}

TEST_F(AccessRulesTest, CredentialsAreSetAndRemoved) {
  const bytes::ByteView salt = bytes::as_bytes("0123456789");
  const auto salted = auth::pbkdf2(auth::Digest::sha256, "new", salt, 4096);
  const auto alter = [&](TestClient& by, const wire::AlterUserScramCredentialsRequest& request) {
    return by.ask<wire::AlterUserScramCredentialsResponse>(0, request).results.at(0).error_code;
  };
  wire::AlterUserScramCredentialsRequest set;
  set.upsertions.push_back(upsertion("zoe", salt, salted));
  EXPECT_EQ(alter(other, set), ErrorCode::cluster_authorization_failed);
  EXPECT_EQ(alter(root, set), ErrorCode::none);
  TestClient zoe(world);
  EXPECT_EQ(zoe.login("zoe", "new"), ErrorCode::none) << "PLAIN knows it as well";

  wire::DescribeUserScramCredentialsRequest describe;
  describe.users.emplace();
  describe.users->push_back({.name = "zoe"});
  describe.users->push_back({.name = "nobody"});
  auto shown = root.ask<wire::DescribeUserScramCredentialsResponse>(0, describe);
  ASSERT_EQ(shown.results.size(), 2U);
  EXPECT_EQ(shown.results[0].error_code, ErrorCode::resource_not_found);
  ASSERT_EQ(shown.results[1].credential_infos.size(), 1U);
  EXPECT_EQ(shown.results[1].credential_infos[0].iterations, 4096);
  EXPECT_EQ(shown.results[1].credential_infos[0].mechanism, 1);

  set.upsertions[0].name = "ann";
  EXPECT_EQ(alter(root, set), ErrorCode::none);
  TestClient same(world);
  EXPECT_EQ(same.login("ann", "pw"), ErrorCode::none) << "the password is not SCRAM's";
  TestClient wrong(world);
  EXPECT_EQ(wrong.login("ann", "new"), ErrorCode::sasl_authentication_failed);
  const std::string stored = world.broker.shard(0).catalog().find_user("ann")->password_hash;
  EXPECT_EQ(auth::scram_keys(stored, auth::Digest::sha256)->iterations, 4096U);
  EXPECT_EQ(auth::scram_keys(stored, auth::Digest::sha512)->iterations, 1U) << "the other mechanism keeps its own";

  set.upsertions[0].iterations = 1;
  EXPECT_EQ(alter(root, set), ErrorCode::unacceptable_credential);
  set.upsertions[0].mechanism = 9;
  EXPECT_EQ(alter(root, set), ErrorCode::unsupported_sasl_mechanism);
  wire::AlterUserScramCredentialsRequest remove;
  remove.deletions.push_back({.name = "zoe", .mechanism = 2});
  EXPECT_EQ(alter(root, remove), ErrorCode::resource_not_found);
  remove.deletions[0].mechanism = 1;
  EXPECT_EQ(alter(root, remove), ErrorCode::none);
  TestClient gone(world);
  EXPECT_EQ(gone.login("zoe", "new"), ErrorCode::sasl_authentication_failed);
}

TEST_F(AccessRulesTest, ElectionsQuorumAndResourcesOfSettings) {
  wire::ElectLeadersRequest elect;
  elect.topic_partitions.emplace();
  elect.topic_partitions->push_back({.topic = "t", .partitions = {0, 5}});
  const auto elected = root.ask<wire::ElectLeadersResponse>(2, elect).replica_election_results.at(0);
  EXPECT_EQ(elected.partition_result.at(0).error_code, ErrorCode::election_not_needed);
  EXPECT_EQ(elected.partition_result.at(1).error_code, ErrorCode::unknown_topic_or_partition);
  EXPECT_EQ(ann.ask<wire::ElectLeadersResponse>(2, elect).error_code, ErrorCode::cluster_authorization_failed);

  wire::DescribeQuorumRequest quorum;
  quorum.topics.push_back({.topic_name = "__cluster_metadata", .partitions = {{.partition_index = 0}}});
  const auto described = root.ask<wire::DescribeQuorumResponse>(2, quorum);
  EXPECT_EQ(described.topics.at(0).partitions.at(0).leader_id, 1);
  EXPECT_EQ(described.nodes.size(), 1U);

  const auto listed = root.ask<wire::ListConfigResourcesResponse>(1, wire::ListConfigResourcesRequest{});
  EXPECT_EQ(listed.error_code, ErrorCode::none);
  EXPECT_EQ(listed.config_resources.size(), 1U) << "the broker; this user sees no topic";
}

}  // namespace
}  // namespace millrace::gateway::kafka
