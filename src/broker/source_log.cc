#include "broker/source_log.h"

#include <algorithm>
#include <utility>

#include "base/assert.h"
#include "broker/shard.h"

namespace millrace::broker {

namespace {

using storage::BatchRef;
using storage::StorageErrc;

/// What retention took away of a log that nobody writes to is noticed this late.
constexpr base::Millis kLookDelay{15'000};
/// The log's shard may hear later than this one that the log exists.
constexpr base::Millis kFollowDelay{100};

StorageErrc to_storage(BrokerErrc code) {
  switch (code) {
    case BrokerErrc::not_found:
      return StorageErrc::unknown_log;
    case BrokerErrc::damaged:
      return StorageErrc::quarantined;
    default:
      return StorageErrc::io;
  }
}

}  // namespace

/// Answers from the log's shard may come when nobody is there for them any more.
struct SourceLog::State : std::enable_shared_from_this<State> {
  State(Shard& owner, LogRef source, std::function<void()> changed)
      : shard(owner), log(source), on_change(std::move(changed)) {}

  Shard& shard;
  LogRef log;
  std::function<void()> on_change;
  storage::LogOptions options;
  Offset start{0};
  Offset end{0};
  bool known = false;
  std::vector<AbortedRange> aborted;
  std::unique_ptr<Logs::Watch> watch;
  io::Timer look_timer;
  io::Timer follow_timer;
  const std::vector<EpochStart> no_epochs;

  void learn(const LogEnds& ends);
  void learn(const std::vector<AbortedRange>& ranges);
  void forget_aborted(Offset below) {
    std::erase_if(aborted, [below](const AbortedRange& range) { return range.marker < below; });
  }
  void look(io::Task done);
  void follow();
  void look_later();
  void read(const ReadRequest& request, ReadCallback done);
  void read_failed(Offset from, const BrokerError& error, ReadCallback done);
};

void SourceLog::State::learn(const LogEnds& ends) {
  // Neither goes back.
  const Offset new_start = std::max(start, ends.start);
  const Offset new_end = std::max(end, ends.last_stable);
  if (known && new_start == start && new_end == end) return;
  known = true;
  start = new_start;
  end = new_end;
  forget_aborted(start);
  on_change();
}

void SourceLog::State::learn(const std::vector<AbortedRange>& ranges) {
  for (const AbortedRange& range : ranges) {
    const bool present = std::ranges::any_of(aborted, [&range](const AbortedRange& each) {
      return each.producer == range.producer && each.marker == range.marker;
    });
    if (!present) aborted.push_back(range);
  }
}

void SourceLog::State::look(io::Task done) {
  shard.logs().ends(log, [weak = weak_from_this(), done = std::move(done)](const Result<LogEnds>& ends) mutable {
    const auto self = weak.lock();
    if (self != nullptr && ends.has_value()) self->learn(*ends);
    if (done) done();
  });
}

void SourceLog::State::follow() {
  watch = shard.logs().watch(log, end, [weak = weak_from_this(), seen = end] {
    const auto self = weak.lock();
    if (self == nullptr) return;
    self->look([weak, seen] {
      const auto again = weak.lock();
      if (again == nullptr) return;
      if (again->end > seen) return again->follow();
      // Without news the log is not there yet, or not any more: then the queue goes as well.
      again->follow_timer =
          again->shard.loop().call_after(base::to_nanos(kFollowDelay), [state = again.get()] { state->follow(); });
    });
  });
}

void SourceLog::State::look_later() {
  look_timer = shard.loop().call_after(base::to_nanos(kLookDelay), [this] {
    look({});
    look_later();
  });
}

void SourceLog::State::read(const ReadRequest& request, ReadCallback done) {
  shard.logs().read(log, request.from, request.max_bytes,
                    [weak = weak_from_this(), from = request.from, until = request.until,
                     done = std::move(done)](Result<ReadReply> reply) mutable {
                      const auto self = weak.lock();
                      if (!reply.has_value()) {
                        return self == nullptr ? done(base::fail(StorageErrc::unknown_log, "nobody asks any more"))
                                               : self->read_failed(from, reply.error(), std::move(done));
                      }
                      if (self != nullptr) {
                        self->learn(reply->aborted);
                        self->learn(reply->ends);
                      }
                      std::erase_if(reply->batches,
                                    [until](const BatchRef& batch) { return batch.base_offset >= until; });
                      done(std::move(reply->batches));
                    });
}

void SourceLog::State::read_failed(Offset from, const BrokerError& error, ReadCallback done) {
  if (error.code != BrokerErrc::out_of_range) return done(base::fail(to_storage(error.code), error.detail));
  // The log begins later now: who reads looks at its start next.
  look([weak = weak_from_this(), from, detail = error.detail, done = std::move(done)]() mutable {
    const auto self = weak.lock();
    const bool gone = self != nullptr && self->start > from;
    done(base::fail(gone ? StorageErrc::below_start : StorageErrc::io, std::move(detail)));
  });
}

SourceLog::SourceLog(Shard& shard, LogRef log, std::function<void()> on_change)
    : state_(std::make_shared<State>(shard, log, std::move(on_change))) {}

SourceLog::~SourceLog() = default;

void SourceLog::open() {
  state_->look([weak = std::weak_ptr(state_)] {
    if (const auto self = weak.lock()) self->follow();
  });
  state_->look_later();
}

bool SourceLog::known() const {
  return state_->known;
}

void SourceLog::look(io::Task done) {
  state_->look(std::move(done));
}

void SourceLog::assume(Offset end) {
  state_->end = std::max(state_->end, end);
}

bool SourceLog::is_aborted(const model::BatchHeader& header) const {
  return !has_messages(header, header.base_offset, state_->aborted);
}

LogId SourceLog::id() const {
  return state_->log.log;
}

const storage::LogOptions& SourceLog::options() const {
  return state_->options;
}

void SourceLog::set_options(const storage::LogOptions& options) {
  state_->options = options;
}

Offset SourceLog::start() const {
  return state_->start;
}

Offset SourceLog::appended_end() const {
  return state_->end;
}

Offset SourceLog::committed_end() const {
  return state_->end;
}

Offset SourceLog::last_stable_end() const {
  return state_->end;
}

void SourceLog::set_undecided_from(Offset) {
  MILLRACE_ASSERT(false, "its own shard knows what is decided");
}

storage::Epoch SourceLog::epoch() const {
  return {};
}

bool SourceLog::read_hot(const ReadRequest& request, std::vector<BatchRef>&) {
  return request.from >= state_->end;
}

void SourceLog::read_cold(const ReadRequest& request, ReadCallback done) {
  state_->read(request, std::move(done));
}

Offset SourceLog::skip_quarantined(Offset from) const {
  return from;
}

void SourceLog::trim(Offset start) {
  state_->forget_aborted(start);
}

void SourceLog::raise_next(Offset next) {
  if (next == Offset(0)) return;
  state_->shard.mailbox().send(state_->log.shard, [id = state_->log.log, next](Shard& there) {
    if (storage::Log* log = there.store().find_log(id)) log->raise_next(next);
  });
}

void SourceLog::set_needed(std::function<bool(Offset first, Offset last)>) {}

void SourceLog::find_time(Timestamp, TimeCallback done) {
  done(base::fail(StorageErrc::unknown_log, "a queue does not look for times"));
}

void SourceLog::find_max_time(TimeCallback done) {
  done(base::fail(StorageErrc::unknown_log, "a queue does not look for times"));
}

/// Records of topics have no times of their own, and the queue's is found record by record.
bool SourceLog::find_expired(const ExpiryRequest&, ExpiryCallback) {
  return false;
}

const std::vector<storage::Log::EpochStart>& SourceLog::epochs() const {
  return state_->no_epochs;
}

base::Bytes SourceLog::size() const {
  return base::Bytes(0);
}

}  // namespace millrace::broker
