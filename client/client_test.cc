#include <gtest/gtest.h>

#include "fake_server_test.h"
#include "millrace/client/confirms.h"

namespace millrace::client {
namespace {

ConnectOptions quick() {
  return {.reply_timeout = base::Millis(2000)};
}

struct Opened {
  std::unique_ptr<Connection> connection;
  std::shared_ptr<Channel> channel;
};

Opened open_channel(const FakeServer& server) {
  auto connection = Connection::open_over(server.client_end(), quick());
  EXPECT_TRUE(connection.has_value()) << connection.error().to_string();
  auto channel = (*connection)->open_channel();
  EXPECT_TRUE(channel.has_value()) << channel.error().to_string();
  return {std::move(*connection), *channel};
}

TEST(Confirms, CountsSingleAndMultipleAnswers) {
  Confirms confirms;
  for (int i = 0; i < 10; ++i) (void)confirms.publish();
  std::vector<std::uint64_t> seen;
  const auto note = [&seen](std::uint64_t sequence) { seen.push_back(sequence); };
  EXPECT_TRUE(confirms.settle(3, false, true, note));
  EXPECT_EQ(1U, confirms.oldest_outstanding());
  EXPECT_TRUE(confirms.settle(5, true, false, note));
  EXPECT_EQ((std::vector<std::uint64_t>{3, 1, 2, 4, 5}), seen);
  EXPECT_EQ(1U, confirms.acked());
  EXPECT_EQ(4U, confirms.nacked());
  EXPECT_EQ(5U, confirms.outstanding());
  EXPECT_EQ(6U, confirms.oldest_outstanding());
  EXPECT_TRUE(confirms.settle(0, true, true, note));
  EXPECT_EQ(0U, confirms.outstanding());
  EXPECT_EQ(11U, confirms.oldest_outstanding());
}

TEST(Confirms, RefusesAnswersToNothing) {
  Confirms confirms;
  (void)confirms.publish();
  (void)confirms.publish();
  const auto ignore = [](std::uint64_t) {};
  EXPECT_FALSE(confirms.settle(3, false, true, ignore));
  EXPECT_FALSE(confirms.settle(3, true, true, ignore));
  EXPECT_FALSE(confirms.settle(0, false, true, ignore));
  EXPECT_TRUE(confirms.settle(2, false, true, ignore));
  EXPECT_FALSE(confirms.settle(2, false, true, ignore));
  EXPECT_TRUE(confirms.settle(1, false, true, ignore));
  EXPECT_FALSE(confirms.settle(1, false, true, ignore));
  EXPECT_EQ(2U, confirms.acked());
}

TEST(Properties, SurviveTheWire) {
  Properties sent;
  sent.content_type = "text/plain";
  sent.headers = Table{{"tries", std::int32_t{3}}, {"from", "here"}};
  sent.persistent = true;
  sent.priority = 7;
  sent.correlation_id = "c-1";
  sent.reply_to = "answers";
  sent.timestamp = 1700000000;
  bytes::ByteVector block;
  ASSERT_TRUE(encode_properties(sent, block).has_value());
  const auto got = decode_properties(block);
  ASSERT_TRUE(got.has_value());
  EXPECT_EQ(sent.content_type, got->content_type);
  EXPECT_EQ(sent.headers, got->headers);
  EXPECT_TRUE(got->persistent);
  EXPECT_EQ(7, got->priority);
  EXPECT_EQ("c-1", got->correlation_id);
  EXPECT_EQ("answers", got->reply_to);
  EXPECT_EQ(1700000000U, got->timestamp);
  EXPECT_FALSE(got->message_id.has_value());
}

TEST(Properties, TooLongTextIsRefused) {
  Properties sent;
  sent.correlation_id = std::string(256, 'x');
  bytes::ByteVector block;
  const auto encoded = encode_properties(sent, block);
  ASSERT_FALSE(encoded.has_value());
  EXPECT_EQ(Errc::bad_argument, encoded.error().code);
}

TEST(Connection, OpensAndCloses) {
  FakeServer server([](FakeServer& s) {
    s.welcome();
    s.expect<wire::ConnectionClose>();
    s.send(0, wire::ConnectionCloseOk{});
  });
  auto connection = Connection::open_over(server.client_end(), quick());
  ASSERT_TRUE(connection.has_value()) << connection.error().to_string();
  EXPECT_TRUE((*connection)->close().has_value());
  EXPECT_FALSE((*connection)->is_open());
  EXPECT_EQ(Errc::connection_closed, (*connection)->open_channel().error().code);
}

TEST(Connection, GivesTheServersReasonWhenRefused) {
  FakeServer server([](FakeServer& s) {
    while (s.read_more()) {
      s.drop(8);
      s.send(0, wire::ConnectionStart{});
      break;
    }
    s.expect<wire::ConnectionStartOk>();
    s.send(0, wire::ConnectionClose{.reply_code = 403, .reply_text = "ACCESS_REFUSED"});
    s.expect<wire::ConnectionCloseOk>();
  });
  const auto connection = Connection::open_over(server.client_end(), quick());
  ASSERT_FALSE(connection.has_value());
  EXPECT_EQ(Errc::connection_closed, connection.error().code);
  EXPECT_EQ(403, connection.error().reply_code);
  EXPECT_EQ("403 ACCESS_REFUSED", connection.error().to_string());
}

TEST(Connection, NoticesThatTheServerIsGone) {
  FakeServer server([](FakeServer& s) { s.welcome(); });
  auto connection = Connection::open_over(server.client_end(), quick());
  ASSERT_TRUE(connection.has_value());
  const auto polled = (*connection)->poll(base::Millis(2000));
  ASSERT_FALSE(polled.has_value());
  EXPECT_EQ(Errc::connection_lost, polled.error().code);
}

TEST(Connection, AnswerThatNeverComesEndsIt) {
  FakeServer server([](FakeServer& s) {
    s.welcome();
    s.expect<wire::ChannelOpen>();
    while (s.read_more()) {
    }
  });
  auto connection =
      Connection::open_over(server.client_end(), {.heartbeat_seconds = 30, .reply_timeout = base::Millis(50)});
  ASSERT_TRUE(connection.has_value());
  const auto channel = (*connection)->open_channel();
  ASSERT_FALSE(channel.has_value());
  EXPECT_EQ(Errc::timed_out, channel.error().code);
  EXPECT_FALSE((*connection)->is_open());
}

TEST(Connection, MalformedFrameEndsIt) {
  FakeServer server([](FakeServer& s) {
    s.welcome();
    const std::uint8_t junk[] = {'H', 'T', 'T', 'P', '/', '1', '.', '1'};
    s.send_raw(junk);
    while (s.read_more()) {
    }
  });
  auto connection = Connection::open_over(server.client_end(), quick());
  ASSERT_TRUE(connection.has_value());
  EXPECT_EQ(Errc::protocol_error, (*connection)->poll(base::Millis(2000)).error().code);
}

TEST(Channel, ClosedByTheServerKeepsTheConnection) {
  FakeServer server([](FakeServer& s) {
    s.welcome_channel();
    EXPECT_EQ("missing", s.expect<wire::QueueDeclare>().queue);
    s.send(1, wire::ChannelClose{.reply_code = 404, .reply_text = "NOT_FOUND - no queue 'missing'"});
    s.expect<wire::ChannelCloseOk>();
    s.expect<wire::ChannelOpen>();
    s.send(1, wire::ChannelOpenOk{});
  });
  auto [connection, channel] = open_channel(server);
  const auto declared = channel->declare_queue({.name = "missing", .passive = true});
  ASSERT_FALSE(declared.has_value());
  EXPECT_EQ(Errc::channel_closed, declared.error().code);
  EXPECT_EQ(404, declared.error().reply_code);
  EXPECT_EQ(404, channel->publish("", "q", {}, "x").error().reply_code);
  EXPECT_TRUE(connection->open_channel().has_value());
}

TEST(Channel, LongNameIsRefusedHere) {
  FakeServer server([](FakeServer& s) { s.welcome_channel(); });
  auto [connection, channel] = open_channel(server);
  EXPECT_EQ(Errc::bad_argument, channel->declare_queue({.name = std::string(256, 'q')}).error().code);
  EXPECT_EQ(Errc::bad_argument, channel->publish("", std::string(256, 'k'), {}, "x").error().code);
  EXPECT_TRUE(channel->is_open());
}

TEST(Channel, PublishesInFramesAndCountsConfirms) {
  const std::string large(20000, 'x');
  FakeServer server([&](FakeServer& s) {
    s.welcome_channel();
    s.expect<wire::ConfirmSelect>();
    s.send(1, wire::ConfirmSelectOk{});
    bytes::ByteVector payload;
    for (const std::size_t size : {large.size(), std::size_t{0}, std::size_t{3}}) {
      EXPECT_EQ("work", s.expect<wire::BasicPublish>().routing_key);
      EXPECT_EQ(wire::FrameType::header, s.read_frame(payload));
      EXPECT_EQ(size, wire::ContentHeader::decode(payload)->body_size);
      for (std::size_t got = 0; got < size; got += payload.size()) {
        EXPECT_EQ(wire::FrameType::body, s.read_frame(payload));
        ASSERT_FALSE(payload.empty());
      }
    }
    s.send(1, wire::BasicAck{2, true});
    s.send(1, wire::BasicNack{3, false, false});
  });
  auto [connection, channel] = open_channel(server);
  ASSERT_TRUE(channel->confirm_select().has_value());
  std::vector<std::pair<std::uint64_t, bool>> seen;
  channel->on_confirm([&seen](std::uint64_t sequence, bool acked) { seen.emplace_back(sequence, acked); });
  EXPECT_EQ(1U, channel->publish("", "work", {.persistent = true}, large).value());
  EXPECT_EQ(2U, channel->publish("", "work", {}, "").value());
  EXPECT_EQ(3U, channel->publish("", "work", {}, "abc").value());
  const auto all = channel->wait_for_confirms(base::Millis(2000));
  ASSERT_TRUE(all.has_value()) << all.error().to_string();
  EXPECT_FALSE(*all);
  EXPECT_EQ((std::vector<std::pair<std::uint64_t, bool>>{{1, true}, {2, true}, {3, false}}), seen);
}

TEST(Channel, MissingConfirmsTimeOut) {
  FakeServer server([](FakeServer& s) {
    s.welcome_channel();
    s.expect<wire::ConfirmSelect>();
    s.send(1, wire::ConfirmSelectOk{});
    while (s.read_more()) {
    }
  });
  auto [connection, channel] = open_channel(server);
  ASSERT_TRUE(channel->confirm_select().has_value());
  ASSERT_TRUE(channel->publish("", "work", {}, "x").has_value());
  EXPECT_EQ(Errc::timed_out, channel->wait_for_confirms(base::Millis(20)).error().code);
  EXPECT_EQ(1U, channel->confirms().outstanding());
}

TEST(Channel, DeliversToNextAndToHandlers) {
  FakeServer server([](FakeServer& s) {
    s.welcome_channel();
    s.expect<wire::BasicConsume>();
    // A first delivery may come before the answer is handled.
    s.send_content(1, wire::BasicDeliver{.consumer_tag = "t1", .delivery_tag = 1, .routing_key = "a"}, "one");
    s.send(1, wire::BasicConsumeOk{"t1"});
    s.expect<wire::BasicConsume>();
    s.send(1, wire::BasicConsumeOk{"t2"});
    s.send_content(1, wire::BasicDeliver{.consumer_tag = "t2", .delivery_tag = 2, .redelivered = true},
                   std::string(10000, 'y'));
    s.send_content(1, wire::BasicDeliver{.consumer_tag = "t1", .delivery_tag = 3}, "");
    EXPECT_EQ(2U, s.expect<wire::BasicAck>().delivery_tag);
    EXPECT_EQ(3U, s.expect<wire::BasicReject>().delivery_tag);
    s.send(1, wire::BasicCancel{"t1", true});
    while (s.read_more()) {
    }
  });
  auto [connection, channel] = open_channel(server);
  EXPECT_EQ("t1", channel->consume({.queue = "a"}).value());
  std::vector<Delivery> handled;
  ASSERT_TRUE(channel
                  ->consume({.queue = "b"},
                            [&handled, &c = *channel](Delivery&& delivery) {
                              EXPECT_TRUE(c.ack(delivery.delivery_tag).has_value());
                              handled.push_back(std::move(delivery));
                            })
                  .has_value());
  const auto first = channel->next(base::Millis(2000));
  ASSERT_TRUE(first.has_value() && first->has_value());
  EXPECT_EQ("one", (*first)->message.body);
  EXPECT_EQ("a", (*first)->message.routing_key);
  const auto second = channel->next(base::Millis(2000));
  ASSERT_TRUE(second.has_value() && second->has_value());
  EXPECT_EQ(3U, (*second)->delivery_tag);
  if (handled.empty()) {
    EXPECT_TRUE(connection->poll(base::Millis(0)).has_value());
  }
  ASSERT_EQ(1U, handled.size());
  EXPECT_TRUE(handled[0].redelivered);
  EXPECT_EQ(10000U, handled[0].message.body.size());
  EXPECT_TRUE(channel->reject(3, false).has_value());
  EXPECT_EQ(Errc::consumer_cancelled, channel->next(base::Millis(2000)).error().code);
  const auto none = channel->next(base::Millis(10));
  ASSERT_TRUE(none.has_value());
  EXPECT_FALSE(none->has_value());
}

TEST(Channel, GetsAMessageOrNothing) {
  FakeServer server([](FakeServer& s) {
    s.welcome_channel();
    s.expect<wire::BasicGet>();
    s.send_content(1, wire::BasicGetOk{.delivery_tag = 9, .routing_key = "k", .message_count = 4}, "body");
    s.expect<wire::BasicGet>();
    s.send(1, wire::BasicGetEmpty{});
  });
  auto [connection, channel] = open_channel(server);
  const auto one = channel->get("q");
  ASSERT_TRUE(one.has_value() && one->has_value());
  EXPECT_EQ(9U, (*one)->delivery_tag);
  EXPECT_EQ("body", (*one)->message.body);
  const auto none = channel->get("q");
  ASSERT_TRUE(none.has_value());
  EXPECT_FALSE(none->has_value());
}

TEST(Channel, ReturnsReachTheHandler) {
  FakeServer server([](FakeServer& s) {
    s.welcome_channel();
    s.expect<wire::BasicPublish>();
    s.send_content(1, wire::BasicReturn{.reply_code = 312, .reply_text = "NO_ROUTE", .routing_key = "nowhere"}, "lost");
    while (s.read_more()) {
    }
  });
  auto [connection, channel] = open_channel(server);
  std::vector<Returned> returned;
  channel->on_return([&returned](Returned&& r) { returned.push_back(std::move(r)); });
  ASSERT_TRUE(channel->publish("", "nowhere", {}, "lost", true).has_value());
  ASSERT_TRUE(connection->poll(base::Millis(2000)).has_value());
  if (returned.empty()) {
    ASSERT_TRUE(connection->poll(base::Millis(500)).has_value());
  }
  ASSERT_EQ(1U, returned.size());
  EXPECT_EQ(312, returned[0].reply_code);
  EXPECT_EQ("lost", returned[0].message.body);
}

TEST(Channel, MessageOverTheLimitEndsTheConnection) {
  FakeServer server([](FakeServer& s) {
    s.welcome_channel();
    bytes::ByteVector out;
    wire::append_with_header(out, 1, wire::BasicDeliver{.consumer_tag = "t"}, wire::kEmptyPropertyBlock,
                             std::uint64_t{1} << 40);
    s.send_raw(out);
    while (s.read_more()) {
    }
  });
  auto [connection, channel] = open_channel(server);
  EXPECT_EQ(Errc::protocol_error, channel->next(base::Millis(2000)).error().code);
  EXPECT_FALSE(connection->is_open());
}

}  // namespace
}  // namespace millrace::client
