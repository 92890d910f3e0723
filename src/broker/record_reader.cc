#include "broker/record_reader.h"

#include <algorithm>
#include <utility>

#include "base/assert.h"
#include "base/log.h"

namespace millrace::broker {

namespace {

// Lengths, deltas and counts of an encoded record, about.
constexpr std::uint64_t kRecordOverhead = 8;
// What a message costs in a consumer's window beside its bytes.
constexpr std::uint64_t kDeliveryOverhead = 64;

}  // namespace

RecordReader::RecordReader(storage::Log& log, std::function<void()> on_loaded, SkippedCallback on_skipped,
                           AbortedTest is_aborted)
    : log_(log),
      on_loaded_(std::move(on_loaded)),
      on_skipped_(std::move(on_skipped)),
      is_aborted_(std::move(is_aborted)),
      loading_(std::make_shared<Loading>()) {
  loading_->reader = this;
}

RecordReader::~RecordReader() {
  loading_->reader = nullptr;
}

void RecordReader::release() {
  batches_.clear();
  ahead_.clear();
  have_ahead_ = false;
  current_ = 0;
  opened_ = false;
  at_record_ = false;
  slab_.reset();
}

RecordReader::Status RecordReader::find(Offset from, Offset until, Found& found) {
  while (from < until) {
    if (opened_ && at_record_ && header_.base_offset.value + record_.offset_delta > from.value) {
      opened_ = false;  // behind the cursor: this batch again from its start, or another one
    }
    if (!opened_) {
      if (current_ >= batches_.size() || batches_[current_].base_offset > from) current_ = 0;
      while (current_ < batches_.size() && batches_[current_].last_offset < from) ++current_;
      // The first batch held may lie behind `from` only because what is between has been let go.
      const bool covered = current_ < batches_.size() && (current_ > 0 || batches_[0].base_offset <= from);
      if (!covered) {
        const Status status = load(from, until);
        if (status != Status::found) return status;
        if (batches_[0].base_offset >= until) return Status::none;
        from = std::max(from, batches_[0].base_offset);
        continue;
      }
      if (!open_batch(batches_[current_])) {
        const storage::BatchRef bad = batches_[current_];
        on_skipped_(std::max(from, bad.base_offset), bad.last_offset, !without_messages_);
        from = bad.last_offset + Offset(1);
        continue;
      }
      read_ahead(until);
    }
    if (step(from, found)) {
      return found.offset < until ? Status::found : Status::none;
    }
    from = std::max(from, batches_[current_].last_offset + Offset(1));
    opened_ = false;
    if (current_ + 1 < batches_.size()) from = std::max(from, batches_[current_ + 1].base_offset);
  }
  return Status::none;
}

bool RecordReader::open_batch(const storage::BatchRef& batch) {
  header_ = {};
  at_record_ = false;
  without_messages_ = false;
  auto header = model::parse_batch_header(batch.bytes.view);
  if (!header.has_value()) return false;
  header_ = *header;
  header_.base_offset = batch.base_offset;
  without_messages_ = header_.control() || (header_.transactional() && is_aborted_ && is_aborted_(header_));
  if (without_messages_) return false;
  bytes::ByteVector plain;
  const auto records = model::records_of(*header, batch.bytes.view, plain, base::Bytes(kMaxPlainBytes));
  if (!records.has_value()) return false;
  if (header_.compression() == bytes::Compression::none) {
    slab_ = batch.bytes.slab;
    cursor_ = model::RecordCursor(*records, header_.record_count);
  } else {
    slab_ = bytes::Slab::copy_of(plain);
    cursor_ = model::RecordCursor(slab_.view(), header_.record_count);
  }
  opened_ = true;
  return true;
}

bool RecordReader::step(Offset from, Found& found) {
  const std::int64_t base = header_.base_offset.value;
  while (!at_record_ || base + record_.offset_delta < from.value) {
    at_record_ = cursor_.next(record_);
    if (at_record_) continue;
    if (cursor_.damaged()) on_skipped_(from, batches_[current_].last_offset, true);
    return false;
  }
  found.offset = Offset(base + record_.offset_delta);
  found.timestamp = header_.log_append_time() ? header_.max_timestamp
                                              : Timestamp(header_.base_timestamp.value + record_.timestamp_delta);
  found.appended_at = batches_[current_].appended_at;
  found.stored_bytes = record_.key.size() + record_.value.size() + record_.headers.size() + kRecordOverhead;
  found.record = record_;
  found.envelope = {};
  found.slab = &slab_;
  if (!header_.enveloped()) return true;
  model::HeaderCursor headers(record_);
  model::HeaderView first;
  if (!headers.next(first)) return true;
  auto envelope = model::parse_envelope(first.value);
  if (envelope.has_value()) found.envelope = *envelope;
  found.record.headers = headers.rest();
  found.record.header_count = headers.left();
  return true;
}

RecordReader::Status RecordReader::load(Offset from, Offset until) {
  if (loading_->busy) return Status::loading;
  if (std::exchange(failed_, false)) return Status::failed;
  batches_.clear();
  current_ = 0;
  at_record_ = false;
  if (std::exchange(have_ahead_, false) && ahead_from_ <= from) {
    if (ahead_.empty()) {
      cold_ = false;
      if (until <= ahead_until_) return Status::none;
    } else if (ahead_.back().last_offset >= from) {
      batches_.swap(ahead_);
      return Status::found;
    }
  }
  ahead_.clear();
  Offset start = log_.skip_quarantined(std::max(from, log_.start()));
  if (start > from) on_skipped_(from, std::min(start, until) - Offset(1), start > log_.start());
  if (start >= until) return Status::none;
  const storage::Log::ReadRequest request{start, until, base::Bytes(kReadBytes)};
  if (log_.read_hot(request, batches_)) {
    cold_ = false;
    return batches_.empty() ? Status::none : Status::found;
  }
  batches_.clear();
  cold_ = true;
  start_cold_read(start, until);
  return Status::loading;
}

void RecordReader::read_ahead(Offset until) {
  if (!cold_ || loading_->busy || have_ahead_ || (current_ + 1) * 2 < batches_.size()) return;
  const Offset next = batches_.back().last_offset + Offset(1);
  if (next < until && log_.skip_quarantined(next) == next) start_cold_read(next, until);
}

void RecordReader::start_cold_read(Offset from, Offset until) {
  loading_->busy = true;
  loading_->from = from;
  loading_->until = until;
  log_.read_cold({from, until, base::Bytes(kReadBytes)},
                 [loading = loading_](storage::Result<std::vector<storage::BatchRef>> result) {
                   loading->busy = false;
                   if (loading->reader != nullptr) loading->reader->loaded(std::move(result));
                 });
}

void RecordReader::loaded(storage::Result<std::vector<storage::BatchRef>> result) {
  if (result.has_value()) {
    // Whatever find() is after, it takes it from here, or reads elsewhere.
    ahead_ = std::move(*result);
    ahead_from_ = loading_->from;
    ahead_until_ = loading_->until;
    have_ahead_ = true;
  } else if (result.error().code != storage::StorageErrc::quarantined &&
             result.error().code != storage::StorageErrc::below_start) {
    base::log::warning("log {}: cannot read at offset {}: {}", log_.id().value, loading_->from.value,
                       result.error().detail);
    failed_ = true;
  }
  on_loaded_();
}

std::uint64_t window_cost(const RecordReader::Found& found) {
  return found.stored_bytes + kDeliveryOverhead;
}

void add_delivery(DeliveryBundle& bundle, const RecordReader::Found& found, const DeliveryHistory& history) {
  if (bundle.slabs.empty() || bundle.slabs.back().data() != found.slab->data()) bundle.slabs.push_back(*found.slab);
  bundle.slab_of.push_back(static_cast<std::uint32_t>(bundle.slabs.size() - 1));
  bundle.deliveries.push_back({.offset = found.offset,
                               .timestamp = found.timestamp,
                               .returns = history.returns,
                               .failures = history.failures,
                               .redelivered = history.redelivered,
                               .record = found.record,
                               .envelope = found.envelope});
  bundle.window_bytes += window_cost(found);
}

}  // namespace millrace::broker
