#include "message.h"

#include <stdexcept>

#include "bytes/crc32c.h"
#include "bytes/endian.h"

namespace millrace::crash {

namespace {

// magic u32 | queue u32 | sequence u64 | size u32 | checksum u32 | filling
constexpr std::uint32_t kMagic = 0x4D515231;
constexpr std::size_t kHeader = 24;
constexpr std::size_t kChecksumAt = 20;
constexpr std::size_t kLargeBody = 200000;

std::uint32_t checksum_of(bytes::ByteView body) {
  return bytes::crc32c(body.subspan(kHeader), bytes::crc32c(body.first(kChecksumAt)));
}

}  // namespace

bytes::ByteVector make_message(base::Prng& random, Identity& identity) {
  const std::size_t filling = random.chance(1, 1000) ? kLargeBody : random.between(0, 800);
  bytes::ByteVector body(kHeader + filling);
  std::size_t at = kHeader;
  for (; at + 8 <= body.size(); at += 8) bytes::store_be<std::uint64_t>(body.data() + at, random.next());
  for (; at < body.size(); ++at) body[at] = static_cast<std::uint8_t>(at);
  bytes::store_be<std::uint32_t>(body.data(), kMagic);
  bytes::store_be<std::uint32_t>(body.data() + 4, identity.queue);
  bytes::store_be<std::uint64_t>(body.data() + 8, identity.sequence);
  bytes::store_be<std::uint32_t>(body.data() + 16, static_cast<std::uint32_t>(body.size()));
  identity.checksum = checksum_of(body);
  bytes::store_be<std::uint32_t>(body.data() + kChecksumAt, identity.checksum);
  return body;
}

bool read_message(bytes::ByteView body, Identity& identity) {
  if (body.size() < kHeader || bytes::load_be<std::uint32_t>(body.data()) != kMagic ||
      bytes::load_be<std::uint32_t>(body.data() + 16) != body.size()) {
    return false;
  }
  identity.queue = bytes::load_be<std::uint32_t>(body.data() + 4);
  identity.sequence = bytes::load_be<std::uint64_t>(body.data() + 8);
  identity.checksum = bytes::load_be<std::uint32_t>(body.data() + kChecksumAt);
  return identity.checksum == checksum_of(body);
}

Ledger::Ledger(const std::string& path) : file_(std::fopen(path.c_str(), "wbe")) {
  if (file_ == nullptr) throw std::runtime_error("cannot write " + path);
}

Ledger::~Ledger() {
  std::fclose(file_);
}

void Ledger::write(Mark mark, const Identity& identity) {
  std::uint8_t entry[17];
  entry[0] = static_cast<std::uint8_t>(mark);
  for (int i = 0; i < 4; ++i) entry[1 + i] = static_cast<std::uint8_t>(identity.queue >> (8 * i));
  for (int i = 0; i < 8; ++i) entry[5 + i] = static_cast<std::uint8_t>(identity.sequence >> (8 * i));
  for (int i = 0; i < 4; ++i) entry[13 + i] = static_cast<std::uint8_t>(identity.checksum >> (8 * i));
  if (std::fwrite(entry, sizeof entry, 1, file_) != 1) throw std::runtime_error("cannot write the ledger");
}

std::string queue_name(const Options& options, std::uint32_t queue) {
  return options.prefix + "-" + std::to_string(queue);
}

std::string dead_letter_name(const Options& options) {
  return options.prefix + "-dead";
}

}  // namespace millrace::crash
