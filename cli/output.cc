#include "output.h"

#include <fmt/format.h>

#include <algorithm>
#include <boost/json.hpp>

namespace millrace::cli {

namespace {

bool is_number(const std::string& text) {
  return text == "-" || (!text.empty() && text.find_first_not_of("0123456789-") == std::string::npos);
}

/// Characters, not bytes.
std::size_t width_of(const std::string& text) {
  return static_cast<std::size_t>(
      std::count_if(text.begin(), text.end(), [](char c) { return (static_cast<unsigned char>(c) & 0xC0) != 0x80; }));
}

}  // namespace

std::vector<std::string> Table::rows_at(std::size_t column) const {
  std::vector<std::string> cells;
  cells.reserve(rows_.size());
  for (const auto& row : rows_) cells.push_back(row[column]);
  return cells;
}

std::string Table::text(std::size_t indentation) const {
  std::vector<std::string> lines(rows_.size(), std::string(indentation, ' '));
  const std::size_t columns = rows_.front().size();
  for (std::size_t column = 0; column < columns; ++column) {
    const std::vector<std::string> cells = rows_at(column);
    const bool numbers = cells.size() > 1 && std::all_of(cells.begin() + 1, cells.end(), is_number);
    std::size_t width = 0;
    for (const std::string& cell : cells) width = std::max(width, width_of(cell));
    for (std::size_t i = 0; i < cells.size(); ++i) {
      const std::string padding(width - width_of(cells[i]), ' ');
      lines[i] += numbers ? padding + cells[i] : cells[i] + padding;
      if (column + 1 < columns) lines[i] += "  ";
    }
  }
  std::string text;
  for (std::string& line : lines) {
    line.erase(line.find_last_not_of(' ') + 1);
    text += line + "\n";
  }
  return text;
}

Outcome for_each_name(const std::vector<std::string>& names, const std::string& kind, const std::string& done,
                      bool json, const std::function<Result<void>(const std::string&)>& act) {
  Outcome outcome;
  boost::json::array all;
  for (const std::string& name : names) {
    const Result<void> result = act(name);
    boost::json::object one{{kind, name}, {done, result.has_value()}};
    if (!result.has_value()) {
      one["error"] = result.error().what;
      outcome.errors.push_back(result.error());
    } else if (!json) {
      outcome.text += fmt::format("{} '{}': {}\n", kind, name, done);
    }
    all.push_back(std::move(one));
  }
  if (json) outcome.text = boost::json::serialize(all) + "\n";
  return outcome;
}

}  // namespace millrace::cli
