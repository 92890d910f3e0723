#include "broker/catalog_host.h"

#include <fmt/core.h>

#include "auth/authorizer.h"
#include "broker/auto_delete.h"
#include "broker/shard.h"

namespace millrace::broker {

BrokerError to_broker(const catalog::CatalogError& error) {
  using catalog::CatalogErrc;
  const auto code = [&] {
    switch (error.code) {
      case CatalogErrc::not_found:
        return BrokerErrc::not_found;
      case CatalogErrc::already_exists:
        return BrokerErrc::already_exists;
      case CatalogErrc::conflict:
        return BrokerErrc::in_use;
      case CatalogErrc::invalid:
        return BrokerErrc::invalid;
      case CatalogErrc::reserved_name:
        return BrokerErrc::refused;
      case CatalogErrc::too_large:
        return BrokerErrc::too_large;
      case CatalogErrc::too_many:
        return BrokerErrc::too_many;
      case CatalogErrc::damaged:
        return BrokerErrc::damaged;
      default:
        return BrokerErrc::storage;
    }
  };
  return {code(), error.detail};
}

CatalogHost::CatalogHost(Shard& shard, catalog::CatalogStore& writer) : shard_(shard), writer_(writer) {
  writer_.on_change([this](catalog::Revision revision, const std::vector<catalog::Command>& commands) {
    auto shared = std::make_shared<const std::vector<catalog::Command>>(commands);
    shard_.mailbox().send_all([shared](Shard& there) { there.apply_catalog(*shared); },
                              [this, revision] { applied(revision); });
  });
}

namespace {

/// The catalog stores patterns; what a pattern is, auth knows.
Result<void> check_patterns(const catalog::Transaction& transaction) {
  for (const catalog::Command& command : transaction.commands) {
    std::vector<const std::string*> patterns;
    if (const auto* put = std::get_if<catalog::PutPermission>(&command)) {
      patterns = {&put->permission.configure, &put->permission.write, &put->permission.read};
    } else if (const auto* topic = std::get_if<catalog::PutTopicPermission>(&command)) {
      patterns = {&topic->permission.write, &topic->permission.read};
    } else if (const auto* policy = std::get_if<catalog::PutPolicy>(&command)) {
      patterns = {&policy->policy.pattern};
    }
    for (const std::string* pattern : patterns) {
      if (const auto valid = auth::Authorizer::check_pattern(*pattern); !valid.has_value()) {
        return base::fail(BrokerErrc::invalid, fmt::format("pattern '{}': {}", *pattern, valid.error().detail));
      }
    }
  }
  return {};
}

}  // namespace

void CatalogHost::execute(catalog::Transaction transaction, Done done) {
  if (auto valid = check_patterns(transaction); !valid.has_value()) return done(std::move(valid));
  add_auto_deletes(writer_.state(), transaction);
  writer_.execute(std::move(transaction),
                  [this, done = std::move(done)](catalog::Result<catalog::Revision> result) mutable {
                    if (!result.has_value()) return done(std::unexpected(to_broker(result.error())));
                    if (*result <= applied_) return done({});
                    waiting_.push_back({*result, std::move(done)});
                  });
}

void CatalogHost::applied(catalog::Revision revision) {
  applied_ = revision;
  while (!waiting_.empty() && waiting_.front().revision <= applied_) {
    Done done = std::move(waiting_.front().done);
    waiting_.pop_front();
    done({});
  }
}

}  // namespace millrace::broker
