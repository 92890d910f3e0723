#include <gtest/gtest.h>

#include "auth/authorizer.h"
#include "auth/credential_cache.h"
#include "auth/password.h"
#include "auth/sasl.h"
#include "auth/scram.h"

namespace millrace::auth {
namespace {

using std::string_view_literals::operator""sv;

TEST(Password, OpensWithItselfOnly) {
  const std::string stored = hash_password("tiger", 10);
  EXPECT_TRUE(verify(stored, "tiger"));
  EXPECT_FALSE(verify(stored, "Tiger"));
  EXPECT_FALSE(verify(stored, ""));
  EXPECT_NE(hash_password("tiger", 10), stored) << "the salt is drawn anew";
}

TEST(Password, DamagedHashesOpenForNobody) {
  for (const char* stored :
       {"", "$", "tiger", "scram$", "scram$0$$", "scram$10$zz$zz$zz", "scram$-1$00$00$00", "scram$10$00$00$00",
        "scram$99999999999999999999$00$00$00", "rabbit-sha256$", "rabbit-sha256$AAAA", "rabbit-sha256$!"}) {
    EXPECT_FALSE(verify(stored, "tiger")) << stored;
    EXPECT_FALSE(verify(stored, "")) << stored;
  }
  EXPECT_FALSE(verify(unknown_user_hash(), ""));
}

std::string prove(Digest digest, std::string_view password, const std::string& bare, const std::string& challenge,
                  std::string& server_signature) {
  // What a client does, by the words of RFC 5802, section 3.
  const std::size_t salt_at = challenge.find(",s=") + 3;
  const std::size_t count_at = challenge.find(",i=") + 3;
  bytes::ByteVector salt;
  EXPECT_TRUE(from_base64(challenge.substr(salt_at, count_at - 3 - salt_at), salt));
  const auto salted =
      pbkdf2(digest, password, salt, static_cast<std::uint32_t>(std::stoul(challenge.substr(count_at))));
  const std::string without = "c=biws,r=" + challenge.substr(2, salt_at - 5);
  const std::string exchanged = bare + "," + challenge + "," + without;
  bytes::ByteVector key = hmac(digest, salted, bytes::as_bytes("Client Key"));
  const auto signature = hmac(digest, hash(digest, key), bytes::as_bytes(exchanged));
  for (std::size_t i = 0; i < key.size(); ++i) key[i] ^= signature[i];
  server_signature =
      to_base64(hmac(digest, hmac(digest, salted, bytes::as_bytes("Server Key")), bytes::as_bytes(exchanged)));
  return without + ",p=" + to_base64(key);
}

TEST(Scram, LetsInWhoProvesThePassword) {
  const std::string stored = hash_password("pencil", 7);
  const auto lookup = [&](const std::string& user) { return user == "us=er," ? std::optional(stored) : std::nullopt; };
  for (const Digest digest : {Digest::sha256, Digest::sha512}) {
    const auto attempt = [&](const std::string& user, std::string_view password) {
      ScramServer server(digest, "server", "secret", lookup);
      const std::string bare = "n=" + user + ",r=client";
      const auto challenge = server.first("n,," + bare);
      EXPECT_TRUE(challenge.has_value()) << challenge.error().detail;
      EXPECT_TRUE(challenge->starts_with("r=clientserver,s="));
      std::string signature;
      const auto answer = server.last(prove(digest, password, bare, *challenge, signature));
      if (!answer.has_value()) return false;
      EXPECT_EQ(*answer, "v=" + signature);
      EXPECT_EQ(server.user(), "us=er,");
      return true;
    };
    EXPECT_TRUE(attempt("us=3Der=2C", "pencil"));
    EXPECT_FALSE(attempt("us=3Der=2C", "Pencil"));
    ScramServer first(digest, "server", "secret", lookup);
    ScramServer again(digest, "server", "secret", lookup);
    EXPECT_EQ(*first.first("n,,n=nobody,r=x"), *again.first("n,,n=nobody,r=x")) << "the same salt each time";
    EXPECT_EQ(again.last("c=biws,r=xserver,p=" + to_base64(bytes::ByteVector(digest_size(digest)))).error().code,
              AuthErrc::refused);
  }
}

TEST(Scram, TheExampleOfTheStandardHolds) {
  // RFC 7677, section 3.
  const std::string bare = "n=user,r=rOprNGfwEbeRWgbNEkqO";
  const std::string challenge =
      "r=rOprNGfwEbeRWgbNEkqO%hvYDpWUa2RaTCAfuxFIlj)hNlF$k0,s=W22ZaJ0SNY7soEsUEjb6gQ==,i=4096";
  std::string signature;
  EXPECT_EQ(prove(Digest::sha256, "pencil", bare, challenge, signature),
            "c=biws,r=rOprNGfwEbeRWgbNEkqO%hvYDpWUa2RaTCAfuxFIlj)hNlF$k0,"
            "p=dHzbZapWIk4jUhN+Ute9ytag9zjfMHgsqmmiz7AndVQ=");
  EXPECT_EQ(signature, "6rriTRBi23WpRR/wtup+mMhUZUn/dB5nLTJRsjl95G4=");
}

TEST(Scram, RefusesWhatIsNoExchange) {
  const auto lookup = [](const std::string&) { return std::optional(hash_password("p", 1)); };
  for (const char* message :
       {"", "n,,", "n,,n=user", "n,,r=x,n=user", "p=tls,,n=user,r=x", "n,,n=us=er,r=x", "n,,n=,r=x",
        "n,,n=user,r=", "n,a=other,n=user,r=x", "n,,n=user,r=x,tokenauth=true", "n"}) {
    ScramServer server(Digest::sha256, "s", "secret", lookup);
    EXPECT_FALSE(server.first(message).has_value()) << message;
  }
  for (const char* message : {"", "c=biws,r=xs", "c=biws,r=other,p=AAAA", "c=AAAA,r=xs,p=AAAA", "c=biws,r=xs,p=!",
                              "c=biws,r=xs,p=AAAA", "r=xs,c=biws,p=AAAA"}) {
    ScramServer server(Digest::sha256, "s", "secret", lookup);
    ASSERT_TRUE(server.first("n,,n=user,r=x").has_value());
    EXPECT_FALSE(server.last(message).has_value()) << message;
  }
}

TEST(Password, TheFormOfRabbitMqIsKnown) {
  // 908D C60A and "test12", as its documentation has it.
  EXPECT_TRUE(verify("rabbit-sha256$kI3GCqW5JLMJa4iX1lo7X4D6XbYqlLgxIs30+P6tENUV2POR", "test12"));
  EXPECT_FALSE(verify("rabbit-sha256$kI3GCqW5JLMJa4iX1lo7X4D6XbYqlLgxIs30+P6tENUV2POR", "test13"));
}

TEST(Password, TheFormOfBeforeScramIsKnown) {
  const std::string old =
      "pbkdf2-sha256$1000$000102030405060708090a0b0c0d0e0f$"
      "4efb2bbb6d2eb58ea8deaed54417ae2fd87fd50a8a8568709363da60d4560606";
  EXPECT_TRUE(verify(old, "secret"));
  EXPECT_FALSE(verify(old, "secrets"));
  EXPECT_FALSE(verify(old.substr(0, old.size() - 2), "secret"));
  EXPECT_FALSE(verify(old + "$", "secret"));
  // It is the salted password that SCRAM derives its keys from.
  EXPECT_TRUE(scram_keys(old, Digest::sha256).has_value());
  EXPECT_FALSE(scram_keys(old, Digest::sha512).has_value());
}

TEST(Password, CredentialsForScramStandBesideAPassword) {
  const std::string salt = "0123456789";
  const auto salted = pbkdf2(Digest::sha256, "new", bytes::as_bytes(salt), 3);
  const ScramCredential own{Digest::sha256, scram_keys_of(Digest::sha256, 3, bytes::as_bytes(salt), salted)};
  for (const std::string& base :
       {hash_password("old", 1), std::string("rabbit-sha256$kI3GCqW5JLMJa4iX1lo7X4D6XbYqlLgxIs30"
                                             "+P6tENUV2POR")}) {
    const std::string password = base.starts_with("rabbit") ? "test12" : "old";
    const std::string both = store_scram({own}, base);
    EXPECT_EQ(base_of(both), base);
    EXPECT_EQ(base_of(base), base);
    EXPECT_TRUE(verify(both, password));
    EXPECT_FALSE(verify(both, "new"));
    EXPECT_EQ(scram_keys(both, Digest::sha256)->iterations, 3U);
    EXPECT_FALSE(scram_keys(both, Digest::sha512).has_value()) << "what is not there SCRAM cannot use";
    const std::string none = store_scram({}, base);
    EXPECT_TRUE(verify(none, password));
    EXPECT_TRUE(scram_credentials(none).empty());
  }
  EXPECT_EQ(base_of(store_scram({own})), "");
  EXPECT_TRUE(verify(store_scram({own}), "new"));
  EXPECT_FALSE(verify(store_scram({}), ""));
}

TEST(SaslPlain, SplitsNameAndPassword) {
  const auto plain = parse_plain(bytes::as_bytes("\0guest\0secret"sv));
  ASSERT_TRUE(plain.has_value());
  EXPECT_EQ(plain->user, "guest");
  EXPECT_EQ(plain->password, "secret");
  EXPECT_TRUE(parse_plain(bytes::as_bytes("guest\0guest\0secret"sv)).has_value());
}

TEST(SaslPlain, RefusesWhatIsNotThreeParts) {
  for (const std::string_view response : {""sv, "guest"sv, "\0guest"sv, "other\0guest\0secret"sv}) {
    EXPECT_FALSE(parse_plain(bytes::as_bytes(response)).has_value());
  }
}

TEST(CredentialCache, KnowsOneUserOneHashOnePassword) {
  CredentialCache cache;
  EXPECT_FALSE(cache.knows("ann", "hash", "secret"));
  cache.remember("ann", "hash", "secret");
  EXPECT_TRUE(cache.knows("ann", "hash", "secret"));
  EXPECT_FALSE(cache.knows("ann", "hash", "Secret"));
  EXPECT_FALSE(cache.knows("ann", "other hash", "secret")) << "the password was changed";
  EXPECT_FALSE(cache.knows("annh", "ash", "secret")) << "parts must not run into each other";
}

TEST(CredentialCache, ForgetsTheOldest) {
  CredentialCache cache;
  for (std::size_t i = 0; i < CredentialCache::kMaxEntries + 10; ++i) cache.remember(std::to_string(i), "h", "p");
  EXPECT_FALSE(cache.knows("0", "h", "p"));
  EXPECT_TRUE(cache.knows(std::to_string(CredentialCache::kMaxEntries + 9), "h", "p"));
}

class Permissions : public ::testing::Test {
 protected:
  Permissions() {
    state_.apply(catalog::CreateVirtualHost{{kVhost, "/", {}}});
    state_.apply(catalog::PutUser{{.name = "ann", .password_hash = "h", .tags = {}}});
  }
  void permit(const std::string& configure, const std::string& write, const std::string& read) {
    const catalog::Command put =
        catalog::PutPermission{{.user = "ann", .vhost = kVhost, .configure = configure, .write = write, .read = read}};
    state_.apply(put);
    authorizer_.changed({put});
  }
  bool may(Operation operation, std::string_view resource) { return may("ann", operation, resource); }
  bool may(const std::string& user, Operation operation, std::string_view resource,
           RuleResource kind = RuleResource::name, std::string_view host = "10.0.0.1") {
    return authorizer_.allowed(
        {.user = user, .host = host, .vhost = kVhost, .operation = operation, .kind = kind, .name = resource});
  }
  void apply(const catalog::Command& command) {
    ASSERT_TRUE(state_.validate(command).has_value());
    state_.apply(command);
    authorizer_.changed({command});
  }
  void rule(catalog::RuleAction action, bool allow, const std::string& name, const std::string& user = "ann",
            bool prefix = false, RuleResource resource = RuleResource::name, const std::string& host = "*") {
    apply(catalog::PutAccessRule{{.vhost = kVhost,
                                  .resource = resource,
                                  .name = name,
                                  .prefix = prefix,
                                  .user = user,
                                  .host = host,
                                  .action = action,
                                  .allow = allow}});
  }

  static constexpr model::ObjectId kVhost{1};
  catalog::State state_;
  Authorizer authorizer_{state_};
};

TEST_F(Permissions, WithoutOneNothingIsAllowed) {
  EXPECT_FALSE(authorizer_.may_enter("ann", kVhost));
  EXPECT_FALSE(may(Operation::read, "q"));
  EXPECT_FALSE(may("nobody", Operation::read, "q"));
}

TEST_F(Permissions, PatternsStandForTheFinerOperationsToo) {
  permit("^own", "^in", "^out");
  for (const Operation one : {Operation::create, Operation::erase, Operation::alter, Operation::alter_configs}) {
    EXPECT_TRUE(may(one, "own"));
    EXPECT_FALSE(may(one, "in"));
  }
  for (const char* name : {"own", "in", "out"}) EXPECT_TRUE(may(Operation::describe, name));
  EXPECT_FALSE(may(Operation::describe, "other"));
  EXPECT_TRUE(may(Operation::describe_configs, "own"));
  EXPECT_FALSE(may(Operation::describe_configs, "in"));
  EXPECT_TRUE(may("ann", Operation::read, "out", RuleResource::group));
  EXPECT_FALSE(may("ann", Operation::alter, "kafka-cluster", RuleResource::cluster));
  apply(catalog::PutUser{{.name = "ann", .password_hash = "h", .tags = {"administrator"}}});
  EXPECT_TRUE(may("ann", Operation::alter, "kafka-cluster", RuleResource::cluster));
}

TEST_F(Permissions, RulesAddAndDenialsWin) {
  using catalog::RuleAction;
  rule(RuleAction::read, true, "t");
  EXPECT_TRUE(authorizer_.may_enter("ann", kVhost));
  EXPECT_TRUE(may(Operation::read, "t"));
  EXPECT_TRUE(may(Operation::describe, "t")) << "implied";
  EXPECT_FALSE(may(Operation::write, "t"));
  EXPECT_FALSE(may(Operation::read, "t2"));
  EXPECT_FALSE(may("ann", Operation::read, "t", RuleResource::group));
  EXPECT_FALSE(may("bob", Operation::read, "t"));

  rule(RuleAction::write, true, "t", "*", true);
  EXPECT_TRUE(may("bob", Operation::write, "t2"));
  rule(RuleAction::write, false, "t2", "bob", false, RuleResource::name, "10.0.0.1");
  EXPECT_FALSE(may("bob", Operation::write, "t2"));
  EXPECT_TRUE(may("bob", Operation::write, "t2", RuleResource::name, "10.0.0.2"));
  EXPECT_TRUE(may("bob", Operation::describe, "t2")) << "only writing was denied";

  permit(".*", ".*", ".*");
  EXPECT_TRUE(may(Operation::configure, "x"));
  rule(RuleAction::erase, false, "*");
  EXPECT_FALSE(may(Operation::erase, "x"));
  EXPECT_FALSE(may(Operation::configure, "x")) << "it is to create, alter and erase";
  EXPECT_TRUE(may(Operation::create, "x"));
  rule(RuleAction::all, false, "x");
  EXPECT_FALSE(may(Operation::read, "x"));
  apply(catalog::DeleteUser{"ann"});
  EXPECT_EQ(state_.access_rules().size(), 2U) << "what was for her went with her";
}

TEST(Peers, HaveAHost) {
  EXPECT_EQ(host_of_peer("127.0.0.1:53412"), "127.0.0.1");
  EXPECT_EQ(host_of_peer("[::1]:53412"), "::1");
}

TEST_F(Permissions, EachOperationHasItsPattern) {
  permit("^own-", "^(own|shared)-", ".*");
  EXPECT_TRUE(authorizer_.may_enter("ann", kVhost));
  EXPECT_TRUE(may(Operation::configure, "own-q"));
  EXPECT_FALSE(may(Operation::configure, "shared-q"));
  EXPECT_TRUE(may(Operation::write, "shared-q"));
  EXPECT_FALSE(may(Operation::write, "x-own-q"));
  EXPECT_TRUE(may(Operation::read, "anything"));
}

TEST_F(Permissions, TheEmptyPatternAllowsTheEmptyNameOnly) {
  permit("", "", "");
  EXPECT_FALSE(may(Operation::write, "q"));
  EXPECT_TRUE(may(Operation::write, ""));
}

TEST_F(Permissions, AChangeCountsAtOnce) {
  permit(".*", ".*", ".*");
  EXPECT_TRUE(may(Operation::read, "q"));
  permit(".*", ".*", "^other$");
  EXPECT_FALSE(may(Operation::read, "q"));
}

TEST_F(Permissions, PatternsAreCheckedAndMatchedInLinearTime) {
  EXPECT_TRUE(Authorizer::check_pattern("^amq\\.").has_value());
  EXPECT_EQ(Authorizer::check_pattern("(").error().code, AuthErrc::bad_pattern);
  EXPECT_FALSE(Authorizer::check_pattern("(a{1000}){1000}").has_value());
  permit("^(a+)+$", "", "");
  EXPECT_FALSE(may(Operation::configure, std::string(250, 'a') + "b"));
}

TEST_F(Permissions, TopicPatternsKnowTheUserAndTheVirtualHost) {
  const catalog::TopicPermission permission{
      .user = "ann", .vhost = kVhost, .exchange = "x", .write = "^{username}[.]", .read = "{vhost}:{username}$"};
  EXPECT_TRUE(authorizer_.allowed_topic(permission, Operation::write, "ann.says"));
  EXPECT_FALSE(authorizer_.allowed_topic(permission, Operation::write, "bob.says"));
  EXPECT_TRUE(authorizer_.allowed_topic(permission, Operation::read, "to /:ann"));
  EXPECT_FALSE(authorizer_.allowed_topic(permission, Operation::read, "to /:ann too"));
  const catalog::TopicPermission empty{.user = "ann", .vhost = kVhost, .exchange = "x", .write = "", .read = ""};
  EXPECT_FALSE(authorizer_.allowed_topic(empty, Operation::write, "key"));
  EXPECT_TRUE(authorizer_.allowed_topic(empty, Operation::write, ""));
}

TEST_F(Permissions, LoopbackUsersComeFromThisMachineOnly) {
  authorizer_.set_loopback_users({"guest"});
  EXPECT_TRUE(authorizer_.may_connect("guest", true));
  EXPECT_FALSE(authorizer_.may_connect("guest", false));
  EXPECT_TRUE(authorizer_.may_connect("ann", false));
}

}  // namespace
}  // namespace millrace::auth
