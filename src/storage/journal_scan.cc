#include "storage/journal_scan.h"

#include "bytes/crc32c.h"
#include "bytes/endian.h"

namespace millrace::storage {

bool JournalScanner::next(ScannedRound& round) {
  round = ScannedRound{};
  while (at_ + kRoundHeaderSize <= file_.size()) {
    const auto header = decode_round_header(file_.subspan(at_));
    // A round knows its file and place, and numbers grow: one that was written to a wrong place, and bytes that only
    // look like a round, e.g. in a message, are passed over.
    if (!header || header->file_sequence != sequence_ || header->block != round_block(at_) ||
        header->round <= last_round_) {
      at_ += kRoundAlignment;
      continue;
    }
    round.header = *header;
    round.position = at_;
    last_round_ = header->round;
    const std::uint64_t room = file_.size() - at_ - kRoundHeaderSize;
    if (header->body_length > room) {
      at_ += kRoundAlignment;  // cut off: what of it is there counts as damaged
      round.header.body_length = room;
      read_body(round);
      round.whole = false;
      return true;
    }
    read_body(round);
    at_ = round.end();
    return true;
  }
  return false;
}

void JournalScanner::read_body(ScannedRound& round) const {
  const std::uint32_t seed = entry_seed(sequence_, round.header.round);
  bytes::Reader body(file_.subspan(round.position + kRoundHeaderSize, round.header.body_length));
  std::uint32_t over_entries = seed;
  std::uint32_t count = 0;
  bool all_verify = true;
  while (!body.at_end() && count < round.header.entry_count) {
    const auto entry = next_entry(body);
    if (!entry) break;
    ++count;
    if (!verify_entry(*entry, seed)) {
      all_verify = false;
      continue;
    }
    if (entry->type == EntryType::round_record) {
      round.record = decode_round_record(entry->payload);
      if (round.record && round.record->round != round.header.round) round.record.reset();
      break;
    }
    round.entries.push_back(*entry);
    std::uint8_t crc[4];
    bytes::store_be(crc, entry->crc);
    over_entries = bytes::crc32c(crc, over_entries);
  }
  round.whole = all_verify && round.record && round.record->crc == over_entries && count == round.header.entry_count &&
                body.at_end();
}

}  // namespace millrace::storage
