#include "server/check.h"

#include <gtest/gtest.h>
#include <sys/stat.h>
#include <unistd.h>

#include <filesystem>
#include <fstream>
#include <map>
#include <sstream>

#include "io/real_disk.h"
#include "server/process.h"

namespace millrace::server {
namespace {

namespace fs = std::filesystem;

std::string content_of(const fs::path& path) {
  std::ifstream in(path, std::ios::binary);
  std::ostringstream out;
  out << in.rdbuf();
  return out.str();
}

/// Every entry with its time and, of files, its content.
std::map<std::string, std::pair<fs::file_time_type, std::string>> snapshot(const fs::path& root) {
  std::map<std::string, std::pair<fs::file_time_type, std::string>> all;
  all[""] = {fs::last_write_time(root), ""};
  for (const auto& entry : fs::recursive_directory_iterator(root)) {
    all[entry.path().string()] = {entry.last_write_time(), entry.is_regular_file() ? content_of(entry.path()) : ""};
  }
  return all;
}

class CheckTest : public testing::Test {
 protected:
  void SetUp() override {
    root_ = testing::TempDir() + "millrace_check_" + std::to_string(::getpid());
    fs::remove_all(root_);
    config_.data_dir = root_;
    config_.shards = 2;
    config_.amqp_port = config_.kafka_port = config_.metrics_port = 0;
    config_.journal_file_bytes = std::uint64_t{1} << 20;
  }
  void TearDown() override {
    set_modes(0750, 0640);
    fs::remove_all(root_);
  }

  /// What a server leaves behind that was killed right after its start.
  void make_data() {
    Process process(config_);
    const auto started = process.start();
    ASSERT_TRUE(started.has_value()) << started.error().detail;
  }
  void set_modes(mode_t directory, mode_t file) {
    if (!fs::exists(root_)) return;
    ::chmod(root_.c_str(), directory);
    for (const auto& entry : fs::recursive_directory_iterator(root_)) {
      ::chmod(entry.path().c_str(), entry.is_directory() ? directory : file);
    }
  }
  /// For a child process: without the powers of root, which no mode of a file stops.
  static void drop_root() {
    constexpr uid_t kNobody = 65534;
    if (::geteuid() == 0 && ::seteuid(kNobody) != 0) std::_Exit(99);
  }
  std::string check_output(int expected) {
    testing::internal::CaptureStdout();
    const int status = check_data_directory(root_);
    std::fflush(stdout);
    std::string text = testing::internal::GetCapturedStdout();
    EXPECT_EQ(status, expected) << text;
    return text;
  }

  std::string root_;
  Config config_;
};

TEST_F(CheckTest, SoundDataIsLeftAsItWas) {
  make_data();
  // As after a restored copy that left the lock file out.
  fs::remove(fs::path(root_) / io::RealDisk::kLockFile);
  const auto before = snapshot(root_);
  EXPECT_NE(check_output(0).find("The data is sound."), std::string::npos);
  EXPECT_EQ(snapshot(root_), before);
}

TEST_F(CheckTest, DataThatCannotBeWrittenIsChecked) {
  make_data();
  set_modes(0555, 0444);
  EXPECT_EXIT(
      {
        drop_root();
        std::_Exit(check_data_directory(root_));
      },
      testing::ExitedWithCode(0), "");
}

TEST_F(CheckTest, LackOfPermissionIsCalledSo) {
  make_data();
  set_modes(0755, 0644);
  ::chmod((root_ + "/" + io::RealDisk::kLockFile).c_str(), 0);
  EXPECT_EXIT(
      {
        drop_root();
        ::dup2(STDERR_FILENO, STDOUT_FILENO);
        const int status = check_data_directory(root_);
        std::fflush(stdout);
        std::_Exit(status);
      },
      testing::ExitedWithCode(2), "LOCK: Permission denied");
}

TEST_F(CheckTest, RunningServerIsNamed) {
  Process process(config_);
  ASSERT_TRUE(process.start().has_value());
  const std::string text = check_output(2);
  EXPECT_NE(text.find("in use by process " + std::to_string(::getpid())), std::string::npos) << text;
}

TEST_F(CheckTest, WhatIsNotThereIsNotMade) {
  EXPECT_NE(check_output(2).find("No such file or directory"), std::string::npos);
  EXPECT_FALSE(fs::exists(root_));
  fs::create_directory(root_);
  EXPECT_NE(check_output(2).find("not a Millrace data directory"), std::string::npos);
  EXPECT_TRUE(fs::is_empty(root_));
}

TEST_F(CheckTest, DamageIsFound) {
  make_data();
  const std::string file = root_ + "/MILLRACE";
  const std::string sound = content_of(file);
  std::ofstream(file, std::ios::binary) << sound.substr(0, sound.size() - 1) << '?';
  EXPECT_NE(check_output(1).find("MILLRACE file is damaged"), std::string::npos);
  std::ofstream(file, std::ios::binary) << sound;
  fs::remove_all(root_ + "/shards/1/journal");
  EXPECT_NE(check_output(1).find("The data is damaged"), std::string::npos);
}

}  // namespace
}  // namespace millrace::server
