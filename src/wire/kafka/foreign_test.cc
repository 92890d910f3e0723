// Messages that other implementations wrote: kafka-python's encoder for every message and version it has, and what
// librdkafka's client and its mock broker sent each other (both directions, recorded from the loopback device).
#include <gtest/gtest.h>

#include <charconv>
#include <fstream>

#include "wire/kafka/frame.h"
#include "wire/kafka/generated/all_messages.h"
#include "wire/kafka/print.h"

namespace millrace::wire::kafka {
namespace {

using bytes::ByteVector;

ByteVector from_hex(std::string_view hex) {
  ByteVector out;
  if (hex == "-") return out;
  for (std::size_t i = 0; i + 1 < hex.size(); i += 2) {
    std::uint8_t byte = 0;
    std::from_chars(hex.data() + i, hex.data() + i + 2, byte, 16);
    out.push_back(byte);
  }
  return out;
}

/// Lines of a sample file as their first `columns - 1` words and the rest.
std::vector<std::vector<std::string>> samples(const std::string& name, std::size_t columns) {
  std::vector<std::vector<std::string>> result;
  std::ifstream file(std::string(MILLRACE_KAFKA_TESTDATA) + "/" + name);
  for (std::string line; std::getline(file, line);) {
    if (line.empty() || line.starts_with("#")) continue;
    std::vector<std::string>& words = result.emplace_back();
    while (words.size() + 1 < columns) {
      const std::size_t space = line.find(' ');
      words.push_back(line.substr(0, space));
      line.erase(0, space + 1);
    }
    words.push_back(line);
  }
  return result;
}

template <class Message>
std::string text_of_version(const Message& message, std::int16_t version) {
  Printer printer(version);
  printer.value(message);
  return printer.take();
}

template <class Message>
ByteVector encoded(const Message& message, std::int16_t version) {
  ByteVector out;
  bytes::Writer writer(out);
  message.encode(writer, version);
  return out;
}

TEST(Foreign, KafkaPythonsMessages) {
  std::size_t checked = 0;
  for (const auto& sample : samples("kafka_python.txt", 4)) {
    const auto version = static_cast<std::int16_t>(std::stoi(sample[1]));
    const ByteVector wire = from_hex(sample[2]);
    const auto check = [&]<class Message>() {
      if (Message::kName != sample[0]) return;
      SCOPED_TRACE(sample[0] + " version " + sample[1]);
      bytes::Reader reader(wire);
      Message message;
      ASSERT_TRUE(decode_exact(message, reader, version));
      EXPECT_EQ(text_of_version(message, version), sample[3]);
      EXPECT_EQ(encoded(message, version), wire);
      ++checked;
    };
    AllRequests::for_each(check);
    AllResponses::for_each(check);
    AllData::for_each(check);
  }
  EXPECT_GT(checked, 380u);
}

template <class List>
void check_captured(ApiKey key, std::int16_t version, bytes::Reader& reader, std::size_t& checked) {
  const bytes::ByteView body = reader.rest();
  EXPECT_TRUE(List::for_key(key, [&]<class Message>() {
    Message message;
    ASSERT_TRUE(message.decode(reader, version));
    // Metadata has bytes left over: three in the client's request for all topics, one in the mock's responses.
    EXPECT_TRUE(key == ApiKey::metadata || reader.at_end()) << message.to_text();
    const bytes::ByteView used = body.first(body.size() - reader.remaining());
    EXPECT_TRUE(bytes::equal(encoded(message, version), used)) << message.to_text();
    ++checked;
  }));
}

TEST(Foreign, LibrdkafkasTraffic) {
  std::size_t checked = 0;
  for (const auto& sample : samples("librdkafka.txt", 4)) {
    SCOPED_TRACE(sample[0] + " of key " + sample[1] + " version " + sample[2]);
    const auto key = static_cast<ApiKey>(std::stoi(sample[1]));
    const auto version = static_cast<std::int16_t>(std::stoi(sample[2]));
    const ByteVector frame = from_hex(sample[3]);
    bytes::Reader reader(frame);
    if (sample[0] == "request") {
      RequestHeader header;
      ASSERT_TRUE(header.decode(reader));
      EXPECT_EQ(static_cast<ApiKey>(header.api_key), key);
      EXPECT_EQ(header.api_version, version);
      check_captured<AllRequests>(key, version, reader, checked);
    } else {
      ResponseHeader header;
      ASSERT_TRUE(header.decode(reader, key, version));
      check_captured<AllResponses>(key, version, reader, checked);
    }
  }
  EXPECT_GT(checked, 40u);
}

template <class Message>
void check_old(std::int16_t version, std::string_view hex, std::string_view text) {
  SCOPED_TRACE(std::string(Message::kName) + " version " + std::to_string(version));
  const ByteVector wire = from_hex(hex);
  bytes::Reader reader(wire);
  Message message;
  ASSERT_TRUE(decode_exact(message, reader, version));
  EXPECT_EQ(text_of_version(message, version), text);
  EXPECT_EQ(encoded(message, version), wire);
}

TEST(Foreign, VersionsThatNewLibrariesNoLongerHave) {
  // By the classes kafka-python 3.0.12 keeps for old brokers (kafka.protocol.old).
  check_old<ProduceRequest>(0, "0001000003e8000000010001740000000100000002000000075245434f524453",
                            "{acks=1, timeout_ms=1000, topic_data=[{name=\"t\", partition_data=[{index=2, "
                            "records=0x5245434f524453}]}]}");
  check_old<ProduceResponse>(2, "0000000100017400000001000000020003000000000000006300000000000004d200000007",
                             "{responses=[{name=\"t\", partition_responses=[{index=2, error_code="
                             "UNKNOWN_TOPIC_OR_PARTITION, base_offset=99, log_append_time_ms=1234}]}], "
                             "throttle_time_ms=7}");
  check_old<ListOffsetsRequest>(0, "ffffffff000000010001740000000100000002ffffffffffffffff00000005",
                                "{replica_id=-1, topics=[{name=\"t\", partitions=[{partition_index=2, timestamp=-1, "
                                "max_num_offsets=5}]}]}");
  check_old<ListOffsetsResponse>(
      0, "000000010001740000000100000002000000000002000000000000000a0000000000000005",
      "{topics=[{name=\"t\", partitions=[{partition_index=2, error_code=NONE, old_style_offsets=[10, 5]}]}]}");
  check_old<CreateTopicsRequest>(0,
                                 "00000001000174000000030001000000010000000000000002000000010000000200000001000161"
                                 "000162000001f4",
                                 "{topics=[{name=\"t\", num_partitions=3, replication_factor=1, assignments=["
                                 "{partition_index=0, broker_ids=[1, 2]}], configs=[{name=\"a\", value=\"b\"}]}], "
                                 "timeout_ms=500}");
  check_old<CreateTopicsResponse>(1, "0000000100017400240006657869737473",
                                  "{topics=[{name=\"t\", error_code=TOPIC_ALREADY_EXISTS, error_message=\"exists\"}]}");
  check_old<OffsetCommitRequest>(1,
                                 "0001670000000400016d0000000100017400000001000000010000000000000064000000000000030"
                                 "900046d657461",
                                 "{group_id=\"g\", generation_id_or_member_epoch=4, member_id=\"m\", topics=[{name="
                                 "\"t\", partitions=[{partition_index=1, committed_offset=100, commit_timestamp=777, "
                                 "committed_metadata=\"meta\"}]}]}");
}

}  // namespace
}  // namespace millrace::wire::kafka
