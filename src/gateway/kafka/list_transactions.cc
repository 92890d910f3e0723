#include <re2/re2.h>

#include <algorithm>

#include "gateway/kafka/connection.h"
#include "gateway/kafka/handlers.h"
#include "gateway/kafka/topics.h"
#include "gateway/kafka/transactions.h"
#include "wire/kafka/generated/list_transactions_request.h"
#include "wire/kafka/generated/list_transactions_response.h"

namespace millrace::gateway::kafka {

namespace {

using KeptListTransactions = std::shared_ptr<KeptRequest<wire::ListTransactionsRequest>>;

/// What a client's pattern may take when it is compiled.
constexpr std::int64_t kMaxPatternMemory = std::int64_t{1} << 20;

bool is_phase(std::string_view name) {
  // The last two are states that transactions are never in here.
  constexpr std::string_view kPhases[] = {"Empty",          "Ongoing",       "PrepareCommit", "PrepareAbort",
                                          "CompleteCommit", "CompleteAbort", "Dead",          "PrepareEpochFence"};
  return std::ranges::find(kPhases, name) != std::end(kPhases);
}

template <class List, class Value>
bool wanted_by(const List& list, const Value& value) {
  return list.empty() || std::ranges::find(list, value) != list.end();
}

bool fits(Connection& connection, const wire::ListTransactionsRequest& message, const RE2& pattern,
          const broker::TransactionSummary& one) {
  if (!wanted_by(message.state_filters, wire::Text(name_of(one.phase)))) return false;
  if (!wanted_by(message.producer_id_filters, one.producer_id)) return false;
  if (message.duration_filter >= 0) {
    const std::int64_t now = connection.shard().loop().clock().wall().value;
    if (one.started_at.value < 0 || now - one.started_at.value <= message.duration_filter) return false;
  }
  if (!pattern.pattern().empty() && !RE2::FullMatch(one.name, pattern)) return false;
  return may_with_transaction(connection, auth::Operation::describe, one.name);
}

void tell_transactions(const KeptListTransactions& kept, const RE2& pattern,
                       const std::vector<broker::TransactionSummary>& all) {
  const auto connection = kept->reply.connection();
  if (connection == nullptr) return;
  const auto& message = kept->message;
  wire::ListTransactionsResponse response;
  for (const wire::Text& filter : message.state_filters) {
    if (!is_phase(filter)) response.unknown_state_filters.push_back(filter);
  }
  for (const broker::TransactionSummary& one : all) {
    if (!fits(*connection, message, pattern, one)) continue;
    response.transaction_states.push_back({.transactional_id = wire::Text(one.name),
                                           .producer_id = one.producer_id,
                                           .transaction_state = wire::Text(name_of(one.phase))});
  }
  kept->reply.send(response);
}

}  // namespace

void handle_list_transactions(Connection& connection, const Request& request) {
  auto kept = KeptRequest<wire::ListTransactionsRequest>::read(request);
  if (kept == nullptr) return;
  RE2::Options options;
  options.set_log_errors(false);
  options.set_max_mem(kMaxPatternMemory);
  const std::string_view text = kept->message.transactional_id_pattern.value_or(wire::Text());
  auto pattern = std::make_shared<RE2>(re2::StringPiece(text.data(), text.size()), options);
  if (!pattern->ok()) {
    wire::ListTransactionsResponse response;
    response.error_code = wire::ErrorCode::invalid_regular_expression;
    return kept->reply.send(response);
  }
  connection.shard().coordinators().list(
      Topics(connection).vhost(),
      [kept, pattern](const std::vector<broker::TransactionSummary>& all) { tell_transactions(kept, *pattern, all); });
}

}  // namespace millrace::gateway::kafka
