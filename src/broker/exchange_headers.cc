#include <algorithm>
#include <string>
#include <unordered_map>

#include "base/text_hash.h"
#include "broker/exchange_types.h"

namespace millrace::broker {

namespace {

/// Bindings ask for headers and their values.
///
/// Each binding that asks for any of its terms is listed under all of them; one that asks for all is listed under one,
/// the rarest when it was added, and the others are looked at when that one is met. So a message costs a look-up per
/// header and what those lists hold, not a look at every binding.
class HeadersRoutes final : public ExchangeRoutes {
 public:
  bool repeatable() const override { return false; }
  bool by_key() const override { return false; }
  void add(const catalog::Binding& binding) override;
  void remove(const catalog::Binding& binding) override;
  void match(MatchInput& input, std::vector<Destination>& out) override;

 private:
  struct Rule {
    Destination destination{};
    model::HeaderMatch match;
    std::size_t listed_under = 0;  // term; of those that ask for all
  };
  using List = std::vector<const Rule*>;
  using Lists = std::unordered_map<std::string, List, base::TextHash, std::equal_to<>>;

  static std::string identity(const catalog::Binding& binding);
  /// The key of a term's list: presence and value conditions of one name are apart.
  static void list_key(std::string& key, std::string_view name, const bytes::ByteView* value);
  static std::string key_of(const model::HeaderTerm& term);
  static bool fits(const model::HeaderTerm& term, const model::HeaderList& headers);
  static bool fits_all(const Rule& rule, const model::HeaderList& headers);
  void unlist(const std::string& key, const Rule* rule);
  void collect(const std::string& key, const model::HeaderList& headers, std::vector<Destination>& out) const;

  std::unordered_map<std::string, std::unique_ptr<Rule>> rules_;
  Lists lists_;
  List always_;
  std::size_t presence_terms_ = 0;
  std::string key_;  // reused
};

std::string HeadersRoutes::identity(const catalog::Binding& binding) {
  std::string text(reinterpret_cast<const char*>(&binding.destination.id.value), sizeof(binding.destination.id.value));
  text += static_cast<char>(binding.destination.kind);
  text += static_cast<char>(binding.routing_key.size());
  text += binding.routing_key;
  text.append(binding.native_arguments.begin(), binding.native_arguments.end());
  return text;
}

void HeadersRoutes::list_key(std::string& key, std::string_view name, const bytes::ByteView* value) {
  key.assign(1, value == nullptr ? 'p' : 'v');
  key += static_cast<char>(name.size());
  key += name;
  if (value != nullptr) key += bytes::as_text(*value);
}

std::string HeadersRoutes::key_of(const model::HeaderTerm& term) {
  std::string key;
  const bytes::ByteView value = term.value;
  list_key(key, term.name, term.present ? nullptr : &value);
  return key;
}

void HeadersRoutes::add(const catalog::Binding& binding) {
  auto owned = std::make_unique<Rule>(Rule{destination_of(binding), binding.match, 0});
  Rule* rule = owned.get();
  if (!rules_.emplace(identity(binding), std::move(owned)).second) return;
  const auto& terms = rule->match.terms;
  if (terms.empty()) {
    if (!rule->match.any) always_.push_back(rule);
    return;
  }
  std::size_t rarest = SIZE_MAX;
  for (std::size_t i = 0; i < terms.size(); ++i) {
    if (terms[i].present) ++presence_terms_;
    const std::string key = key_of(terms[i]);
    if (rule->match.any) {
      lists_[key].push_back(rule);
      continue;
    }
    const auto it = lists_.find(key);
    const std::size_t size = it == lists_.end() ? 0 : it->second.size();
    if (size >= rarest) continue;
    rarest = size;
    rule->listed_under = i;
  }
  if (!rule->match.any) lists_[key_of(terms[rule->listed_under])].push_back(rule);
}

void HeadersRoutes::unlist(const std::string& key, const Rule* rule) {
  const auto it = lists_.find(key);
  if (it == lists_.end()) return;
  std::erase(it->second, rule);
  if (it->second.empty()) lists_.erase(it);
}

void HeadersRoutes::remove(const catalog::Binding& binding) {
  const auto it = rules_.find(identity(binding));
  if (it == rules_.end()) return;
  const Rule* rule = it->second.get();
  const auto& terms = rule->match.terms;
  presence_terms_ -= static_cast<std::size_t>(std::ranges::count_if(terms, &model::HeaderTerm::present));
  if (terms.empty()) {
    std::erase(always_, rule);
  } else if (rule->match.any) {
    for (const model::HeaderTerm& term : terms) unlist(key_of(term), rule);
  } else {
    unlist(key_of(terms[rule->listed_under]), rule);
  }
  rules_.erase(it);
}

bool HeadersRoutes::fits(const model::HeaderTerm& term, const model::HeaderList& headers) {
  bytes::ByteView value;
  return headers.find(term.name, value) && (term.present || bytes::equal(value, term.value));
}

bool HeadersRoutes::fits_all(const Rule& rule, const model::HeaderList& headers) {
  const auto& terms = rule.match.terms;
  for (std::size_t i = 0; i < terms.size(); ++i) {
    if (i != rule.listed_under && !fits(terms[i], headers)) return false;
  }
  return true;
}

void HeadersRoutes::collect(const std::string& key, const model::HeaderList& headers,
                            std::vector<Destination>& out) const {
  const auto it = lists_.find(key);
  if (it == lists_.end()) return;
  for (const Rule* rule : it->second) {
    if (rule->match.any || fits_all(*rule, headers)) out.push_back(rule->destination);
  }
}

void HeadersRoutes::match(MatchInput& input, std::vector<Destination>& out) {
  for (const Rule* rule : always_) out.push_back(rule->destination);
  if (lists_.empty()) return;
  const model::HeaderList& headers = input.headers();
  for (std::size_t i = 0; i < headers.size(); ++i) {
    const model::HeaderList::Header header = headers[i];
    list_key(key_, header.name, &header.value);
    collect(key_, headers, out);
    if (presence_terms_ == 0) continue;
    list_key(key_, header.name, nullptr);
    collect(key_, headers, out);
  }
}

}  // namespace

std::unique_ptr<ExchangeRoutes> make_headers_routes() {
  return std::make_unique<HeadersRoutes>();
}

}  // namespace millrace::broker
