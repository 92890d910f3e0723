#include "amqp_load/consumer.h"

#include "amqp_load/open.h"
#include "wire/amqp091/properties.h"

namespace millrace::bench {

Consumer::Consumer(const Options& options, Totals& totals, std::uint64_t number)
    : options_(options), totals_(totals), link_(open_link(options)) {
  bytes::ByteVector& out = link_->out();
  if (options.prefetch > 0 && !options.auto_ack) {
    wire::append_method(out, 1, wire::BasicQos{.prefetch_count = static_cast<std::uint16_t>(options.prefetch)});
  }
  const auto consume = [&](std::uint64_t queue) {
    const std::string name = options.queue_name(queue);
    const std::string tag = "c" + std::to_string(queue);
    wire::append_method(
        out, 1, wire::BasicConsume{.queue = name, .consumer_tag = tag, .no_ack = options.auto_ack, .no_wait = true});
  };
  if (number >= options.queues) consume(number % options.queues);
  for (std::uint64_t queue = number; queue < options.queues; queue += options.consumers) consume(queue);
  link_->flush();
}

bool Consumer::read() {
  now_ = clock_nanos();
  const std::uint64_t before = totals_.counts.delivered;
  const bool open = link_->read_frames([this](const wire::Frame& frame) {
    switch (frame.type) {
      case wire::FrameType::method:
        return take_method(frame);
      case wire::FrameType::header:
        // Class and weight stand before the size of the body.
        if (frame.payload.size() < 12) die("a content header that is cut");
        body_left_ = bytes::load_be<std::uint64_t>(frame.payload.data() + 4);
        body_began_ = false;
        if (body_left_ == 0) finish_message();
        return;
      case wire::FrameType::body:
        return take_body(frame);
      case wire::FrameType::heartbeat:
        return;
    }
  });
  if (unacked_ > 0) append_ack(tag_, true);
  if (totals_.counts.delivered != before) totals_.last_delivered_at = now_;
  if (link_->pending() > 0) link_->flush();
  return open;
}

void Consumer::take_method(const wire::Frame& frame) {
  bytes::Reader in(frame.payload);
  const wire::Method method = wire::read_method(in);
  if (method != wire::Method::basic_deliver) {
    check_not_closed(method, in);
    return;
  }
  in.skip(in.u8());  // consumer tag
  tag_ = in.u64();
  if ((in.u8() & 1) != 0) ++totals_.counts.redelivered;
}

void Consumer::take_body(const wire::Frame& frame) {
  if (!body_began_ && options_.latency && totals_.measuring && frame.payload.size() >= 8) {
    const auto sent_at = bytes::load_be<std::uint64_t>(frame.payload.data());
    if (sent_at != 0 && sent_at <= now_) totals_.delivery_latency.add(now_ - sent_at);
  }
  body_began_ = true;
  if (frame.payload.size() > body_left_) die("a body longer than announced");
  body_left_ -= frame.payload.size();
  if (body_left_ == 0) finish_message();
}

void Consumer::finish_message() {
  ++totals_.counts.delivered;
  if (options_.auto_ack) return;
  ++unacked_;
  if (unacked_ >= options_.ack_multiple) append_ack(tag_, unacked_ > 1);
}

void Consumer::append_ack(std::uint64_t tag, bool multiple) {
  wire::append_method(link_->out(), 1, wire::BasicAck{tag, multiple});
  totals_.counts.acked += unacked_;
  unacked_ = 0;
}

}  // namespace millrace::bench
