#pragma once

#include <functional>
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

}  // namespace millrace::cli
