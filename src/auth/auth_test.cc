#include <gtest/gtest.h>

#include "auth/authorizer.h"
#include "auth/credential_cache.h"
#include "auth/password.h"
#include "auth/sasl.h"

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
       {"", "$", "tiger", "pbkdf2-sha256$", "pbkdf2-sha256$0$$", "pbkdf2-sha256$10$zz$zz", "pbkdf2-sha256$-1$00$00",
        "pbkdf2-sha256$99999999999999999999$00$00", "rabbit-sha256$", "rabbit-sha256$AAAA", "rabbit-sha256$!"}) {
    EXPECT_FALSE(verify(stored, "tiger")) << stored;
    EXPECT_FALSE(verify(stored, "")) << stored;
  }
  EXPECT_FALSE(verify(unknown_user_hash(), ""));
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
    state_.apply(catalog::CreateVirtualHost{{kVhost, "/"}});
    state_.apply(catalog::PutUser{{.name = "ann", .password_hash = "h", .tags = {}}});
  }
  void permit(const std::string& configure, const std::string& write, const std::string& read) {
    const catalog::Command put =
        catalog::PutPermission{{.user = "ann", .vhost = kVhost, .configure = configure, .write = write, .read = read}};
    state_.apply(put);
    authorizer_.changed({put});
  }
  bool may(Operation operation, std::string_view resource) {
    return authorizer_.allowed("ann", kVhost, operation, resource);
  }

  static constexpr model::ObjectId kVhost{1};
  catalog::State state_;
  Authorizer authorizer_{state_};
};

TEST_F(Permissions, WithoutOneNothingIsAllowed) {
  EXPECT_FALSE(authorizer_.may_enter("ann", kVhost));
  EXPECT_FALSE(may(Operation::read, "q"));
  EXPECT_FALSE(authorizer_.allowed("nobody", kVhost, Operation::read, "q"));
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
