#include <gtest/gtest.h>

#include <functional>

#include "auth/hmac.h"
#include "gateway/kafka/handlers.h"
#include "gateway/kafka/test_client_test.h"

namespace millrace::gateway::kafka {
namespace {

using wire::ErrorCode;

Options sasl_only() {
  Options options;
  options.anonymous_user.clear();
  return options;
}

bytes::ByteVector raw_request(std::int16_t key, std::int16_t version, std::string_view body = {}) {
  bytes::ByteVector out;
  bytes::Writer writer(out);
  writer.u32(static_cast<std::uint32_t>(10 + body.size()));
  writer.i16(key);
  writer.i16(version);
  writer.i32(1);
  writer.i16(-1);  // no client id
  writer.text(body);
  return out;
}

class ConnectionTest : public testing::Test {
 protected:
  GatewayWorld world{51};
};

TEST_F(ConnectionTest, AnnouncesWhatItServes) {
  TestClient client(world);
  const auto response = client.ask<wire::ApiVersionsResponse>(4, wire::ApiVersionsRequest{});
  EXPECT_EQ(response.error_code, ErrorCode::none);
  ASSERT_EQ(response.api_keys.size(), handlers().size());
  std::int16_t last = -1;
  for (const auto& api : response.api_keys) {
    EXPECT_GT(api.api_key, last) << "sorted, each once";
    EXPECT_LE(api.min_version, api.max_version);
    last = api.api_key;
  }
}

TEST_F(ConnectionTest, ASilentClientIsClosedInTheEnd) {
  TestClient client(world);
  for (int i = 0; i < 3; ++i) {  // who speaks now and then stays
    world.broker.world.run_for(base::milliseconds(400'000));
    EXPECT_EQ(client.ask<wire::ApiVersionsResponse>(3, wire::ApiVersionsRequest{}).error_code, ErrorCode::none);
  }
  world.broker.world.run_for(base::milliseconds(601'000));
  client.expect_end();
}

TEST_F(ConnectionTest, ANewerClientIsToldTheVersions) {
  TestClient client(world);
  client.socket().send(raw_request(18, 99, std::string_view("\0", 1)));  // no tagged fields
  client.socket().on_data = nullptr;
  ASSERT_TRUE(world.broker.world.run_until([&] { return client.socket().received.size() > 20; }));
  bytes::Reader in(bytes::as_bytes(client.socket().received));
  in.skip(4);
  EXPECT_EQ(in.i32(), 1);
  EXPECT_EQ(in.i16(), static_cast<std::int16_t>(ErrorCode::unsupported_version)) << "in version 0";
}

TEST_F(ConnectionTest, EndsWithWhatItDoesNotServe) {
  for (const auto& bytes : {raw_request(4, 0), raw_request(1, 99), raw_request(3, 1, "\xff\xff"), raw_request(-5, 0)}) {
    TestClient client(world);
    client.socket().send(bytes);
    client.expect_end();
  }
  TestClient client(world);
  client.socket().send(std::string_view("\x7f\xff\xff\xff", 4));
  client.expect_end();
  TestClient http(world);
  http.socket().send("GET / HTTP/1.1\r\n\r\n");
  http.expect_end();
  EXPECT_TRUE(world.broker.world.run_until([&] { return world.connections() == 0; }));
}

TEST_F(ConnectionTest, EveryRequestRefusesABodyThatIsNone) {
  for (const Handler& handler : handlers()) {
    TestClient client(world);
    // A length that is beyond the end, wherever the first field has one.
    client.socket().send(raw_request(static_cast<std::int16_t>(handler.key), handler.max_version, "\x7f"));
    world.broker.world.run_for(base::Nanos(50'000'000));
  }
  TestClient next(world);
  EXPECT_EQ(next.ask<wire::ApiVersionsResponse>(0, wire::ApiVersionsRequest{}).error_code, ErrorCode::none);
}

TEST_F(ConnectionTest, AnswersInTheOrderOfRequests) {
  TestClient client(world);
  client.create_topic("t");
  wire::FetchRequest fetch;
  fetch.max_wait_ms = 500;
  fetch.min_bytes = 1;
  fetch.topics.emplace_back().topic = "t";
  fetch.topics[0].partitions.push_back(want(0, 0));
  client.send(12, fetch);
  client.send(2, wire::ApiVersionsRequest{});
  EXPECT_TRUE(client.silent(300)) << "the second answer waits for the first";
  client.expect<wire::FetchResponse>(12);
  client.expect<wire::ApiVersionsResponse>(2);
}

TEST_F(ConnectionTest, MetadataShowsCreatesAndHides) {
  TestClient client(world);
  client.create_topic("t", 3);
  world.broker.declare("queue");
  wire::MetadataRequest request;
  request.allow_auto_topic_creation = false;
  const auto all = client.ask<wire::MetadataResponse>(12, request);
  ASSERT_EQ(all.topics.size(), 0U) << "an empty list means none";
  request.topics.reset();
  const auto every = client.ask<wire::MetadataResponse>(12, request);
  EXPECT_EQ(every.topics.size(), 2U);
  EXPECT_EQ(every.brokers.at(0).node_id, every.controller_id);
  EXPECT_EQ(client.ask<wire::MetadataResponse>(0, wire::MetadataRequest{}).topics.size(), 2U);

  request.topics.emplace();
  request.topics->push_back({{}, wire::Text("t")});
  request.topics->push_back({{}, wire::Text("new")});
  request.topics->push_back({{}, wire::Text("bad name")});
  auto some = client.ask<wire::MetadataResponse>(9, request);
  EXPECT_EQ(some.topics.at(0).partitions.size(), 3U);
  EXPECT_EQ(some.topics.at(1).error_code, ErrorCode::unknown_topic_or_partition);
  EXPECT_EQ(some.topics.at(2).error_code, ErrorCode::invalid_topic_exception);
  request.allow_auto_topic_creation = true;
  some = client.ask<wire::MetadataResponse>(9, request);
  EXPECT_EQ(some.topics.at(1).error_code, ErrorCode::none);
  EXPECT_EQ(some.topics.at(1).partitions.size(), 1U);
  request.topics->clear();
  request.topics->push_back({every.topics[0].topic_id, std::nullopt});
  EXPECT_EQ(client.ask<wire::MetadataResponse>(13, request).topics.at(0).name, every.topics[0].name);
  request.topics->at(0).topic_id.value[1] ^= 0x55;
  EXPECT_EQ(client.ask<wire::MetadataResponse>(13, request).topics.at(0).error_code, ErrorCode::unknown_topic_id);

  wire::DeleteTopicsRequest drop;
  drop.topics.push_back({wire::Text("t"), {}});
  drop.topics.push_back({wire::Text("t"), {}});
  drop.topics.push_back({std::nullopt, request.topics->at(0).topic_id});
  const auto dropped = client.ask<wire::DeleteTopicsResponse>(6, drop);
  EXPECT_EQ(dropped.responses.at(0).error_code, ErrorCode::none);
  EXPECT_EQ(dropped.responses.at(2).error_code, ErrorCode::unknown_topic_id);
  drop.topics.clear();
  drop.topic_names = {"queue", "nowhere"};
  const auto older = client.ask<wire::DeleteTopicsResponse>(1, drop);
  EXPECT_EQ(older.responses.at(0).error_code, ErrorCode::none) << "a queue goes like a topic";
  EXPECT_EQ(older.responses.at(1).error_code, ErrorCode::unknown_topic_or_partition);
}

class SaslTest : public testing::Test {
 protected:
  using Answer = std::pair<ErrorCode, std::string>;
  /// What a client does in the SCRAM exchange; the error it ends with. `ask` sends a message and returns the answer.
  static ErrorCode scram_with(const std::function<Answer(const std::string&)>& ask, auth::Digest digest,
                              const std::string& user, std::string_view password) {
    const std::string bare = "n=" + user + ",r=abc";
    const auto [refused, challenge] = ask("n,," + bare);
    if (refused != ErrorCode::none) return refused;
    const std::size_t salt_at = challenge.find(",s=") + 3;
    const std::size_t count_at = challenge.find(",i=") + 3;
    bytes::ByteVector salt;
    EXPECT_TRUE(auth::from_base64(challenge.substr(salt_at, count_at - 3 - salt_at), salt));
    const auto rounds = static_cast<std::uint32_t>(std::stoul(challenge.substr(count_at)));
    const auto salted = auth::pbkdf2(digest, password, salt, rounds);
    const std::string without = "c=biws,r=" + challenge.substr(2, salt_at - 5);
    std::string exchanged = bare;
    exchanged.append(",").append(challenge).append(",").append(without);
    bytes::ByteVector key = auth::hmac(digest, salted, bytes::as_bytes("Client Key"));
    const auto signature = auth::hmac(digest, auth::hash(digest, key), bytes::as_bytes(exchanged));
    for (std::size_t i = 0; i < key.size(); ++i) key[i] ^= signature[i];
    const auto [error, proof] = ask(without + ",p=" + auth::to_base64(key));
    if (error != ErrorCode::none) return error;
    const auto server_key = auth::hmac(digest, salted, bytes::as_bytes("Server Key"));
    EXPECT_EQ(proof, "v=" + auth::to_base64(auth::hmac(digest, server_key, bytes::as_bytes(exchanged))));
    return error;
  }
  static std::string name_of(auth::Digest digest) {
    return digest == auth::Digest::sha256 ? "SCRAM-SHA-256" : "SCRAM-SHA-512";
  }
  ErrorCode scram(TestClient& client, auth::Digest digest, const std::string& user, std::string_view password) {
    wire::SaslHandshakeRequest handshake;
    const std::string mechanism = name_of(digest);
    handshake.mechanism = mechanism;
    EXPECT_EQ(client.ask<wire::SaslHandshakeResponse>(1, handshake).error_code, ErrorCode::none);
    const auto ask = [&](const std::string& message) {
      wire::SaslAuthenticateRequest request;
      request.auth_bytes = bytes::as_bytes(message);
      const auto response = client.ask<wire::SaslAuthenticateResponse>(2, request);
      return Answer{response.error_code, bytes::to_string(response.auth_bytes)};
    };
    return scram_with(ask, digest, user, password);
  }
  /// A client that has agreed on the mechanism with version 0, and from then on sees what comes as it is.
  void begin_bare(TestClient& client, const std::string& mechanism, std::string& seen) {
    wire::SaslHandshakeRequest handshake;
    handshake.mechanism = mechanism;
    EXPECT_EQ(client.ask<wire::SaslHandshakeResponse>(0, handshake).error_code, ErrorCode::none);
    client.socket().on_data = [&seen](bytes::ByteView data) { seen += bytes::as_text(data); };
  }
  /// Sends a message with nothing but its size; what comes back likewise, or an error when the connection ends.
  Answer ask_bare(TestClient& client, std::string& seen, const std::string& message) {
    bytes::ByteVector out;
    bytes::Writer writer(out);
    writer.u32(static_cast<std::uint32_t>(message.size()));
    writer.text(message);
    seen.clear();
    client.socket().send(out);
    const auto whole = [&] {
      bytes::Reader in(bytes::as_bytes(seen));
      const std::size_t size = in.u32();
      return in.ok() && seen.size() >= 4 + size;
    };
    world.broker.world.run_until([&] { return whole() || !client.socket().is_open(); });
    if (!whole()) return {ErrorCode::sasl_authentication_failed, ""};
    return {ErrorCode::none, seen.substr(4)};
  }
  /// Whether requests are served after a bare login.
  bool served_bare(TestClient& client, std::string& seen) {
    seen.clear();
    client.send(1, wire::MetadataRequest{});
    world.broker.world.run_until([&] { return seen.size() > 8 || !client.socket().is_open(); });
    return seen.size() > 8;
  }
  bool served(TestClient& client) {
    client.send(1, wire::MetadataRequest{});
    world.broker.world.run_until([&] { return client.waiting() > 0 || !client.socket().is_open(); });
    return client.waiting() > 0;
  }

  GatewayWorld world{52, sasl_only()};
};

TEST_F(SaslTest, NothingIsServedBefore) {
  TestClient client(world);
  client.send(1, wire::MetadataRequest{});
  client.expect_end();
  TestClient asking(world);
  EXPECT_EQ(asking.ask<wire::ApiVersionsResponse>(3, wire::ApiVersionsRequest{}).error_code, ErrorCode::none);
  wire::SaslAuthenticateRequest early;
  EXPECT_EQ(asking.ask<wire::SaslAuthenticateResponse>(2, early).error_code, ErrorCode::illegal_sasl_state);
  wire::SaslHandshakeRequest other;
  other.mechanism = "GSSAPI";
  const auto answer = asking.ask<wire::SaslHandshakeResponse>(1, other);
  EXPECT_EQ(answer.error_code, ErrorCode::unsupported_sasl_mechanism);
  EXPECT_EQ(answer.mechanisms.size(), 3U);
}

TEST_F(SaslTest, WhoDoesNotLogInIsClosed) {
  TestClient client(world);
  EXPECT_EQ(client.ask<wire::ApiVersionsResponse>(3, wire::ApiVersionsRequest{}).error_code, ErrorCode::none);
  client.expect_end();
}

TEST_F(SaslTest, BeforeALoginRequestsAreSmall) {
  TestClient client(world);
  bytes::ByteVector size;
  bytes::Writer(size).u32(600 << 10);
  client.socket().send(size);
  // At once, not when the time for a login is over.
  EXPECT_TRUE(world.broker.world.run_until([&] { return !client.socket().is_open(); }, base::milliseconds(5000)));
}

TEST_F(SaslTest, PlainLetsInWhoKnowsThePassword) {
  for (int i = 0; i < 2; ++i) {  // the second time it is remembered
    TestClient client(world);
    EXPECT_EQ(client.login("test", "secret"), ErrorCode::none);
    EXPECT_TRUE(served(client));
  }
  for (const auto& [user, password] : {std::pair("test", "Secret"), std::pair("nobody", "secret"), std::pair("", "")}) {
    TestClient client(world);
    EXPECT_EQ(client.login(user, password), ErrorCode::sasl_authentication_failed);
    client.expect_end();
  }
  world.put_user("test", "changed");
  TestClient client(world);
  EXPECT_EQ(client.login("test", "secret"), ErrorCode::sasl_authentication_failed) << "what was remembered is void";
  TestClient far(world, false);
  EXPECT_EQ(far.login("guest", "guest"), ErrorCode::sasl_authentication_failed) << "from this machine only";
}

// A login ends with its exchange: each further one begins with a handshake.
TEST_F(SaslTest, EveryLoginHasAHandshake) {
  const std::string text("\0test\0secret", 12);
  wire::SaslAuthenticateRequest again;
  again.auth_bytes = bytes::as_bytes(text);
  const auto answer = [&](TestClient& client) {
    return client.ask<wire::SaslAuthenticateResponse>(2, again).error_code;
  };
  TestClient plain(world);
  EXPECT_EQ(plain.login(), ErrorCode::none);
  EXPECT_EQ(answer(plain), ErrorCode::illegal_sasl_state);
  TestClient scrammed(world);
  EXPECT_EQ(scram(scrammed, auth::Digest::sha256, "test", "secret"), ErrorCode::none);
  EXPECT_EQ(answer(scrammed), ErrorCode::illegal_sasl_state);
  EXPECT_EQ(scram(scrammed, auth::Digest::sha512, "test", "secret"), ErrorCode::none);
  EXPECT_EQ(scrammed.login(), ErrorCode::none);
  wire::SaslHandshakeRequest unknown;
  unknown.mechanism = "GSSAPI";
  EXPECT_EQ(plain.ask<wire::SaslHandshakeResponse>(1, unknown).error_code, ErrorCode::unsupported_sasl_mechanism);
  EXPECT_EQ(answer(plain), ErrorCode::illegal_sasl_state);
  EXPECT_TRUE(served(plain)) << "as the user that it was";
}

TEST_F(SaslTest, ScramLetsInWhoProvesThePassword) {
  for (const auth::Digest digest : {auth::Digest::sha256, auth::Digest::sha512}) {
    TestClient client(world);
    EXPECT_EQ(scram(client, digest, "test", "secret"), ErrorCode::none);
    EXPECT_TRUE(served(client));
    TestClient wrong(world);
    EXPECT_EQ(scram(wrong, digest, "test", "Secret"), ErrorCode::sasl_authentication_failed);
    wrong.expect_end();
    TestClient malformed(world);
    EXPECT_EQ(scram(malformed, digest, "a,b", "x"), ErrorCode::sasl_authentication_failed);
    malformed.expect_end();
  }
  TestClient unknown(world);
  EXPECT_EQ(scram(unknown, auth::Digest::sha256, "nobody", "secret"), ErrorCode::sasl_authentication_failed);
}

TEST_F(SaslTest, OldClientsLogInWithoutHeaders) {
  const auto plain = [](const std::string& user, const std::string& password) {
    std::string text(1, '\0');
    return text.append(user).append(1, '\0').append(password);
  };
  for (int i = 0; i < 2; ++i) {  // the second time the password is remembered
    TestClient client(world);
    std::string seen;
    begin_bare(client, "PLAIN", seen);
    EXPECT_EQ(ask_bare(client, seen, plain("test", "secret")), Answer(ErrorCode::none, ""));
    EXPECT_TRUE(served_bare(client, seen));
  }
  for (const std::string& message : {plain("test", "Secret"), plain("nobody", "secret"), std::string("no message")}) {
    TestClient client(world);
    std::string seen;
    begin_bare(client, "PLAIN", seen);
    EXPECT_EQ(ask_bare(client, seen, message).first, ErrorCode::sasl_authentication_failed);
    client.expect_end();
    EXPECT_TRUE(seen.empty()) << "a failure is the end, without a word";
  }
  for (const auth::Digest digest : {auth::Digest::sha256, auth::Digest::sha512}) {
    for (const std::string password : {"secret", "Secret"}) {
      TestClient client(world);
      std::string seen;
      begin_bare(client, name_of(digest), seen);
      const auto ask = [&](const std::string& message) { return ask_bare(client, seen, message); };
      const bool right = password == "secret";
      EXPECT_EQ(scram_with(ask, digest, "test", password),
                right ? ErrorCode::none : ErrorCode::sasl_authentication_failed);
      EXPECT_EQ(right && served_bare(client, seen), right);
      if (!right) client.expect_end();
    }
  }
  TestClient waiting(world);
  std::string seen;
  begin_bare(waiting, "PLAIN", seen);
  waiting.send(2, wire::SaslAuthenticateRequest{});
  waiting.expect_end();
  EXPECT_TRUE(seen.empty()) << "a request is no message of PLAIN";
  TestClient other(world);
  wire::SaslHandshakeRequest handshake;
  handshake.mechanism = "GSSAPI";
  EXPECT_EQ(other.ask<wire::SaslHandshakeResponse>(0, handshake).error_code, ErrorCode::unsupported_sasl_mechanism);
  EXPECT_EQ(other.login(), ErrorCode::none) << "it may choose again";
}

}  // namespace
}  // namespace millrace::gateway::kafka
