#include "gateway/kafka/connection.h"

#include <algorithm>

#include "auth/scram.h"
#include "base/log.h"
#include "gateway/kafka/fetch_session.h"
#include "gateway/kafka/handlers.h"
#include "model/batch.h"

namespace millrace::gateway::kafka {

namespace {

// Requests of one connection that may be under way at once, and their bytes; reading pauses above.
constexpr std::size_t kMaxSlots = 64;
// What a client that has not logged in may send, and for how long it may try.
constexpr std::size_t kLoginRequestMax = std::size_t{512} << 10;
constexpr base::Millis kLoginLimit{10'000};
constexpr std::size_t kMaxRequestBytesUnderWay = std::size_t{32} << 20;
// An answer to a fetch may hold 64 MiB until the client takes it.
constexpr std::size_t kMaxFetches = 4;
// Batches below this are copied into the output: cheaper than a part of their own in the gathered write.
constexpr std::size_t kCopyBelow = 2048;
// A client that has used far too much waits several times.
constexpr base::Nanos kLongestWait{30'000'000'000};

}  // namespace

std::size_t RecordParts::size() const {
  std::size_t total = 0;
  for (const auto& batch : batches) total += batch.bytes.view.size();
  return total;
}

void Reply::finish(bytes::ByteVector out, std::vector<wire::RecordSplice> splices,
                   std::vector<RecordParts> records) const {
  if (const auto connection = connection_.lock()) {
    connection->finish(slot_, std::move(out), std::move(splices), std::move(records));
  }
}

void Reply::send_token(bytes::ByteView token) const {
  bytes::ByteVector out;
  bytes::Writer writer(out);
  writer.u32(static_cast<std::uint32_t>(token.size()));
  writer.raw(token);
  finish(std::move(out));
}

std::int32_t Reply::throttle_ms() const {
  const auto connection = connection_.lock();
  return connection == nullptr ? 0 : static_cast<std::int32_t>(connection->mute_for(slot_).value);
}

bool Reply::may_change_partitions(std::size_t count, bool strict) const {
  const auto connection = connection_.lock();
  if (connection == nullptr) return true;
  constexpr auto kKind = catalog::QuotaKind::partition_changes;
  if (strict && !connection->within(slot_, kKind)) return false;
  connection->charge(slot_, kKind, static_cast<double>(count), !strict);
  return true;
}

bool Reply::may_send_records(std::size_t bytes) const {
  const auto connection = connection_.lock();
  return connection == nullptr ||
         connection->try_charge(slot_, catalog::QuotaKind::read_bytes, static_cast<double>(bytes));
}

std::int64_t Reply::records_allowance() const {
  constexpr std::int64_t kLeast = 1;
  const auto connection = connection_.lock();
  if (connection == nullptr) return INT64_MAX;
  const auto limit = connection->limits().per_second(catalog::QuotaKind::read_bytes);
  constexpr double kUnlimited = 1e18;
  return !limit.has_value() || *limit > kUnlimited ? INT64_MAX : std::max(kLeast, static_cast<std::int64_t>(*limit));
}

void Reply::close(const std::string& reason) const {
  if (const auto connection = connection_.lock()) connection->close(reason);
}

void Reply::hold(std::shared_ptr<void> work) const {
  if (const auto connection = connection_.lock()) connection->hold(slot_, std::move(work));
}

Connection::Connection(broker::Shard& shard, const Options& options, TopicIds& topic_ids,
                       std::unique_ptr<io::Socket> socket, OnClosed on_closed)
    : shard_(shard),
      options_(options),
      topic_ids_(topic_ids),
      socket_(std::move(socket)),
      on_closed_(std::move(on_closed)),
      host_(auth::host_of_peer(socket_->peer())),
      limits_(options.quotas) {
  alarm_listener_ = shard_.limits().add_listener([this](broker::Limits::Alarm) { throttle(); });
}

Connection::~Connection() {
  shard_.limits().remove_listener(alarm_listener_);
}

void Connection::start() {
  if (!options_.anonymous_user.empty() &&
      shard_.authorizer().may_connect(options_.anonymous_user, socket_->peer_is_loopback()) &&
      shard_.catalog().find_user(options_.anonymous_user) != nullptr) {
    user_ = options_.anonymous_user;
  }
  began_ = last_input_ = shard_.loop().clock().monotonic();
  watch_silence();
  socket_->start(this);
  mute(charge_connection(shard_.catalog(), *options_.quotas, host_, shard_.loop().clock().monotonic()));
}

void Connection::wait_after(std::uint64_t slot, base::Nanos wait) {
  if (slot < first_slot_ || slot >= first_slot_ + slots_.size()) return;
  base::Nanos& known = slots_[slot - first_slot_].wait;
  known = std::max(known, wait);
}

void Connection::charge(std::uint64_t slot, catalog::QuotaKind kind, double amount, bool waits) {
  const base::Nanos wait = limits_.charge(kind, amount, shard_.loop().clock().monotonic());
  if (waits) wait_after(slot, wait);
}

bool Connection::try_charge(std::uint64_t slot, catalog::QuotaKind kind, double amount) {
  const base::Nanos wait = limits_.try_charge(kind, amount, shard_.loop().clock().monotonic());
  wait_after(slot, wait);
  return wait == base::Nanos(0);
}

bool Connection::within(std::uint64_t slot, catalog::QuotaKind kind) {
  const base::Nanos debt = limits_.debt(kind, shard_.loop().clock().monotonic());
  wait_after(slot, debt);
  return debt == base::Nanos(0);
}

base::Millis Connection::mute_for(std::uint64_t slot) {
  if (slot < first_slot_ || slot >= first_slot_ + slots_.size()) return base::Millis(0);
  const base::Nanos wait = std::min(slots_[slot - first_slot_].wait, kLongestWait);
  mute(wait);
  return base::Millis((wait.value + 999'999) / 1'000'000);
}

void Connection::mute(base::Nanos wait) {
  const base::Nanos until(shard_.loop().clock().monotonic().value + wait.value);
  if (wait <= base::Nanos(0) || until <= muted_until_) return;
  muted_until_ = until;
  unmute_ = shard_.loop().call_after(wait, [this] {
    muted_until_ = base::Nanos(0);
    throttle();
  });
  throttle();
}

/// Runs a handler for a client that has logged in, and counts what it takes.
void Connection::run(const Handler& handler, const Request& request) {
  const io::Clock& clock = shard_.loop().clock();
  const base::Nanos begin = clock.monotonic();
  limits_.refresh(shard_.catalog(), shard_.catalog_generation(), user_, request.client_id, begin);
  if (handler.key == wire::ApiKey::produce) {
    charge(first_slot_ + slots_.size() - 1, catalog::QuotaKind::write_bytes, static_cast<double>(request.body.size()));
  }
  handler.handle(*this, request);
  if (!limits_.limited(catalog::QuotaKind::request_percentage)) return;
  const base::Nanos end = clock.monotonic();
  const double percent_seconds = static_cast<double>(end.value - begin.value) / 1e9 * 100;
  mute(std::min(limits_.charge(catalog::QuotaKind::request_percentage, percent_seconds, end), kLongestWait));
}

/// Who does not log in soon, or says nothing for long, does not keep its place.
void Connection::watch_silence() {
  const bool known = !user_.empty();
  const base::Nanos limit = base::to_nanos(known ? options_.idle_timeout : kLoginLimit);
  if (closing_ || limit <= base::Nanos(0)) return;
  const base::Nanos silent = shard_.loop().clock().monotonic() - (known ? last_input_ : began_);
  // Whoever waits for an answer, or is not read from, cannot say anything.
  const bool waits = known && (paused_ || !slots_.empty());
  if (!waits && silent >= limit) return close(known ? "nothing was heard for too long" : "no login in time");
  silence_ = shard_.loop().call_after(waits ? limit : limit - silent, [this] { watch_silence(); });
}

void Connection::close(const std::string& reason) {
  if (closing_) return;
  closing_ = true;
  silence_ = {};
  base::log::info("kafka: closing {}: {}", socket_->peer(), reason);
  socket_->close_after_flush();
}

std::size_t Connection::on_data(bytes::ByteView data) {
  last_input_ = shard_.loop().clock().monotonic();
  std::size_t used = 0;
  while (!closing_ && !paused_) {
    bytes::ByteView frame;
    const std::size_t largest =
        user_.empty() ? std::min(kLoginRequestMax, options_.max_request_bytes) : options_.max_request_bytes;
    const auto state = wire::find_frame(data.subspan(used), largest, frame);
    if (state == wire::FrameState::incomplete) break;
    if (state == wire::FrameState::malformed) {
      close("a request of an impossible size");
      break;
    }
    used += wire::kFrameSizeBytes + frame.size();
    if (bare_tokens_)
      take_token(frame);
    else
      dispatch(frame);
    throttle();
  }
  return closing_ ? data.size() : used;
}

void Connection::dispatch(bytes::ByteView frame) {
  bytes::Reader reader(frame);
  wire::RequestHeader header;
  if (!header.decode(reader)) return close("malformed request header");
  const Handler* handler = find_handler(header.api_key);
  if (handler == nullptr) return close(fmt::format("request {} is not served", header.api_key));
  std::int16_t version = header.api_version;
  if (version < handler->min_version || version > handler->max_version) {
    if (handler->key != wire::ApiKey::api_versions) {
      return close(fmt::format("version {} of request {} is not served", version, header.api_key));
    }
    // Answered in version 0, so that a newer client can find out (KIP-511).
    const Reply reply(weak_from_this(), first_slot_ + slots_.size(), 0, header.correlation_id);
    slots_.emplace_back();
    return handle_api_versions(*this, Request{-1, {}, {}, reply});
  }
  if (user_.empty() && !handler->before_authentication) return close("a request before authentication");
  const Reply reply(weak_from_this(), first_slot_ + slots_.size(), version, header.correlation_id);
  slots_.emplace_back();
  slots_.back().request_bytes = frame.size();
  request_bytes_ += frame.size();
  slots_.back().fetch = handler->key == wire::ApiKey::fetch;
  fetches_ += slots_.back().fetch ? 1 : 0;
  run(*handler, Request{version, header.client_id.value_or(wire::Text()), reader.rest(), reply});
}

void Connection::take_token(bytes::ByteView frame) {
  const Reply reply(weak_from_this(), first_slot_ + slots_.size(), 0, 0);
  slots_.emplace_back();
  handle_sasl_token(*this, frame, reply);
}

void Connection::finish(std::uint64_t slot, bytes::ByteVector out, std::vector<wire::RecordSplice> splices,
                        std::vector<RecordParts> records) {
  MILLRACE_ASSERT(slot >= first_slot_ && slot < first_slot_ + slots_.size());
  Slot& target = slots_[slot - first_slot_];
  MILLRACE_ASSERT(!target.ready, "a second answer");
  target.ready = true;
  const auto work = std::move(target.work);  // which may be what is calling
  target.out = std::move(out);
  target.splices = std::move(splices);
  target.records = std::move(records);
  flush();
}

void Connection::hold(std::uint64_t slot, std::shared_ptr<void> work) {
  MILLRACE_ASSERT(slot >= first_slot_ && slot < first_slot_ + slots_.size());
  slots_[slot - first_slot_].work = std::move(work);
}

void Connection::flush() {
  while (!slots_.empty() && slots_.front().ready && socket_->pending_output() < io::Socket::kHighWater) {
    if (!closing_) write(slots_.front());
    request_bytes_ -= slots_.front().request_bytes;
    fetches_ -= slots_.front().fetch ? 1 : 0;
    slots_.pop_front();
    ++first_slot_;
  }
  throttle();
}

void Connection::write(Slot& slot) {
  std::size_t at = 0;
  const auto copy = [this](bytes::ByteView part) {
    auto& output = socket_->output();
    output.insert(output.end(), part.begin(), part.end());
  };
  for (const wire::RecordSplice& splice : slot.splices) {
    copy(bytes::ByteView(slot.out).subspan(at, splice.position - at));
    at = splice.position;
    for (const broker::BatchRef& batch : slot.records[splice.token].batches) {
      // The stored prefix may belong to another log that shares the bytes.
      std::uint8_t prefix[model::kBatchPrefixSize];
      const auto length = static_cast<std::int32_t>(batch.bytes.view.size() - 12);
      model::write_batch_prefix(prefix, batch.base_offset, length, batch.epoch);
      copy(prefix);
      const bytes::ByteView rest = batch.bytes.view.subspan(model::kBatchPrefixSize);
      if (rest.size() < kCopyBelow)
        copy(rest);
      else
        socket_->output_shared({batch.bytes.slab, rest});
    }
  }
  copy(bytes::ByteView(slot.out).subspan(at));
}

void Connection::throttle() {
  if (closing_) return;
  const bool alarm = produces_ && shard_.limits().alarm().memory;
  const bool muted = muted_until_ > base::Nanos(0);
  const bool full = alarm || muted || slots_.size() >= kMaxSlots || fetches_ >= kMaxFetches ||
                    request_bytes_ > kMaxRequestBytesUnderWay;
  if (full == paused_) return;
  paused_ = full;
  if (paused_)
    socket_->pause_reading();
  else
    socket_->resume_reading();
}

void Connection::on_drained() {
  flush();
}

void Connection::on_closed(const std::string& reason) {
  if (!reason.empty()) base::log::info("kafka: {} lost: {}", socket_->peer(), reason);
  closing_ = true;
  on_closed_(*this);  // destroys this connection
}

}  // namespace millrace::gateway::kafka
