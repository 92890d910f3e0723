#include "io/real_disk.h"

#include <gtest/gtest.h>
#include <unistd.h>

#include <cstdlib>
#include <filesystem>

namespace millrace::io {
namespace {

class RealDiskTest : public testing::Test {
 protected:
  RealDiskTest() {
    std::string name = (std::filesystem::temp_directory_path() / "millrace_disk_XXXXXX").string();
    root_ = ::mkdtemp(name.data());
    disk_ = std::move(*RealDisk::open_root(root_ + "/data/deep"));
  }
  ~RealDiskTest() override { std::filesystem::remove_all(root_); }

  std::unique_ptr<File> create(const std::string& path) {
    auto file = disk_->open(path, OpenMode::create_read_write);
    EXPECT_TRUE(file) << file.error().detail;
    return std::move(*file);
  }
  static std::string read(File& file, std::uint64_t position, std::size_t count) {
    bytes::ByteVector buffer(count);
    const auto done = file.read_at(position, buffer);
    EXPECT_TRUE(done);
    return bytes::to_string(bytes::ByteView(buffer).first(*done));
  }

  std::string root_;
  std::unique_ptr<RealDisk> disk_;
};

TEST_F(RealDiskTest, WritesPartsAndReadsThemBack) {
  const auto file = create("a");
  // More parts than one system call takes, some of them empty.
  std::vector<std::string> texts;
  std::vector<bytes::ByteView> parts;
  std::string whole;
  texts.reserve(200);
  parts.reserve(200);
  for (int i = 0; i < 200; ++i) texts.push_back(i % 7 == 0 ? "" : "part" + std::to_string(i));
  for (const std::string& text : texts) {
    parts.push_back(bytes::as_bytes(text));
    whole += text;
  }
  ASSERT_TRUE(file->write_at(5, parts));
  EXPECT_EQ(*file->size(), 5 + whole.size());
  EXPECT_EQ(read(*file, 5, whole.size()), whole);
  EXPECT_EQ(read(*file, 5 + whole.size() - 2, 100).size(), 2U) << "fewer bytes only at the end";
  EXPECT_EQ(read(*file, 0, 5), std::string(5, '\0'));
  EXPECT_TRUE(file->sync());
}

TEST_F(RealDiskTest, AllocatesAndTruncates) {
  const auto file = create("a");
  ASSERT_TRUE(file->allocate(10'000));
  EXPECT_EQ(*file->size(), 10'000U);
  EXPECT_EQ(read(*file, 9'990, 10), std::string(10, '\0'));
  ASSERT_TRUE(file->allocate(100)) << "never makes a file shorter";
  EXPECT_EQ(*file->size(), 10'000U);
  ASSERT_TRUE(file->truncate(3));
  EXPECT_EQ(*file->size(), 3U);
  ASSERT_FALSE(file->truncate(~std::uint64_t{0}));
  EXPECT_FALSE(file->write_at(~std::uint64_t{0}, bytes::as_bytes("x")));
}

TEST_F(RealDiskTest, OpenModes) {
  const auto missing = disk_->open("none", OpenMode::read);
  ASSERT_FALSE(missing);
  EXPECT_EQ(missing.error().code, IoErrc::not_found);
  EXPECT_NE(missing.error().detail.find("data/deep/none: No such file"), std::string::npos) << missing.error().detail;
  create("a");
  const auto again = disk_->open("a", OpenMode::create_read_write);
  ASSERT_FALSE(again);
  EXPECT_EQ(again.error().code, IoErrc::already_exists);
  const auto reader = disk_->open("a", OpenMode::read);
  ASSERT_TRUE(reader);
  EXPECT_FALSE((*reader)->write_at(0, bytes::as_bytes("x")));
  EXPECT_TRUE(disk_->open("a", OpenMode::read_write));
}

TEST_F(RealDiskTest, Directories) {
  ASSERT_TRUE(disk_->make_directory("x/y/z"));
  ASSERT_TRUE(disk_->make_directory("x/y/z")) << "no error when it exists";
  create("x/y/b");
  create("x/y/a");
  EXPECT_EQ(*disk_->list("x/y"), (std::vector<std::string>{"a", "b", "z"}));
  ASSERT_TRUE(disk_->rename("x/y/a", "x/y/b"));
  EXPECT_EQ(*disk_->list("x/y"), (std::vector<std::string>{"b", "z"}));
  EXPECT_TRUE(disk_->sync_directory("x/y"));
  EXPECT_EQ(disk_->make_directory("x/y/b").error().code, IoErrc::already_exists);
  EXPECT_FALSE(disk_->remove("x")) << "not empty";
  EXPECT_TRUE(disk_->remove("x/y/b"));
  EXPECT_EQ(disk_->remove("x/y/b").error().code, IoErrc::not_found);
  create("x/y/z/f");
  EXPECT_TRUE(disk_->remove_tree("x"));
  EXPECT_FALSE(disk_->exists("x"));
  EXPECT_TRUE(disk_->remove_tree("x")) << "nothing to remove is fine";
  EXPECT_EQ(disk_->list("x").error().code, IoErrc::not_found);
  EXPECT_GT(disk_->free_space()->value, 0U);
}

TEST_F(RealDiskTest, PathsStayBelowTheRoot) {
  EXPECT_EQ(disk_->open("../escape", OpenMode::create_read_write).error().code, IoErrc::permission_denied);
  EXPECT_EQ(disk_->open("a/../../b", OpenMode::create_read_write).error().code, IoErrc::permission_denied);
  EXPECT_EQ(disk_->remove_tree("/etc").error().code, IoErrc::permission_denied);
  EXPECT_TRUE(disk_->open("..a", OpenMode::create_read_write));
}

TEST_F(RealDiskTest, LockHasOneHolder) {
  auto first = disk_->lock();
  ASSERT_TRUE(first);
  const auto second = std::move(*RealDisk::open_root(disk_->root() + "/"))->lock();
  ASSERT_FALSE(second);
  EXPECT_EQ(second.error().code, IoErrc::in_use);
  EXPECT_NE(second.error().detail.find("process " + std::to_string(::getpid())), std::string::npos)
      << second.error().detail;
  first->reset();
  EXPECT_TRUE(disk_->lock());
}

TEST_F(RealDiskTest, ReadersKeepOwnersOutAndLeaveNothingBehind) {
  {
    const auto alone = disk_->lock_for_reading();
    EXPECT_TRUE(alone);
    EXPECT_FALSE(disk_->exists(RealDisk::kLockFile));
  }
  auto owner = disk_->lock();
  ASSERT_TRUE(owner);
  EXPECT_EQ(disk_->lock_for_reading().error().code, IoErrc::in_use);
  owner->reset();
  auto reader = disk_->lock_for_reading();
  auto another = disk_->lock_for_reading();
  ASSERT_TRUE(reader);
  EXPECT_TRUE(another);
  const auto refused = disk_->lock();
  ASSERT_FALSE(refused);
  EXPECT_EQ(refused.error().code, IoErrc::in_use);
  // Not the owner of before.
  EXPECT_NE(refused.error().detail.find("another process"), std::string::npos) << refused.error().detail;
  reader->reset();
  another->reset();
  EXPECT_TRUE(disk_->lock());
}

TEST_F(RealDiskTest, OpenExistingCreatesNothing) {
  const std::string missing = disk_->root() + "/missing";
  EXPECT_EQ(RealDisk::open_existing(missing).error().code, IoErrc::not_found);
  EXPECT_FALSE(disk_->exists("missing"));
  create("f");
  EXPECT_EQ(RealDisk::open_existing(disk_->root() + "/f").error().code, IoErrc::not_found) << "not a directory";
  EXPECT_TRUE(RealDisk::open_existing(disk_->root() + "//"));
}

}  // namespace
}  // namespace millrace::io
