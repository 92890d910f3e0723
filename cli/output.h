#pragma once

#include <CLI/CLI.hpp>
#include <boost/json.hpp>
#include <functional>
#include <memory>
#include <string>
#include <vector>

#include "admin.h"

namespace millrace::cli {

/// Rows under a header, as wide as they need to be; columns of numbers are aligned to the right.
class Table {
 public:
  explicit Table(std::vector<std::string> header) : rows_{std::move(header)} {}
  void add(std::vector<std::string> row) { rows_.push_back(std::move(row)); }
  bool empty() const { return rows_.size() == 1; }
  /// Each line with so many spaces in front.
  std::string text(std::size_t indentation = 0) const;

 private:
  std::vector<std::string> rows_at(std::size_t column) const;
  std::vector<std::vector<std::string>> rows_;
};

/// What a command prints, and what did not work.
struct Outcome {
  std::string text;
  std::vector<Error> errors;

  Outcome() = default;
  Outcome(std::string printed) : text(std::move(printed)) {}
  Outcome(Error error) : errors{std::move(error)} {}
};

/// What the command line has chosen; `json` says in which form to print.
using Command = std::function<Outcome(Admin& admin, bool json)>;

/// Does the same to each name, also when it fails for one; prints "`kind` 'NAME': `done`" for each that worked.
Outcome for_each_name(const std::vector<std::string>& names, const std::string& kind, const std::string& done,
                      bool json, const std::function<Result<void>(const std::string&)>& act);

/// Looks at each name and prints `text_of` or `json_of` what was seen, also when it fails for one.
template <class Look, class TextOf, class JsonOf>
Outcome describe_each(const std::vector<std::string>& names, bool json, const Look& look, const TextOf& text_of,
                      const JsonOf& json_of) {
  Outcome outcome;
  boost::json::array all;
  for (const std::string& name : names) {
    const auto seen = look(name);
    if (!seen.has_value()) {
      outcome.errors.push_back(seen.error());
    } else if (json) {
      all.push_back(json_of(*seen));
    } else {
      outcome.text += text_of(*seen);
    }
  }
  if (json) outcome.text = boost::json::serialize(all) + "\n";
  return outcome;
}

/// When this subcommand is given, `body` is what to do, with what its options have put into `arguments`.
template <class Arguments>
void bind_command(CLI::App* to, Command& chosen, const std::shared_ptr<Arguments>& arguments,
                  Outcome (*body)(Admin&, bool, const Arguments&)) {
  to->callback([&chosen, arguments, body] {
    chosen = [arguments, body](Admin& admin, bool json) { return body(admin, json, *arguments); };
  });
}

}  // namespace millrace::cli
