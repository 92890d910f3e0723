#include "broker/transaction_state.h"

#include "base/assert.h"
#include "bytes/reader.h"
#include "bytes/writer.h"
#include "model/batch.h"

namespace millrace::broker {

namespace {

// Command and snapshot: version u8 | { kind u8 | content } *
//   decide: id uvarint | parts uvarint | { shard uvarint | batches uvarint | { length uvarint | batch } *
//           | appends uvarint | { queue uvarint | batch uvarint } *
//           | settles uvarint | { queue uvarint | consumer uvarint | first uvarint | last - first uvarint | how u8 } *
//           } *
//   finish: id uvarint          note, forget: deciding shard uvarint | id uvarint
//   last: id uvarint, the greatest number given out
constexpr std::uint8_t kTransactionVersion = 1;
enum class TransactionKind : std::uint8_t { decide = 1, finish = 2, note = 3, forget = 4, last = 5 };

void put_kind(bytes::Writer& to, TransactionKind kind) {
  to.u8(static_cast<std::uint8_t>(kind));
}

void put_part(bytes::Writer& to, const TransactionPart& part) {
  to.uvarint(part.shard.value);
  // A batch that goes to several queues of the shard is written once.
  std::vector<const bytes::Slab*> batches;
  std::vector<std::size_t> batch_of;
  for (const auto& append : part.appends) {
    if (batches.empty() || batches.back()->data() != append.batch.data()) batches.push_back(&append.batch);
    batch_of.push_back(batches.size() - 1);
  }
  to.uvarint(batches.size());
  for (const bytes::Slab* batch : batches) {
    to.uvarint(batch->size());
    to.raw(batch->view());
  }
  to.uvarint(part.appends.size());
  for (std::size_t i = 0; i < part.appends.size(); ++i) {
    to.uvarint(part.appends[i].queue.value);
    to.uvarint(batch_of[i]);
  }
  to.uvarint(part.settles.size());
  for (const SettleRequest& settle : part.settles) {
    to.uvarint(settle.queue.value);
    to.uvarint(settle.consumer.value);
    to.uvarint(static_cast<std::uint64_t>(settle.first.value));
    to.uvarint(static_cast<std::uint64_t>(settle.last.value - settle.first.value));
    to.u8(static_cast<std::uint8_t>(settle.how));
  }
}

bool get_shard(bytes::Reader& in, ShardId& shard) {
  const std::uint64_t value = in.uvarint();
  if (!in.ok() || value >= kMaxShards) return false;
  shard = ShardId(static_cast<std::uint16_t>(value));
  return true;
}

bool get_batch(bytes::Reader& in, bytes::Slab& batch, std::uint32_t& records) {
  const std::uint64_t length = in.uvarint();
  if (!in.ok() || length > in.remaining()) return false;
  const bytes::ByteView view = in.view(length);
  const auto header = model::parse_batch_header(view);
  if (!header.has_value() || header->total_size() != length || header->record_count < 1) return false;
  batch = bytes::Slab::copy_of(view);
  records = static_cast<std::uint32_t>(header->record_count);
  return true;
}

bool get_settle(bytes::Reader& in, SettleRequest& settle) {
  settle.queue = ObjectId(in.uvarint());
  settle.consumer = ConsumerId(in.uvarint());
  const std::uint64_t first = in.uvarint();
  const std::uint64_t count = in.uvarint();
  const std::uint8_t how = in.u8();
  constexpr auto kMost = static_cast<std::uint64_t>(INT64_MAX);
  if (!in.ok() || first > kMost || count > kMost - first || how > static_cast<std::uint8_t>(SettleHow::fail)) {
    return false;
  }
  settle.first = Offset(static_cast<std::int64_t>(first));
  settle.last = Offset(static_cast<std::int64_t>(first + count));
  settle.how = static_cast<SettleHow>(how);
  return true;
}

bool get_part(bytes::Reader& in, TransactionPart& part) {
  if (!get_shard(in, part.shard)) return false;
  struct Batch {
    bytes::Slab slab;
    std::uint32_t records = 0;
  };
  std::vector<Batch> batches;
  const std::uint64_t batch_count = in.uvarint();
  if (!in.ok() || batch_count > in.remaining()) return false;
  for (std::uint64_t i = 0; i < batch_count; ++i) {
    Batch& batch = batches.emplace_back();
    if (!get_batch(in, batch.slab, batch.records)) return false;
  }
  const std::uint64_t appends = in.uvarint();
  if (!in.ok() || appends > in.remaining()) return false;
  for (std::uint64_t i = 0; i < appends; ++i) {
    const ObjectId queue(in.uvarint());
    const std::uint64_t batch = in.uvarint();
    if (!in.ok() || batch >= batches.size()) return false;
    part.appends.push_back({queue, batches[batch].slab, batches[batch].records});
  }
  const std::uint64_t settles = in.uvarint();
  if (!in.ok() || settles > in.remaining()) return false;
  for (std::uint64_t i = 0; i < settles; ++i) {
    if (!get_settle(in, part.settles.emplace_back())) return false;
  }
  return true;
}

void put_decision(bytes::ByteVector& out, TransactionId id, const TransactionState::Parts& parts) {
  bytes::Writer to(out);
  put_kind(to, TransactionKind::decide);
  to.uvarint(id.value);
  to.uvarint(parts.size());
  for (const TransactionPart& part : parts) put_part(to, part);
}

void put_note(bytes::ByteVector& out, TransactionKind kind, ShardId decider, TransactionId id) {
  bytes::Writer to(out);
  put_kind(to, kind);
  to.uvarint(decider.value);
  to.uvarint(id.value);
}

void put_id(bytes::ByteVector& out, TransactionKind kind, TransactionId id) {
  bytes::Writer to(out);
  put_kind(to, kind);
  to.uvarint(id.value);
}

}  // namespace

TransactionId TransactionState::decide(std::shared_ptr<const Parts> parts) {
  last_ = TransactionId(last_.value + 1);
  put_decision(changes_, last_, *parts);
  decided_.emplace(last_, std::move(parts));
  return last_;
}

void TransactionState::finish(TransactionId id) {
  MILLRACE_ASSERT(decided_.erase(id) == 1);
  put_id(changes_, TransactionKind::finish, id);
}

void TransactionState::note(ShardId decider, TransactionId id) {
  if (notes_[decider].insert(id).second) put_note(changes_, TransactionKind::note, decider, id);
}

void TransactionState::forget(ShardId decider, TransactionId id) {
  if (!noted(decider, id)) return;
  notes_[decider].erase(id);
  put_note(changes_, TransactionKind::forget, decider, id);
}

bool TransactionState::noted(ShardId decider, TransactionId id) const {
  const auto it = notes_.find(decider);
  return it != notes_.end() && it->second.contains(id);
}

bool TransactionState::take_command(bytes::ByteVector& out) {
  if (changes_.empty()) return false;
  out.push_back(kTransactionVersion);
  out.insert(out.end(), changes_.begin(), changes_.end());
  changes_.clear();
  return true;
}

bool TransactionState::apply_changes(bytes::Reader& in) {
  while (in.ok() && !in.at_end()) {
    const auto kind = static_cast<TransactionKind>(in.u8());
    ShardId decider;
    if ((kind == TransactionKind::note || kind == TransactionKind::forget) && !get_shard(in, decider)) return false;
    const TransactionId id(in.uvarint());
    if (!in.ok()) return false;
    switch (kind) {
      case TransactionKind::decide: {
        const std::uint64_t count = in.uvarint();
        if (!in.ok() || count > kMaxShards) return false;
        auto parts = std::make_shared<Parts>(count);
        for (TransactionPart& part : *parts) {
          if (!get_part(in, part)) return false;
        }
        last_ = std::max(last_, id);
        decided_[id] = std::move(parts);
        break;
      }
      case TransactionKind::finish:
        decided_.erase(id);
        break;
      case TransactionKind::note:
        notes_[decider].insert(id);
        break;
      case TransactionKind::forget:
        notes_[decider].erase(id);
        break;
      case TransactionKind::last:
        last_ = std::max(last_, id);
        break;
      default:
        return false;
    }
  }
  return in.ok();
}

bool TransactionState::apply(bytes::ByteView command) {
  bytes::Reader in(command);
  return in.u8() == kTransactionVersion && apply_changes(in);
}

bool TransactionState::load_snapshot(bytes::ByteView snapshot) {
  last_ = TransactionId(0);
  decided_.clear();
  notes_.clear();
  return apply(snapshot);
}

void TransactionState::save_snapshot(bytes::ByteVector& out) const {
  out.push_back(kTransactionVersion);
  put_id(out, TransactionKind::last, last_);
  for (const auto& [id, parts] : decided_) put_decision(out, id, *parts);
  for (const auto& [decider, ids] : notes_) {
    for (const TransactionId id : ids) put_note(out, TransactionKind::note, decider, id);
  }
}

}  // namespace millrace::broker
