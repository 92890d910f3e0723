#include <gtest/gtest.h>

#include "gateway/amqp091/test_client_test.h"

namespace millrace::gateway::amqp091 {
namespace {

using wire::ReplyCode;

class TxTest : public ::testing::Test {
 protected:
  TxTest() : world(77), client(world) {
    client.open();
    client.open_channel(1);
    client.open_channel(2);
    for (const char* queue : {"a", "b", "c"}) client.declare(2, queue);
  }
  void select() {
    client.send(1, wire::TxSelect{});
    client.expect<wire::TxSelectOk>(1);
  }
  void commit() {
    client.send(1, wire::TxCommit{});
    client.expect<wire::TxCommitOk>(1);
  }
  void rollback() {
    client.send(1, wire::TxRollback{});
    client.expect<wire::TxRollbackOk>(1);
  }

  GatewayWorld world;
  TestClient client;
};

TEST_F(TxTest, PublishesAppearWithTheCommit) {
  select();
  select();
  client.publish(1, {0, "", "a"}, "dropped");
  rollback();
  for (const char* queue : {"a", "b", "c", "a"}) client.publish(1, {0, "", queue}, std::string("to ") + queue);
  EXPECT_EQ(client.count(2, "a"), 0U);
  commit();
  EXPECT_EQ(client.get(2, "a"), "to a");
  EXPECT_EQ(client.get(2, "a"), "to a");
  EXPECT_EQ(client.get(2, "b"), "to b");
  EXPECT_EQ(client.get(2, "c"), "to c");
  EXPECT_EQ(client.get(2, "a"), "(none)");
  commit();  // of nothing
}

TEST_F(TxTest, SettlementsTakeEffectWithTheCommit) {
  for (const char* body : {"one", "two", "three"}) client.publish(2, {0, "", "a"}, body);
  EXPECT_EQ(client.count(2, "a"), 3U);
  select();
  for (const char* body : {"one", "two", "three"}) EXPECT_EQ(client.get(1, "a", false), body);
  client.send(1, wire::BasicAck{1, false});
  client.send(1, wire::BasicReject{2, false});
  rollback();
  // They are the channel's again, under the same tags.
  client.send(1, wire::BasicAck{2, true});
  client.send(1, wire::BasicNack{3, false, true});
  EXPECT_EQ(client.get(2, "a"), "(none)");
  commit();
  EXPECT_EQ(client.get(2, "a"), "three");
  EXPECT_TRUE(client.last_get.redelivered);
  EXPECT_EQ(client.get(2, "a"), "(none)");
  client.send(1, wire::BasicAck{1, false});
  client.expect_channel_close(1, ReplyCode::precondition_failed, "PRECONDITION_FAILED - unknown delivery tag 1");
}

TEST_F(TxTest, WhatWasNotCommittedIsGivenBack) {
  client.publish(2, {0, "", "a"}, "kept");
  EXPECT_EQ(client.count(2, "a"), 1U);
  select();
  EXPECT_EQ(client.get(1, "a", false), "kept");
  client.send(1, wire::BasicAck{1, false});
  client.publish(1, {0, "", "b"}, "dropped");
  client.send(1, wire::ChannelClose{200, "bye"});
  client.expect<wire::ChannelCloseOk>(1);
  EXPECT_EQ(client.get(2, "a"), "kept");
  EXPECT_EQ(client.get(2, "b"), "(none)");
}

TEST_F(TxTest, UnroutableOnesAreReturnedByTheCommit) {
  select();
  client.publish(1, {0, "", "nowhere", true}, "lost");
  EXPECT_TRUE(client.silent());
  rollback();
  client.publish(1, {0, "", "nowhere", true}, "lost again");
  client.send(1, wire::TxCommit{});
  EXPECT_EQ(client.expect<wire::BasicReturn>(1).reply_code, 312);
  EXPECT_EQ(client.expect_content(1).body, "lost again");
  client.expect<wire::TxCommitOk>(1);
}

TEST_F(TxTest, ARefusedOneChangesNothing) {
  client.declare(2, "small", wire::FieldTable{{"x-max-length", std::int32_t{1}}, {"x-overflow", "reject-publish"}});
  client.publish(2, {0, "", "a"}, "kept");
  EXPECT_EQ(client.count(2, "a"), 1U);
  select();
  EXPECT_EQ(client.get(1, "a", false), "kept");
  client.send(1, wire::BasicAck{1, false});
  for (const char* queue : {"b", "c", "small", "small"}) client.publish(1, {0, "", queue}, "refused");
  client.send(1, wire::TxCommit{});
  client.expect_channel_close(1, ReplyCode::precondition_failed);
  for (const char* queue : {"b", "c", "small"}) EXPECT_EQ(client.get(2, queue), "(none)");
  EXPECT_EQ(client.get(2, "a"), "kept");
}

TEST_F(TxTest, RepliesWaitForTheCommit) {
  client.send(2, wire::BasicConsume{0, "amq.rabbitmq.reply-to", "r", false, true});
  client.expect<wire::BasicConsumeOk>(2);
  wire::BasicProperties request;
  request.reply_to = "amq.rabbitmq.reply-to";
  client.publish(2, {0, "", "a"}, "question", request);
  EXPECT_EQ(client.count(2, "a"), 1U);
  EXPECT_EQ(client.get(1, "a"), "question");
  const auto properties = wire::BasicProperties::decode(bytes::as_bytes(client.last_message.properties));
  const std::string to(*properties->reply_to);
  select();
  client.publish(1, {0, "", to, true}, "taken back");
  rollback();
  client.publish(1, {0, "", to, true}, "answer");
  EXPECT_TRUE(client.silent());
  client.send(1, wire::TxCommit{});
  client.expect<wire::BasicDeliver>(2);
  EXPECT_EQ(client.expect_content(2).body, "answer");
  client.expect<wire::TxCommitOk>(1);
}

TEST_F(TxTest, ModesDoNotMix) {
  client.send(1, wire::TxCommit{});
  client.expect_channel_close(1, ReplyCode::precondition_failed, "PRECONDITION_FAILED - channel is not transactional");
  client.open_channel(1);
  client.send(1, wire::TxRollback{});
  client.expect_channel_close(1, ReplyCode::precondition_failed, "PRECONDITION_FAILED - channel is not transactional");
  client.open_channel(1);
  select();
  client.send(1, wire::ConfirmSelect{});
  client.expect_channel_close(1, ReplyCode::precondition_failed,
                              "PRECONDITION_FAILED - cannot switch from tx to confirm mode");
  client.open_channel(1);
  client.send(1, wire::ConfirmSelect{});
  client.expect<wire::ConfirmSelectOk>(1);
  client.send(1, wire::TxSelect{});
  client.expect_channel_close(1, ReplyCode::precondition_failed,
                              "PRECONDITION_FAILED - cannot switch from confirm to tx mode");
}

}  // namespace
}  // namespace millrace::gateway::amqp091
