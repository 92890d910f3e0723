#include "amqp_load/producer.h"

#include <algorithm>

#include "amqp_load/open.h"
#include "wire/amqp091/properties.h"

namespace millrace::bench {

namespace {

/// The output is filled up to this before it is sent.
constexpr std::size_t kOutputTarget = std::size_t{256} << 10;
constexpr std::size_t kBlockTarget = std::size_t{32} << 10;

}  // namespace

Producer::Producer(const Options& options, Totals& totals, std::uint64_t number)
    : options_(options),
      totals_(totals),
      link_(open_link(options)),
      confirms_(options.window),
      next_(number % options.keys()) {
  render();
  if (options.window > 0) select_confirms();
}

void Producer::select_confirms() {
  wire::append_method(link_->out(), 1, wire::ConfirmSelect{.no_wait = true});
  link_->flush();
}

void Producer::render() {
  const bytes::ByteVector body(options_.size, 0);
  bytes::ByteVector properties;
  bytes::Writer writer(properties);
  wire::BasicProperties wanted;
  if (options_.persistent) wanted.delivery_mode = wire::kDeliveryModePersistent;
  wanted.encode(writer);
  const std::string exchange = options_.exchange_name();
  rendered_.resize(options_.keys());
  for (std::size_t i = 0; i < rendered_.size(); ++i) {
    const std::string key = options_.routing_key(i);
    const wire::BasicPublish method{.exchange = exchange, .routing_key = key};
    bytes::ByteVector& frames = rendered_[i].frames;
    wire::append_with_content(frames, 1, method, {properties, body}, kFrameMax);
    bytes::ByteVector head;
    wire::append_with_header(head, 1, method, properties, body.size());
    rendered_[i].body_at = head.size() + wire::kFrameHeaderSize;
  }
  if (rendered_.size() > 1 || options_.latency) return;
  const bytes::ByteVector& one = rendered_.front().frames;
  while (block_.size() + one.size() <= kBlockTarget) block_.insert(block_.end(), one.begin(), one.end());
}

void Producer::append_one(std::uint64_t now) {
  const Rendered& message = rendered_[next_];
  if (++next_ == rendered_.size()) next_ = 0;
  bytes::ByteVector& out = link_->out();
  const std::size_t at = out.size();
  out.insert(out.end(), message.frames.begin(), message.frames.end());
  if (options_.latency) bytes::store_be<std::uint64_t>(out.data() + at + message.body_at, now);
}

std::uint64_t Producer::fill(std::uint64_t allowed) {
  bytes::ByteVector& out = link_->out();
  if (options_.window > 0) allowed = std::min(allowed, confirms_.room());
  if (allowed == 0 || link_->pending() >= kOutputTarget) return 0;
  std::uint64_t now = clock_nanos();
  std::uint64_t done = 0;
  const std::uint64_t per_block = block_.empty() ? 0 : block_.size() / rendered_.front().frames.size();
  while (done < allowed && out.size() < kOutputTarget) {
    if (per_block > 0) {
      const std::uint64_t copies = std::min(allowed - done, per_block);
      const std::size_t size = copies * rendered_.front().frames.size();
      out.insert(out.end(), block_.begin(), block_.begin() + static_cast<std::ptrdiff_t>(size));
      done += copies;
      continue;
    }
    if (options_.latency) now = clock_nanos();
    append_one(now);
    ++done;
  }
  if (options_.window > 0) {
    for (std::uint64_t i = 0; i < done; ++i) confirms_.sent(now);
  }
  totals_.counts.published += done;
  totals_.last_published_at = now;
  link_->flush();
  return done;
}

bool Producer::read() {
  const std::uint64_t now = clock_nanos();
  return link_->read_frames([&](const wire::Frame& frame) {
    if (frame.type != wire::FrameType::method) return;
    bytes::Reader in(frame.payload);
    const wire::Method method = wire::read_method(in);
    std::uint64_t* counter = nullptr;
    if (method == wire::Method::basic_ack) {
      counter = &totals_.counts.confirmed;
    } else if (method == wire::Method::basic_nack) {
      counter = &totals_.counts.nacked;
    } else {
      check_not_closed(method, in);
      return;
    }
    const std::uint64_t tag = in.u64();
    const bool multiple = (in.u8() & 1) != 0;
    confirms_.settle(tag, multiple, [&](std::uint64_t sent_at) {
      ++*counter;
      if (totals_.measuring) totals_.confirm_latency.add(now - sent_at);
    });
    totals_.last_confirmed_at = now;
  });
}

}  // namespace millrace::bench
