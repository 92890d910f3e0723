// The pages that list settings and metrics must list all of them, and no others.

#include <gtest/gtest.h>

#include <fstream>
#include <map>
#include <regex>
#include <set>
#include <sstream>

#include "server/config.h"

namespace millrace::server {
namespace {

std::string read(const std::string& path) {
  std::ifstream in(MILLRACE_SOURCE_DIR "/" + path);
  EXPECT_TRUE(in.good()) << path;
  std::ostringstream out;
  out << in.rdbuf();
  return out.str();
}

/// The cells of "| `a` | b |", without spaces and backticks around them.
std::vector<std::string> cells_of(const std::string& line) {
  std::vector<std::string> cells;
  std::istringstream in(line.substr(1));
  for (std::string cell; std::getline(in, cell, '|');) {
    const std::size_t first = cell.find_first_not_of(" `");
    const std::size_t last = cell.find_last_not_of(" `");
    cells.push_back(first == std::string::npos ? "" : cell.substr(first, last - first + 1));
  }
  return cells;
}

TEST(Docs, ConfigurationPageHasEverySetting) {
  // | `key` | `ENVIRONMENT` | `--flag` | default | ...
  std::map<std::string, std::vector<std::string>> rows;
  std::istringstream page(read("docs/configuration.md"));
  for (std::string line; std::getline(page, line);) {
    if (!line.starts_with("| `")) continue;
    const std::vector<std::string> cells = cells_of(line);
    ASSERT_GE(cells.size(), 6U) << line;
    EXPECT_TRUE(rows.emplace(cells[0], cells).second) << cells[0] << " is there twice";
  }
  const Config defaults;
  for (const Setting& setting : settings()) {
    const auto row = rows.find(setting.key);
    ASSERT_NE(row, rows.end()) << setting.key << " is missing in docs/configuration.md";
    const std::vector<std::string>& cells = row->second;
    EXPECT_EQ(cells[1], environment_name(setting));
    EXPECT_EQ(cells[2], flag_name(setting));
    Config config;
    const auto set = setting.set(config, cells[3] == "(empty)" ? "" : cells[3]);
    ASSERT_TRUE(set.has_value()) << set.error().detail;
    EXPECT_EQ(setting.show(config), setting.show(defaults)) << "the default of " << setting.key;
    rows.erase(row);
  }
  EXPECT_TRUE(rows.empty()) << rows.begin()->first << " is not a setting";
}

std::set<std::string> metrics_in(const std::string& text, const std::regex& pattern) {
  std::set<std::string> names;
  for (std::sregex_iterator at(text.begin(), text.end(), pattern), end; at != end; ++at) names.insert((*at)[1]);
  return names;
}

TEST(Docs, OperationsPageHasEveryMetric) {
  const auto made = metrics_in(read("src/admin/metrics_page.cc"), std::regex("\"((millrace|process)_[a-z_]+)\""));
  const auto listed = metrics_in(read("docs/operations.md"), std::regex("`((millrace|process)_[a-z_]+)`"));
  EXPECT_GT(made.size(), 30U);
  EXPECT_EQ(made, listed);
}

}  // namespace
}  // namespace millrace::server
