#include "testing/sim_disk.h"

#include <gtest/gtest.h>

#include <set>

namespace millrace::sim {
namespace {

using io::IoErrc;
using io::OpenMode;

std::unique_ptr<io::File> create(SimDisk& disk, const std::string& path) {
  auto file = disk.open(path, OpenMode::create_read_write);
  EXPECT_TRUE(file) << file.error().detail;
  return std::move(*file);
}

std::string content(SimDisk& disk, const std::string& path) {
  auto file = disk.open(path, OpenMode::read);
  if (!file) return "(none)";
  bytes::ByteVector buffer(*(*file)->size());
  EXPECT_EQ(*(*file)->read_at(0, buffer), buffer.size());
  return bytes::to_string(buffer);
}

void write(io::File& file, std::uint64_t position, std::string_view text) {
  ASSERT_TRUE(file.write_at(position, bytes::as_bytes(text)));
}

TEST(SimDisk, BehavesLikeAFileSystem) {
  SimDisk disk(1);
  ASSERT_TRUE(disk.make_directory("a/b"));
  ASSERT_TRUE(disk.make_directory("a/b"));
  {
    const auto file = create(disk, "a/b/f");
    write(*file, 3, "hello");
    EXPECT_EQ(content(disk, "a/b/f"), std::string("\0\0\0hello", 8));
    ASSERT_TRUE(file->truncate(5));
    ASSERT_TRUE(file->allocate(7));
    EXPECT_EQ(content(disk, "a/b/f"), std::string("\0\0\0he\0\0", 7));
    bytes::ByteVector buffer(4);
    EXPECT_EQ(*file->read_at(5, buffer), 2U);
    EXPECT_EQ(*file->read_at(50, buffer), 0U);
  }
  EXPECT_EQ(disk.open("a/b/f", OpenMode::create_read_write).error().code, IoErrc::already_exists);
  EXPECT_EQ(disk.open("a/c/f", OpenMode::create_read_write).error().code, IoErrc::not_found);
  EXPECT_EQ(disk.open("../f", OpenMode::create_read_write).error().code, IoErrc::permission_denied);
  create(disk, "a/g");
  ASSERT_TRUE(disk.rename("a/b/f", "a/g"));
  EXPECT_EQ(*disk.list("a"), (std::vector<std::string>{"b", "g"}));
  EXPECT_EQ(*disk.list("a/b"), std::vector<std::string>{});
  EXPECT_FALSE(disk.remove("a"));
  EXPECT_EQ(disk.files(), std::vector<std::string>{"a/g"});
  ASSERT_TRUE(disk.remove_tree("a"));
  EXPECT_FALSE(disk.exists("a"));
  EXPECT_TRUE(disk.remove_tree("a"));
  {
    const auto lock = disk.lock();
    EXPECT_TRUE(lock);
    EXPECT_EQ(disk.lock().error().code, IoErrc::in_use);
  }
  EXPECT_TRUE(disk.lock());
}

TEST(SimDisk, SyncedDataAndNamesSurviveEveryCrash) {
  for (std::uint64_t seed = 0; seed < 50; ++seed) {
    SimDisk disk(seed);
    base::Prng prng(seed);
    ASSERT_TRUE(disk.make_directory("d"));
    {
      const auto file = create(disk, "d/f");
      write(*file, 0, std::string(3000, 'x'));
      ASSERT_TRUE(file->sync());
      ASSERT_TRUE(disk.sync_directory("d"));
      ASSERT_TRUE(disk.sync_directory(""));
      write(*file, 3000, std::string(3000, 'y'));
    }
    disk.crash(prng);
    const std::string after = content(disk, "d/f");
    ASSERT_GE(after.size(), 3000U);
    EXPECT_EQ(after.substr(0, 2560), std::string(2560, 'x')) << "sectors that were not written again, seed " << seed;
    EXPECT_EQ(after.substr(2560, 440), std::string(440, 'x')) << "their bytes did not change, seed " << seed;
    EXPECT_EQ(disk.durable_content("d/f"), bytes::ByteVector(after.begin(), after.end()));
    disk.crash(prng);
    EXPECT_EQ(content(disk, "d/f"), after) << "a second crash finds nothing to forget";
  }
}

TEST(SimDisk, UnsyncedSectorsAreLostKeptTornAndReordered) {
  FaultCounters counters;
  bool later_without_earlier = false;
  for (std::uint64_t seed = 0; seed < 300; ++seed) {
    SimDisk disk(seed);
    base::Prng prng(seed * 7);
    {
      const auto file = create(disk, "f");
      ASSERT_TRUE(file->allocate(4096));
      ASSERT_TRUE(file->sync());
      ASSERT_TRUE(disk.sync_directory(""));
      for (int i = 0; i < 8; ++i)
        write(*file, static_cast<std::uint64_t>(i) * 512, std::string(512, static_cast<char>('a' + i)));
    }
    disk.crash(prng);
    const std::string after = content(disk, "f");
    ASSERT_EQ(after.size(), 4096U);
    if (after[0] == '\0' && after[511] == '\0' && after[7 * 512] == 'h') later_without_earlier = true;
    for (std::size_t i = 0; i < after.size(); ++i) {
      ASSERT_TRUE(after[i] == '\0' || after[i] == static_cast<char>('a' + i / 512)) << "only old or new bytes";
    }
    counters.add(disk.counters());
  }
  EXPECT_TRUE(later_without_earlier);
  for (const char* name : {"crash.sector_lost", "crash.sector_kept", "crash.sector_torn", "crash.writes_reordered"}) {
    EXPECT_GT(counters.of(name), 0U) << name << " in " << counters.to_string();
  }
  EXPECT_EQ(counters.of("crash"), 300U);
}

TEST(SimDisk, ASectorWrittenTwiceMayBeFoundInBetween) {
  std::set<std::string> found;
  for (std::uint64_t seed = 0; seed < 400; ++seed) {
    SimDisk disk(seed);
    base::Prng prng(seed);
    const auto file = create(disk, "f");
    write(*file, 0, "..");
    ASSERT_TRUE(file->sync());
    ASSERT_TRUE(disk.sync_directory(""));
    write(*file, 0, "1");
    write(*file, 1, "2");
    disk.crash(prng);
    found.insert(content(disk, "f"));
  }
  // ".2" cannot be: the second write's page holds the first one's byte, and a tear leaves the head new.
  EXPECT_EQ(found, (std::set<std::string>{"..", "1.", "12"}));
}

TEST(SimDisk, NamesNeedTheirDirectorySynced) {
  std::set<std::string> found;
  for (std::uint64_t seed = 0; seed < 300; ++seed) {
    SimDisk disk(seed);
    base::Prng prng(seed);
    write(*create(disk, "old"), 0, "old");
    ASSERT_TRUE((*disk.open("old", OpenMode::read_write))->sync());
    ASSERT_TRUE(disk.sync_directory(""));
    const auto fresh = create(disk, "tmp");
    write(*fresh, 0, "new");
    ASSERT_TRUE(fresh->sync());
    ASSERT_TRUE(disk.rename("tmp", "old"));
    disk.crash(prng);
    found.insert(content(disk, "old") + "," + content(disk, "tmp"));
  }
  EXPECT_EQ(found, (std::set<std::string>{"old,(none)", "old,new", "new,(none)"}))
      << "a rename is atomic: never both names, never none";
}

TEST(SimDisk, SyncingOneDirectoryOfARenameBringsWhatItRestsOn) {
  SimDisk disk(3);
  base::Prng prng(3);
  ASSERT_TRUE(disk.make_directory("a"));
  ASSERT_TRUE(disk.make_directory("b"));
  ASSERT_TRUE(disk.sync_directory(""));
  const auto file = create(disk, "a/f");
  ASSERT_TRUE(file->write_at(0, bytes::as_bytes("z")));
  ASSERT_TRUE(file->sync());
  create(disk, "b/f");
  ASSERT_TRUE(disk.rename("a/f", "b/f"));
  ASSERT_TRUE(disk.sync_directory("a"));
  disk.crash(prng);
  EXPECT_EQ(content(disk, "b/f"), "z");
  EXPECT_EQ(content(disk, "a/f"), "(none)");
  EXPECT_FALSE(file->sync()) << "opened before the crash";
}

TEST(SimDisk, FailedSyncLosesDataSilently) {
  int lost = 0;
  for (std::uint64_t seed = 0; seed < 50; ++seed) {
    SimDisk disk(seed);
    base::Prng prng(seed);
    const auto file = create(disk, "f");
    ASSERT_TRUE(file->allocate(512));
    ASSERT_TRUE(file->sync());
    ASSERT_TRUE(disk.sync_directory(""));
    write(*file, 0, "data");
    disk.faults().sync_failure = 1'000'000;
    EXPECT_EQ(file->sync().error().code, IoErrc::failed);
    disk.faults().sync_failure = 0;
    EXPECT_TRUE(file->sync()) << "the next sync claims that all is well";
    EXPECT_EQ(content(disk, "f").substr(0, 4), "data");
    disk.crash(prng);
    if (content(disk, "f").substr(0, 4) != "data") ++lost;
    EXPECT_EQ(disk.counters().of("sync_failure"), 1U);
  }
  EXPECT_GT(lost, 5);
  EXPECT_LT(lost, 45);
}

TEST(SimDisk, FullDisk) {
  SimDisk disk(1);
  disk.set_capacity(base::Bytes(3 * 4096));
  auto file = create(disk, "f");
  ASSERT_TRUE(file->allocate(4096));
  EXPECT_EQ(disk.free_space()->value, 2U * 4096);
  EXPECT_EQ(file->allocate(4 * 4096).error().code, IoErrc::no_space);
  const auto failed = file->write_at(4000, bytes::as_bytes(std::string(3 * 4096, 'x')));
  EXPECT_EQ(failed.error().code, IoErrc::no_space);
  EXPECT_LE(*file->size(), 3U * 4096);
  EXPECT_TRUE(file->write_at(0, bytes::as_bytes("overwriting needs no space")));
  EXPECT_GE(disk.counters().of("disk_full"), 2U);
  ASSERT_TRUE(disk.remove("f"));
  file.reset();
  ASSERT_TRUE(disk.sync_directory(""));
  EXPECT_EQ(disk.used().value, 0U);
}

TEST(SimDisk, PowerLossStopsInTheMiddle) {
  std::set<std::string> found;
  for (std::uint64_t seed = 0; seed < 200; ++seed) {
    SimDisk disk(seed);
    base::Prng prng(seed);
    const auto file = create(disk, "f");
    ASSERT_TRUE(disk.sync_directory(""));
    bool told = false;
    disk.lose_power_after(2, [&] { told = true; });
    ASSERT_TRUE(file->write_at(0, bytes::as_bytes("w")));
    EXPECT_FALSE(file->sync());
    EXPECT_TRUE(told && disk.power_lost());
    EXPECT_FALSE(file->write_at(0, bytes::as_bytes("x")));
    EXPECT_FALSE(disk.open("f", OpenMode::read));
    disk.crash(prng);
    found.insert(content(disk, "f"));
  }
  EXPECT_TRUE(found.contains("w") && found.contains("")) << "with and without the last sync";
  EXPECT_FALSE(found.contains("x"));
}

TEST(SimDisk, DamageStaysBelowThePosition) {
  SimDisk disk(9);
  base::Prng prng(9);
  const auto file = create(disk, "f");
  std::string text;
  for (int i = 0; i < 8192; ++i) text.push_back(static_cast<char>('a' + i / 512));
  write(*file, 0, text);
  EXPECT_FALSE(disk.flip_bit("f", 8192, prng)) << "nothing was synced yet";
  ASSERT_TRUE(file->sync());
  for (int i = 0; i < 20; ++i) EXPECT_TRUE(disk.flip_bit("f", 700, prng));
  EXPECT_EQ(content(disk, "f").substr(700), text.substr(700));
  EXPECT_NE(content(disk, "f").substr(0, 700), text.substr(0, 700));
  EXPECT_TRUE(disk.misdirect_write("f", 2048, prng));
  EXPECT_TRUE(disk.zero_sector("f", 2048, prng));
  EXPECT_EQ(content(disk, "f").substr(2048), text.substr(2048));
  EXPECT_EQ(disk.counters().of("damage.bit_flipped"), 20U);
}

TEST(SimDisk, ReadAndWriteFailures) {
  SimDisk disk(4);
  const auto file = create(disk, "f");
  write(*file, 0, "0123456789");
  disk.faults().read_failure = 1'000'000;
  bytes::ByteVector buffer(10);
  EXPECT_EQ(file->read_at(0, buffer).error().code, IoErrc::bad_medium);
  disk.faults().read_failure = 0;
  disk.faults().write_failure = 1'000'000;
  EXPECT_EQ(file->write_at(0, bytes::as_bytes("x")).error().code, IoErrc::failed);
  disk.faults().write_failure = 0;
  disk.faults().write_no_space = 1'000'000;
  EXPECT_EQ(file->write_at(0, bytes::as_bytes("x")).error().code, IoErrc::no_space);
  EXPECT_EQ(disk.counters().to_string(), "read_failure=1 write_failure=1 write_no_space=1");
}

TEST(SimDisk, SameSeedSameResult) {
  const auto run = [] {
    SimDisk disk(77);
    base::Prng prng(77);
    for (int i = 0; i < 20; ++i) {
      const auto file = create(disk, "f" + std::to_string(i));
      write(*file, 0, std::string(2000, static_cast<char>('a' + i)));
    }
    disk.crash(prng);
    std::string all;
    for (const std::string& path : disk.files()) all += path + ":" + content(disk, path) + "\n";
    return all + disk.counters().to_string();
  };
  EXPECT_EQ(run(), run());
}

}  // namespace
}  // namespace millrace::sim
