#include "broker/logs.h"

#include <algorithm>

#include "broker/log_host.h"
#include "broker/shard.h"
#include "broker/storage_errors.h"
#include "broker/stream_start.h"

namespace millrace::broker {

struct Logs::State {
  std::uint64_t next_watch = 1;
};

namespace {

/// Sends a result home from the log's shard.
template <class T>
auto reply_home(Shard& there, ShardId home, Callback<T> done) {
  return [&there, home, done = std::move(done)](Result<T> result) mutable {
    there.mailbox().send(
        home, [done = std::move(done), result = std::move(result)](Shard&) mutable { done(std::move(result)); });
  };
}

class WatchHandle final : public Logs::Watch {
 public:
  WatchHandle(Shard& shard, LogRef log, std::uint64_t key, std::shared_ptr<io::Task> changed)
      : shard_(shard), log_(log), key_(key), changed_(std::move(changed)) {}
  ~WatchHandle() override {
    if (!*changed_) return;  // it has run: nothing is left on the other side
    *changed_ = nullptr;
    shard_.mailbox().send(log_.shard,
                          [log = log_.log, key = key_](Shard& there) { there.log_host().unwatch(log, key); });
  }

 private:
  Shard& shard_;
  LogRef log_;
  std::uint64_t key_;
  std::shared_ptr<io::Task> changed_;  // used on this shard only
};

}  // namespace

Logs::Logs(Shard& shard) : state_(std::make_shared<State>()), shard_(shard) {}

Logs::~Logs() = default;

void Logs::append(LogRef log, std::vector<bytes::Slab> batches, Callback<AppendReply> done) {
  shard_.mailbox().send(
      log.shard, [log, batches = std::move(batches), done = std::move(done), home = shard_.id()](Shard& there) mutable {
        there.log_host().append(log.log, std::move(batches), reply_home(there, home, std::move(done)));
      });
}

void Logs::append_in_transaction(LogRef log, std::vector<bytes::Slab> batches, TransactionClaim claim,
                                 Callback<AppendReply> done) {
  shard_.mailbox().send(log.shard, [log, batches = std::move(batches), claim = std::move(claim), done = std::move(done),
                                    home = shard_.id()](Shard& there) mutable {
    there.log_host().append_in_transaction(log.log, std::move(batches), std::move(claim),
                                           reply_home(there, home, std::move(done)));
  });
}

void Logs::end_transaction(LogRef log, const model::Marker& marker, Callback<void> done) {
  shard_.mailbox().send(log.shard, [log, marker, done = std::move(done), home = shard_.id()](Shard& there) mutable {
    there.log_host().end_transaction(log.log, marker, reply_home(there, home, std::move(done)));
  });
}

void Logs::read(LogRef log, Offset from, Bytes max_bytes, Isolation isolation, Callback<ReadReply> done) {
  shard_.mailbox().send(log.shard, [=, done = std::move(done), home = shard_.id()](Shard& there) mutable {
    there.log_host().read(log.log, {from, max_bytes, isolation}, reply_home(there, home, std::move(done)));
  });
}

bool has_messages(const model::BatchHeader& header, Offset base, std::span<const AbortedRange> aborted) {
  if (header.control()) return false;
  if (!header.transactional()) return true;
  return std::none_of(aborted.begin(), aborted.end(), [&](const AbortedRange& range) {
    return range.producer == header.producer_id && range.first <= base && base <= range.marker;
  });
}

void Logs::ends(LogRef log, Callback<LogEnds> done) {
  shard_.mailbox().send(log.shard, [log, done = std::move(done), home = shard_.id()](Shard& there) mutable {
    reply_home(there, home, std::move(done))(there.log_host().ends(log.log));
  });
}

void Logs::trim(LogRef log, Offset start, Callback<LogEnds> done) {
  shard_.mailbox().send(log.shard, [=, done = std::move(done), home = shard_.id()](Shard& there) mutable {
    there.log_host().trim(log.log, start, reply_home(there, home, std::move(done)));
  });
}

void Logs::size(LogRef log, Callback<Bytes> done) {
  shard_.mailbox().send(log.shard, [log, done = std::move(done), home = shard_.id()](Shard& there) mutable {
    reply_home(there, home, std::move(done))(there.log_host().size(log.log));
  });
}

void Logs::epoch_end(LogRef log, model::Epoch epoch, Callback<EpochEnd> done) {
  shard_.mailbox().send(log.shard, [=, done = std::move(done), home = shard_.id()](Shard& there) mutable {
    reply_home(there, home, std::move(done))(there.log_host().epoch_end(log.log, epoch));
  });
}

void Logs::producers(LogRef log, Callback<std::vector<ProducerInfo>> done) {
  shard_.mailbox().send(log.shard, [log, done = std::move(done), home = shard_.id()](Shard& there) mutable {
    reply_home(there, home, std::move(done))(there.log_host().producers_of(log.log));
  });
}

namespace {

template <class Find>
void find_on(Shard& there, ShardId home, LogId id, Callback<storage::Log::TimeLookup> done, Find find) {
  auto reply = reply_home(there, home, std::move(done));
  storage::Log* log = there.store().find_log(id);
  if (log == nullptr) return reply(base::fail(BrokerErrc::not_found, "no such log"));
  find(*log, [reply = std::move(reply)](storage::Result<storage::Log::TimeLookup> found) mutable {
    reply(to_broker(std::move(found)));
  });
}

}  // namespace

void Logs::find_time(LogRef log, Timestamp timestamp, Callback<storage::Log::TimeLookup> done) {
  shard_.mailbox().send(log.shard, [=, done = std::move(done), home = shard_.id()](Shard& there) mutable {
    find_on(there, home, log.log, std::move(done),
            [timestamp](storage::Log& found, auto reply) { found.find_time(timestamp, std::move(reply)); });
  });
}

void Logs::find_max_time(LogRef log, Callback<storage::Log::TimeLookup> done) {
  shard_.mailbox().send(log.shard, [log, done = std::move(done), home = shard_.id()](Shard& there) mutable {
    find_on(there, home, log.log, std::move(done),
            [](storage::Log& found, auto reply) { found.find_max_time(std::move(reply)); });
  });
}

void Logs::find_start(LogRef log, const StreamStart& start, Callback<Offset> done) {
  shard_.mailbox().send(log.shard, [log, start, done = std::move(done), home = shard_.id()](Shard& there) mutable {
    auto reply = reply_home(there, home, std::move(done));
    storage::Log* found = there.store().find_log(log.log);
    if (found == nullptr) return reply(base::fail(BrokerErrc::not_found, "no such log"));
    const Offset end = found->readable_end(Isolation::decided);
    broker::find_start(there, *found, start,
                       [end, reply = std::move(reply)](Offset offset) mutable { reply(std::min(offset, end)); });
  });
}

std::unique_ptr<Logs::Watch> Logs::watch(LogRef log, Offset seen, Isolation isolation, io::Task changed) {
  const std::uint64_t key = (std::uint64_t{shard_.id().value} << 48) | state_->next_watch++;
  auto shared = std::make_shared<io::Task>(std::move(changed));
  shard_.mailbox().send(log.shard, [=, home = shard_.id()](Shard& there) {
    there.log_host().watch(log.log, {seen, isolation, key}, [shared, home, &there] {
      there.mailbox().send(home, [shared](Shard&) {
        if (io::Task task = std::exchange(*shared, nullptr)) task();
      });
    });
  });
  return std::make_unique<WatchHandle>(shard_, log, key, std::move(shared));
}

}  // namespace millrace::broker
