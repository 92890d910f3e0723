// A damaged catalog must not make the broker take the logs of what it has forgotten for leftovers.

#include <gtest/gtest.h>

#include "broker/sim_broker_test.h"
#include "storage/journal_format.h"

namespace millrace::broker {
namespace {

class CatalogDamage : public ::testing::Test {
 protected:
  /// Destroys the first rounds of the catalog's journal.
  void damage_catalog(int rounds) {
    for (const std::string& path : broker.disk.files()) {
      if (!path.starts_with("catalog/journal/")) continue;
      const bytes::ByteVector content = broker.disk.durable_content(path);
      for (std::uint64_t at = storage::kJournalHeaderSize; at + storage::kRoundAlignment <= content.size();
           at += storage::kRoundAlignment) {
        if (!storage::decode_round_header(bytes::ByteView(content).subspan(at))) continue;
        auto file = broker.disk.open(path, io::OpenMode::read_write);
        ASSERT_TRUE(file);
        const bytes::ByteVector rot(storage::kRoundHeaderSize, 0xEE);
        ASSERT_TRUE((*file)->write_at(at + storage::kRoundHeaderSize, rot));
        ASSERT_TRUE((*file)->sync());
        if (--rounds == 0) return;
      }
    }
  }
  std::size_t segment_files(const std::string& below) {
    std::size_t count = 0;
    for (const std::string& path : broker.disk.files()) {
      count += path.ends_with(".seg") && path.find(below) != std::string::npos ? 1 : 0;
    }
    return count;
  }

  SimBroker broker{3};
};

TEST_F(CatalogDamage, RefusesToStartAndDeletesNothing) {
  broker.start();
  broker.declare("q");
  broker.publish_stored("q", 40, std::string(100'000, 'x'));
  broker.stop();
  ASSERT_GT(segment_files("/logs/"), 0U);
  damage_catalog(1);
  const auto before = broker.disk.files();
  const auto opened = broker.try_start();
  ASSERT_FALSE(opened.has_value());
  EXPECT_EQ(opened.error().code, BrokerErrc::damaged);
  EXPECT_NE(opened.error().detail.find("storage.accept_catalog_damage"), std::string::npos) << opened.error().detail;
  broker.stop();
  EXPECT_EQ(broker.disk.files(), before);
}

TEST_F(CatalogDamage, AcceptedItKeepsTheSegmentsOfWhatItForgot) {
  broker.start();
  const QueueRef lost = broker.declare("q");
  broker.publish_stored("q", 40, std::string(100'000, 'x'));
  broker.stop();
  damage_catalog(1000);
  broker.options.accept_catalog_damage = true;
  broker.start();
  EXPECT_EQ(broker.shard(0).catalog().find_queue(broker.vhost(), "q"), nullptr);
  EXPECT_GT(segment_files("/orphans/"), 0U);
  EXPECT_EQ(segment_files("/logs/"), 0U);
  const QueueRef next = broker.declare("q");
  EXPECT_GT(next.queue, lost.queue) << "the number of a lost queue's log is used again";
}

TEST_F(CatalogDamage, AMissingCatalogIsNotANewOne) {
  broker.start();
  broker.declare("q");
  broker.stop();
  for (const std::string& path : broker.disk.files()) {
    if (!path.starts_with("catalog/journal/")) continue;
    ASSERT_TRUE(broker.disk.remove(path));
  }
  EXPECT_FALSE(broker.try_start().has_value());
}

}  // namespace
}  // namespace millrace::broker
